// @ts-check
/** From what the user chose to the place that `hosts.js` writes lines for. */
import { EXAMPLE } from "./hosts.js";

/** Width and height of the frame, pixels. @type {Record<string, [number, number]>} */
export const SIZES = { mini: [320, 240], slide: [640, 360], large: [960, 540] };

/** Settings of the reader's machine and of the page: a lesson leaves them as they are. */
const OUTSIDE = ["lang", "theme", "backend", "workers", "background"];
/** Settings that the dialog asks for. */
const ASKED = ["v", "lesson", "controls", "autoplay"];

/** @typedef {{width: number, height: number, lesson: string, controls: string, autoplay: boolean}} Choice `lesson` is "none" for the present settings */

/** The settings for the lines. @param {string} fragment the lab's own settings, as in its link @param {Choice} choice @returns {Record<string, string>} */
export function settingsFor(fragment, { lesson, controls, autoplay }) {
  const own = fragment.split("&").flatMap((pair) => {
    const at = pair.indexOf("=");
    const key = pair.slice(0, Math.max(at, 0));
    const kept = key && !ASKED.includes(key) && (lesson === "none" || OUTSIDE.includes(key));
    return kept ? [[key, pair.slice(at + 1)]] : [];
  });
  return {
    ...Object.fromEntries(own),
    ...(lesson !== "none" && { lesson }),
    ...(controls !== "auto" && { controls }),
    // A lesson starts its run itself.
    ...(autoplay && lesson === "none" && { autoplay: "true" }),
  };
}

/** Whether only this machine can open an address. @param {string} address */
export function isLocal(address) {
  const { protocol, hostname } = new URL(address);
  return !/^https?:$/.test(protocol) || /(^|\.)localhost$|^127\.|^0\.0\.0\.0$|^\[::1?\]$/.test(hostname);
}

/** @param {string | null} folder of the lab, if it has one @param {string} fragment @param {Choice} choice @returns {import("./hosts.js").Place} */
export function placeFor(folder, fragment, choice) {
  const { width, height } = choice;
  const address = folder === null || isLocal(folder) ? EXAMPLE.address : folder;
  return { address, settings: settingsFor(fragment, choice), width, height, title: EXAMPLE.title };
}
