// @ts-check
/**
 * postMessage for frames. Commands are `{alexnetLab: 1, command: "play" | "pause" | "step" | "reset" | "set" | "next" | "back" | "getState", id?, settings?, restart?, all?}`,
 * as an object or as JSON text. `set` changes the link's first network, with `all: true` all networks; `settings` may contain `lane2` to `lane4`, as in
 * a link: that network's changes. `slide:start` and `slide:stop` are the plain strings that reveal.js sends to a slide's frames.
 * Answers and events go to the parent: `{alexnetLab: 1, event | answer, id?, detail}`, or `error` in place of `detail`.
 */

const VERSION = 1;
/** Commands that are methods of the element. */
const METHODS = /** @type {const} */ (["play", "pause", "step", "reset", "next", "back", "getState"]);
const EVENTS = ["ready", "step", "diverged", "lost", "lesson"];

/**
 * @typedef {object} Methods of the element
 * @property {() => Promise<unknown>} play
 * @property {() => Promise<unknown>} pause
 * @property {() => Promise<unknown>} step
 * @property {() => Promise<unknown>} reset
 * @property {() => Promise<unknown>} next
 * @property {() => Promise<unknown>} back
 * @property {() => Promise<object>} getState
 * @property {(session: import("../session/session.js").Session) => Promise<object>} stateOf
 * @property {(work: (session: import("../session/session.js").Session) => unknown) => Promise<unknown>} queue
 * @property {import("./shell.js").Shell | null} shell
 *
 * @typedef {HTMLElement & Methods} Lab
 *
 * @typedef {object} Message
 * @property {number} [alexnetLab] the version
 * @property {string} command
 * @property {unknown} [id]
 * @property {unknown} [settings]
 * @property {unknown} [restart]
 * @property {unknown} [all]
 */

/**
 * @param {Lab} lab
 * @param {import("../session/session.js").Session} session
 * @param {AbortSignal} signal ends it
 */
export function listen(lab, session, signal) {
  const set = (/** @type {Message} */ { settings, restart, all }) =>
    lab.queue((session) => session.set(texts(settings), restart === true, all === true ? "all" : 0));

  const receive = async (/** @type {MessageEvent} */ event) => {
    if (event.source !== window.parent || window.parent === window) return;
    // A lesson decides when to train; here its run is only continued.
    if (event.data === "slide:start") return lab.shell?.lesson.named ? lab.shell.lesson.act("resume") : lab.play();
    if (event.data === "slide:stop") return lab.pause();
    const message = read(event.data);
    if (!message) return;
    const { command: answer, id, settings = {} } = message;
    const method = METHODS.find((name) => name === answer);
    const error = !method && answer !== "set" ? "unknown" : Array.isArray(settings) || typeof settings !== "object" ? "settings" : "";
    if (error) return tell({ answer, id, error });
    await (method ? lab[method]() : set(message));
    tell({ answer, id, detail: await lab.stateOf(session) });
  };

  const forward = (/** @type {Event} */ event) => tell({ event: event.type, detail: /** @type {CustomEvent} */ (event).detail });
  window.addEventListener("message", receive, { signal });
  if (window.parent !== window) for (const name of EVENTS) lab.addEventListener(name, forward, { signal });
}

/** These messages contain no secrets, only settings and losses. @param {object} message */
function tell(message) {
  window.parent.postMessage({ alexnetLab: VERSION, ...message }, "*");
}

/** @param {unknown} data @returns {Message | null} */
function read(data) {
  let message = /** @type {Message} */ (data);
  if (typeof data === "string" && data.startsWith("{")) {
    try {
      message = JSON.parse(data);
    } catch {
      return null;
    }
  }
  return typeof message === "object" && message?.alexnetLab === VERSION ? message : null;
}

/** @param {unknown} settings */
function texts(settings) {
  return Object.fromEntries(Object.entries(settings ?? {}).map(([key, value]) => [key, String(value)]));
}
