// @ts-check
/** What stands for a lab that was not started: the network as a picture, and its settings. It is printed, and shown in previews. */
import { h } from "../kit/dom.js";
import { volume } from "./network.js";
import layers from "./layers.json" with { type: "json" };

/** Name, side and channels of each learnt layer, by architecture, at width 1 and with ten classes. */
const LAYERS = /** @type {Record<string, [string, number, number][]>} */ (/** @type {unknown} */ (layers));

/** @param {import("../kit/i18n.js").Texts} t @param {[string, string][]} given the settings in the link and the attributes */
export function still(t, given) {
  const word = (/** @type {string} */ key, /** @type {string} */ value) => (t.has(`options.${key}.${value}`) ? t(`options.${key}.${value}`) : value);
  const said = (/** @type {[string, string][]} */ pairs) =>
    pairs
      .filter(([key]) => t.has(`settings.${key}.label`) && !HIDDEN.includes(key))
      .map(([key, value]) => `${t(`settings.${key}.label`)}: ${word(key, value)}`)
      .join(" · ");
  // What further networks change: `lane2=norm:bn,lr:0.02`.
  const lanes = given.flatMap(([key, value]) => {
    const number = /^lane([2-4])$/.exec(key)?.[1];
    return number ? [`${number}: ${said(value.split(",").map((change) => /** @type {[string, string]} */ (change.split(":"))))}`] : [];
  });
  const settings = Object.fromEntries(given);
  return h(
    "div",
    { class: "still" },
    h("strong", null, "AlexNet Lab"),
    h(
      "div",
      { class: "still-network" },
      (LAYERS[settings.arch] ?? LAYERS.scaled).map(([name, side, channels]) => h("div", null, volume(side, channels, side > 1), name)),
    ),
    [said(Object.entries(settings)), ...lanes].map((line) => h("p", null, line)),
    h("p", { class: "fine" }, t("still")),
  );
}

/** Settings that say nothing about the network. */
const HIDDEN = ["lang", "theme", "controls", "autoplay", "background", "layer", "image", "inside", "test_every", "test_size", "train_eval", "workers"];
