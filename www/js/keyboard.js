// @ts-check
/** The lab's keys. They act while the focus is in the lab, or nowhere, and never while somebody types. */
import { isTyping } from "./dom.js";

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
  { key: "l", action: "language" },
  { key: "t", action: "theme" },
  { key: "?", action: "help" },
];

/**
 * @param {HTMLElement} host
 * @param {(action: string) => void} act
 * @param {{key: string, action: string}[]} [keys]
 * @returns {() => void} stops listening
 */
export function listenToKeys(host, act, keys = KEYS) {
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    const inside = event.composedPath().includes(host);
    // With several labs on a page, keys without a focus belong to the first one.
    const free = document.activeElement === document.body && document.querySelector("alexnet-lab") === host;
    if ((!inside && !free) || isTyping(target)) return;
    const entry = keys.find(({ key }) => key === (event.key.length === 1 ? event.key.toLowerCase() : event.key));
    if (!entry) return;
    // The space bar presses the button that has the focus.
    if (event.key === " " && target instanceof HTMLElement && target.closest("button, a, input, summary, [role=tab]")) return;
    event.preventDefault();
    act(entry.action);
  };
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}
