// @ts-check
/** What stands for a lab that was not started: the network as a picture, and its settings. It is printed, and shown in previews. */
import { h } from "../kit/dom.js";
import { volume } from "./network.js";

/** Name, side and channels of each layer of the default network. @type {[string, number, number][]} */
const LAYERS = [
  ["conv1", 32, 32],
  ["conv2", 16, 64],
  ["conv3", 8, 96],
  ["conv4", 8, 96],
  ["conv5", 8, 64],
  ["fc6", 1, 256],
  ["fc7", 1, 256],
  ["fc8", 1, 10],
];

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
  return h(
    "div",
    { class: "still" },
    h("strong", null, "AlexNet Lab"),
    h(
      "div",
      { class: "still-network" },
      LAYERS.map(([name, side, channels]) => h("div", null, volume(side, channels, side > 1), name)),
    ),
    [said(Object.entries(Object.fromEntries(given))), ...lanes].map((line) => h("p", null, line)),
    h("p", { class: "fine" }, t("still")),
  );
}

/** Settings that say nothing about the network. */
const HIDDEN = ["lang", "theme", "controls", "autoplay", "background", "layer", "image", "inside", "test_every", "test_size", "workers"];
