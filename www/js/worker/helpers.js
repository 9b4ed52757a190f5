// @ts-check
/** Starts the workers that share the CPU backend's batches with this one. The other end is `../helper.js`. */
import { spawn } from "./spawn.js";

/** A helper that is silent for this long is abandoned, ms: training must not wait for it forever. */
const PATIENCE = 20_000;

/**
 * @param {import("./module.js").Loaded | null} loaded the module, compiled once in this worker
 * @param {import("./types.js").Hear} receive takes the helper's messages; no message: the helper has ended
 * @returns {import("./types.js").Say} sends to the helper; no message: ends it
 */
export function startHelper(loaded, receive) {
  const fail = () => {
    end();
    receive();
  };
  const hear = (/** @type {unknown} */ message) => {
    clearTimeout(timer);
    if (message === "ready") return;
    if (message) receive(message);
    else fail();
  };
  const helper = spawn("helper.js", hear, fail);
  const end = () => {
    clearTimeout(timer);
    helper.end();
  };
  const timer = setTimeout(fail, PATIENCE);
  helper.send({ build: loaded?.build, wasm: loaded?.wasm });
  return (message, transfer = []) => (message ? helper.send(message, transfer) : end());
}
