// @ts-check
/** The lab's keys. They never act while the user types. */
import { isTyping } from "./dom.js";

/** What the space bar and Enter press. */
const PRESSED = "button, a, input, summary, [role=tab]";

/** @type {{key: string, action: string}[]} */
export const KEYS = [
  { key: " ", action: "play" },
  { key: "s", action: "step" },
  { key: "r", action: "restart" },
  { key: "a", action: "activation" },
  { key: "n", action: "norm" },
  { key: "p", action: "pool" },
  { key: "d", action: "dropout" },
  { key: "g", action: "lessons" },
  { key: "j", action: "next" },
  { key: "k", action: "back" },
  { key: "c", action: "copy" },
  { key: "q", action: "code" },
  { key: "b", action: "black" },
  { key: "l", action: "language" },
  { key: "t", action: "theme" },
  { key: "?", action: "help" },
];

/**
 * Acts on keys while the focus is inside the host; where the lab is the page, also while nothing has the focus. Keys that the lab or one of its
 * controls uses are hidden from the page around it, whose own keys may turn a slide: that page only sees the focus on the host.
 * @param {HTMLElement} host
 * @param {(action: string) => unknown} act returns false for a key that it leaves to the page around it
 * @param {{key: string, action: string}[]} [keys]
 * @param {AbortController} [ours] also ends it
 * @returns {() => void} stops listening
 */
export function listenToKeys(host, act, keys = KEYS, ours = new AbortController()) {
  const { signal } = ours;
  /** The press of each key, and the presses that were hidden: their release is hidden too. @type {Map<string, KeyboardEvent>} */
  const pressed = new Map();
  /** @type {WeakSet<KeyboardEvent>} */
  const kept = new WeakSet();
  const press = (/** @type {KeyboardEvent} */ event) => {
    const inside = event.currentTarget === host;
    const target = /** @type {Element} */ (event.composedPath()[0]);
    const entry = actionOf(event, target, keys);
    // A key that is held down stays with the lab: only a new press goes to the page.
    const acts = entry && (act(entry.action) !== false || event.repeat);
    if (acts) event.preventDefault();
    if (!inside || !(acts || isUsed(event, target))) return;
    kept.add(event);
    event.stopPropagation();
  };
  const release = (/** @type {KeyboardEvent} */ event) => {
    const down = pressed.get(event.code);
    if (isTyping(event.composedPath()[0]) || (down && (kept.has(down) || down.defaultPrevented))) event.stopPropagation();
  };
  host.addEventListener("keydown", (event) => pressed.set(event.code, event), { signal, capture: true });
  host.addEventListener("keydown", press, { signal });
  for (const name of /** @type {const} */ (["keypress", "keyup"])) host.addEventListener(name, release, { signal });
  const free = (/** @type {KeyboardEvent} */ event) => {
    if (document.activeElement === document.body && document.querySelector("alexnet-lab[bind~=url]") === host) press(event);
  };
  document.addEventListener("keydown", free, { signal });
  return () => ours.abort();
}

/** @param {KeyboardEvent} event @param {Element} target @param {typeof KEYS} keys */
function actionOf(event, target, keys) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return undefined;
  // The space bar presses the button that has the focus.
  if (event.key === " " && target.closest(PRESSED)) return undefined;
  return keys.find(({ key }) => key === (event.key.length === 1 ? event.key.toLowerCase() : event.key));
}

/** Whether something inside has used the key, or the browser will. @param {KeyboardEvent} event @param {Element} target */
function isUsed(event, target) {
  const root = /** @type {ShadowRoot | Document} */ (target.getRootNode());
  if (event.key === "Escape" && root.querySelector(":popover-open, dialog[open]")) return true;
  if (event.ctrlKey || event.metaKey || event.altKey) return event.defaultPrevented;
  return event.defaultPrevented || isTyping(target) || target.matches("input") || ([" ", "Enter"].includes(event.key) && target.closest(PRESSED) !== null);
}
