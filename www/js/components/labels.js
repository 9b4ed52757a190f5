// @ts-check
/** Settings and their values in a few words. */
import { MENUS } from "./menu.js";

/** `Sigmoid`, `LRN`, `learning rate 0.001`: short, for a line on a time axis. @param {import("../kit/i18n.js").Texts} t @param {string} key @param {string} value */
export function valueLabel(t, key, value) {
  const option = `options.${key}.${value}`;
  if (t.has(option) && ["activation", "norm", "pool", "bn_place"].includes(key)) return t(t.has(`short.${key}.${value}`) ? `short.${key}.${value}` : option);
  return `${t(`settings.${key}.label`)} ${t.has(option) ? t(option) : value}`;
}

/** Whether a setting affects this network: settings of an absent normalisation or schedule do not. @param {string} key @param {Record<string, string>} config */
function acts(key, config) {
  const norm = /** @type {Record<string, string>} */ (MENUS.norm.more)[key];
  return norm ? norm === config.norm : key !== "schedule_every" || config.schedule === "step";
}

/**
 * Labels that tell networks side by side apart: what each changes, and the first one's values of all changed settings. A network equal to an
 * earlier one says so.
 * @param {import("../kit/i18n.js").Texts} t @param {import("../session/state.js").Lane[]} lanes @param {string[] | null} [names] those of an open lesson @returns {string[]}
 */
export function laneLabels(t, lanes, names = null) {
  if (names?.length === lanes.length) return names.map((name, at) => `${t("lanes.lane", { n: at + 1 })} ${name}`);
  const all = [...new Set(lanes.flatMap(({ changes }) => Object.keys(changes)))];
  const norms = (/** @type {string} */ key) => Number(key in MENUS.norm.more);
  // A normalisation's constants come after it.
  const values = lanes.map(({ config }) =>
    all
      .filter((key) => acts(key, config))
      .sort((a, b) => norms(a) - norms(b))
      .map((key) => ({ key, value: config[key] })),
  );
  const texts = values.map((each) => JSON.stringify(each));
  return lanes.map(({ changes }, at) => {
    const number = lanes.length > 1 ? t("lanes.lane", { n: at + 1 }) : "";
    const like = texts.indexOf(texts[at]);
    const words = values[at]
      .filter(({ key }) => at === 0 || key in changes)
      .map(({ key, value }) => valueLabel(t, key, value))
      .join(", ");
    return [number, like < at ? t("lanes.same", { n: like + 1 }) : words].filter(Boolean).join(" ");
  });
}

/**
 * Marks of changed switches with the numbers of their networks, unless all networks changed alike.
 * @param {import("../kit/i18n.js").Texts} t @param {{step: number, label: string, lane: number}[]} marks @param {number} lanes how many there are
 * @returns {{step: number, label: string}[]}
 */
export function laneMarks(t, marks, lanes) {
  /** @type {Map<string, {step: number, label: string, of: Set<number>}>} */
  const alike = new Map();
  for (const { step, label, lane } of marks) {
    const key = `${step} ${label}`;
    alike.set(key, alike.get(key) ?? { step, label, of: new Set() });
    alike.get(key)?.of.add(lane);
  }
  const numbers = (/** @type {Set<number>} */ of) => [...of].map((lane) => t("lanes.lane", { n: lane + 1 })).join(", ");
  return [...alike.values()].map(({ step, label, of }) => ({ step, label: of.size < lanes ? `${numbers(of)} ${label}` : label }));
}
