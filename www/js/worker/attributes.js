// @ts-check
/** An element's attributes as settings. Pages and frameworks add others to every element; those are ignored. */
import { languageOf } from "../kit/i18n.js";

const LANE = /^lane[2-4]$/;

/** Whether a key names a network beside the first, as in links. @param {string} key */
export const isLane = (key) => LANE.test(key);

/**
 * @param {import("./types.js").Setting[]} schema
 * @param {[string, string][]} attributes
 * @returns {[string, string][]} the attributes that are settings
 */
export function settingsOf(schema, attributes) {
  return attributes.flatMap(([name, value]) => {
    if (isLane(name)) return [[name, value]];
    const setting = schema.find(({ key }) => key === name);
    // Only a switch means something without a value; `width="640"` and `width="100%"` belong to HTML.
    if (!setting || (value === "" && setting.kind !== "switch") || (name === "width" && (parseFloat(value) >= 10 || /[^\d.]/.test(value)))) return [];
    return [[name, name === "lang" ? (languageOf(value) ?? "auto") : value]];
  });
}
