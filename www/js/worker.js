// @ts-check
/** The engine's worker: receives and answers commands, and reports events. */
import { showLife } from "./worker/alive.js";
import { Engine } from "./worker/engine.js";
import { nudgeQueues } from "./worker/nudge.js";
import { problem } from "./worker/problem.js";

/** @typedef {{id: number, command: string, args: unknown[]}} Command */

const scope = /** @type {import("./worker/types.js").Scope} */ (/** @type {unknown} */ (self));

nudgeQueues();
const engine = new Engine((event, detail, transfer = []) => scope.postMessage({ event, detail }, transfer));

scope.onmessage = async (/** @type {MessageEvent<Command>} */ { data: { id, command, args } }) => {
  if (command === undefined) return; // from a worker of the page: see worker/spawn.js
  try {
    scope.postMessage({ id, result: await engine.command(command, args) });
  } catch (error) {
    scope.postMessage({ id, problem: problem(error) });
  }
};

showLife((lock) => scope.postMessage({ event: "alive", detail: lock }));
