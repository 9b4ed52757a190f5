// @ts-check
/**
 * The page's own files and workers. The only file that knows where they are: in the folder of the page, which may be on another origin than
 * the document, or inside the document itself, where `../single.js` has unpacked them.
 */

/** The files by name, where the page is a single file. @type {Record<string, Blob> | undefined} */
const inside = /** @type {{alexnetLabFiles?: Record<string, Blob>}} */ (globalThis).alexnetLabFiles;
/** @type {Record<string, string>} */
const made = {};

/** @param {string} file its name below the page's folder */
export const address = (file) => (inside?.[file] ? (made[file] ??= URL.createObjectURL(inside[file])) : new URL(`../${file}`, import.meta.url).href);

/** Whether a link can lead to the page's other files. */
export const isFolder = !inside;

/**
 * Imports a module of the page. After a failure it uses another address, as browsers may remember the failure.
 * @param {string} file
 * @returns {Promise<unknown>}
 */
export async function importModule(file) {
  try {
    return await import(address(file));
  } catch {
    return import(`${address(file)}?again=${Date.now()}`);
  }
}

/** @param {string} script @returns {Worker} */
export function startWorker(script) {
  const file = `js/${script}`;
  const place = address(file);
  if (place.startsWith(`${origin}/`)) return new Worker(place, { type: "module" });
  // A document may start no script of another origin, and none without an origin starts a module from memory. A classic script imports it.
  const starter = URL.createObjectURL(new Blob([`(${begin})()`], { type: "text/javascript" }));
  const worker = new Worker(starter);
  worker.addEventListener("message", () => URL.revokeObjectURL(starter), { once: true });
  // Files and not their addresses: in a file on disk, Chromium gives the worker another origin.
  worker.postMessage({ inside, file, place });
  return worker;
}

/** Runs in the worker, so it uses nothing outside. Messages that arrive before the module wait for it. */
function begin() {
  /** @type {MessageEvent[]} */
  const early = [];
  const wait = (/** @type {MessageEvent} */ event) => void early.push(event);
  const start = (/** @type {MessageEvent} */ { data: { inside, file, place } }) => {
    Object.assign(self, { alexnetLabFiles: inside });
    addEventListener("message", wait);
    import(inside?.[file] ? URL.createObjectURL(inside[file]) : place).then(
      () => {
        removeEventListener("message", wait);
        for (const { data, ports } of early) dispatchEvent(new MessageEvent("message", { data, ports: [...ports] }));
      },
      (error) =>
        setTimeout(() => {
          throw error; // the page's `onerror`
        }),
    );
  };
  addEventListener("message", start, { once: true });
}
