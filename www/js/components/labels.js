// @ts-check
/** Settings and their values in a few words. */
import { MENUS } from "./menu.js";

/** `Sigmoid`, `LRN`, `learning rate 0.001`: short, for a line on a time axis. @param {import("../i18n.js").Texts} t @param {string} key @param {string} value */
export function valueLabel(t, key, value) {
  const option = `options.${key}.${value}`;
  if (t.has(option) && ["activation", "norm", "pool", "bn_place"].includes(key)) return t(t.has(`short.${key}.${value}`) ? `short.${key}.${value}` : option);
  return `${t(`settings.${key}.label`)} ${t.has(option) ? t(option) : value}`;
}

/**
 * What tells networks side by side apart: what each changes, and what the first one has of all that is changed.
 * @param {import("../i18n.js").Texts} t @param {import("../session.js").Lane[]} lanes @returns {string[]}
 */
export function laneLabels(t, lanes) {
  const all = new Set(lanes.flatMap(({ changes }) => Object.keys(changes)));
  return lanes.map(({ config, changes }, at) => {
    const number = lanes.length > 1 ? t("lanes.lane", { n: at + 1 }) : "";
    // A normalisation's constants come last, and those of one that is not there say nothing.
    const norms = /** @type {Record<string, string>} */ (MENUS.norm.more);
    const keys = (at === 0 ? [...all] : Object.keys(changes)).sort((a, b) => Number(a in norms) - Number(b in norms))
      .filter((key) => !(key in norms) || norms[key] === config.norm || !all.has("norm"));
    return [number, keys.map((key) => valueLabel(t, key, config[key])).join(", ")].filter(Boolean).join(" ");
  });
}
