// @ts-check
/** Where the browser allows no storage, the page around may keep a run: see `host.js`. It is given nothing before it has offered to. */

/** Longest wait for the offer before a run starts anew, ms. */
const PATIENCE = 300;

/** @typedef {(run: object | null, size: number) => void} Write keeps a run, or forgets it */

/**
 * @param {string} key of the run @param {(write: Write) => void} offered called when the page around offers to keep it
 * @param {AbortSignal} signal ends it
 * @returns {Promise<unknown>} the run as it was kept
 */
export function askHost(key, offered, signal) {
  return new Promise((resolve) => {
    const post = (/** @type {string} */ event, /** @type {object} */ detail, /** @type {string} */ target) =>
      window.parent.postMessage({ alexnetLab: 1, event, detail: { key, ...detail } }, target);
    const hear = (/** @type {MessageEvent} */ { source, origin, data }) => {
      if (source !== window.parent || data?.alexnetLab !== 1 || data.command !== "recall" || data.key !== key) return;
      offered((run, size) => post("keep", { run, size }, origin === "null" ? "*" : origin));
      resolve(data.run);
    };
    window.addEventListener("message", hear, { signal });
    setTimeout(resolve, PATIENCE);
    post("recall", {}, "*");
  });
}
