// @ts-check
/**
 * postMessage for frames. Commands are `{alexnetLab: 1, command: "play" | "pause" | "step" | "reset" | "set" | "next" | "back" | "getState" | "ready", id?, settings?, restart?, all?}`,
 * as an object or as JSON text. `set` changes the link's first network, with `all: true` all networks; `settings` may contain `lane2` to `lane4`, as in
 * a link: that network's changes. The command "shown" with `covered` and `pixels` is not answered. `slide:start` and `slide:stop` are the plain strings that reveal.js sends to a slide's frames.
 * Answers and events go to the parent: `{alexnetLab: 1, event | answer, id?, detail}`, or `error` in place of `detail`.
 */

const VERSION = 1;
/** Commands that are methods of the element. */
const METHODS = /** @type {const} */ (["play", "pause", "step", "reset", "next", "back", "getState"]);
const EVENTS = ["ready", "step", "settings", "size", "diverged", "lost", "lesson"];

/** Keys that scroll a page, and keys that mean nothing alone or move the focus. */
const [SCROLLS, OURS] = [/^(Arrow(Up|Down)|Page(Up|Down)|Home|End| )$/, /^(Tab|Shift|CapsLock)$/];

/** The previews of a presenter's view are frames in frames of a window that another one has opened: there only a click starts a lab. */
export const PREVIEW = window.parent !== window.top && Boolean(window.top?.opener);

/**
 * @typedef {object} Methods of the element
 * @property {() => Promise<unknown>} play
 * @property {() => Promise<unknown>} pause
 * @property {() => Promise<unknown>} step
 * @property {() => Promise<unknown>} reset
 * @property {() => Promise<unknown>} next
 * @property {() => Promise<unknown>} back
 * @property {() => Promise<object>} getState
 * @property {() => void} wake
 * @property {(shown: Message) => void} shown
 * @property {(left: boolean) => void} leave
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
 * @property {unknown} [covered]
 * @property {unknown} [pixels]
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
    if (PREVIEW && String(event.data).startsWith("slide:")) return;
    const [, slide] = /^slide:(start|stop)$/.exec(event.data) ?? [];
    if (slide) lab.leave(slide === "stop");
    if (slide === "start") lab.wake();
    if (slide === "start") return lab.shell?.lesson.named ? lab.shell.lesson.act("resume") : lab.play();
    if (slide) return lab.pause();
    const message = read(event.data);
    if (!message) return;
    const { command: answer, id, settings = {} } = message;
    if (answer === "recall") return; // for `embed/host_memory.js`
    if (answer === "shown") return lab.shown(message);
    const method = METHODS.find((name) => name === answer);
    const known = method || ["set", "ready"].includes(answer);
    const error = !known ? "unknown" : Array.isArray(settings) || typeof settings !== "object" ? "settings" : "";
    if (error) return tell({ answer, id, error });
    try {
      if (method) await lab[method]();
      else if (answer === "set") await set(message);
      else await lab.queue((session) => session.until(({ phase, describe }) => phase === "failed" || (describe?.data.train_arrived ?? 0) > 0));
      tell({ answer, id, detail: await lab.stateOf(session) });
    } catch (why) {
      tell({ answer, id, error: String(/** @type {{code?: string} | null} */ (why)?.code ?? why) });
    }
  };

  // A click inside takes the keys from the host. Those that nothing here uses go back: to any host as a message, to reveal.js in its own form.
  const pass = (/** @type {KeyboardEvent} */ event) => {
    const { key, code, keyCode, shiftKey, ctrlKey, metaKey, altKey, defaultPrevented } = event;
    const { scrollHeight, clientHeight } = document.documentElement;
    if (defaultPrevented || OURS.test(key) || ctrlKey || metaKey || altKey || (scrollHeight > clientHeight && SCROLLS.test(key))) return;
    tell({ event: "key", detail: { key, code, shiftKey } });
    ask("triggerKey", keyCode);
  };
  const forward = (/** @type {Event} */ event) => tell({ event: event.type, detail: /** @type {CustomEvent} */ (event).detail });
  window.addEventListener("message", receive, { signal });
  if (window.parent === window) return;
  for (const name of EVENTS) lab.addEventListener(name, forward, { signal });
  lab.addEventListener("size", fit, { signal });
  window.addEventListener("keydown", pass, { signal });
  // The first slide of reveal.js says `slide:start` before this frame listens.
  ask("startEmbeddedContent");
}

/** Chromium asks for the document's height in this call. It uses the answer for a frame whose page has the style `frame-sizing`. @param {Event} event */
function fit(event) {
  const { style } = document.documentElement;
  style.height = `${/** @type {CustomEvent} */ (event).detail.natural_height}px`;
  try {
    /** @type {{requestResize?: () => void}} */ (window).requestResize?.();
  } catch {
    // Not a frame.
  }
  style.height = "";
}

/** Calls a method of reveal.js; other hosts ignore it. @param {string} method @param {...unknown} args */
const ask = (method, ...args) => window.parent.postMessage(JSON.stringify({ method, args }), "*");

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
