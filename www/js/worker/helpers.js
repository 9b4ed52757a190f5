// @ts-check
/** Starts the workers that share the CPU backend's batches with this one. The other end is `../helper.js`. */

/** A helper that has said nothing by then is given up, ms: training must not wait for one that never comes. */
const PATIENCE = 20_000;

/**
 * @param {import("./module.js").Loaded | null} loaded the module, compiled once, here
 * @param {(message?: any) => void} receive takes what the helper says; without a message: it is no more
 * @returns {(message?: any, transfer?: Transferable[]) => void} says something to it; without a message: ends it
 */
export function startHelper(loaded, receive) {
  const worker = new Worker(new URL("helper.js", import.meta.url), { type: "module" });
  const end = () => {
    clearTimeout(timer);
    worker.onmessage = worker.onerror = worker.onmessageerror = null;
    worker.terminate();
  };
  const fail = () => {
    end();
    receive();
  };
  const timer = setTimeout(fail, PATIENCE);
  worker.onerror = worker.onmessageerror = fail;
  worker.onmessage = ({ data }) => {
    clearTimeout(timer);
    if (data === "ready") return;
    if (data) receive(data);
    else fail();
  };
  worker.postMessage({ build: loaded?.build, wasm: loaded?.wasm });
  return (message, transfer = []) => (message ? worker.postMessage(message, transfer) : end());
}
