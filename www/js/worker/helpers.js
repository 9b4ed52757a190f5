// @ts-check
/** Starts the workers that share the CPU backend's batches with this one. The other end is `../helper.js`. */
import { spawn } from "./spawn.js";

/** A helper that has said nothing by then is given up, ms: training must not wait for one that never comes. */
const PATIENCE = 20_000;

/**
 * @param {import("./module.js").Loaded | null} loaded the module, compiled once, here
 * @param {import("./types.js").Hear} receive takes what the helper says; without a message: it is no more
 * @returns {import("./types.js").Say} says something to it; without a message: ends it
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
