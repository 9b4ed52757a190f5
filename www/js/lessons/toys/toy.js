// @ts-check
/** w to the power of k, by hand: two sliders and the value. */
import { h, setText } from "../../kit/dom.js";
import { number } from "../../kit/format.js";

/** The sliders' start: 0.9 to the power of 50. */
const [W, K] = [0.9, 50];

/** @param {import("../run/types.js").Panel} panel */
export function powerToy({ say }) {
  const slider = (/** @type {string} */ name, /** @type {object} */ range) => {
    const input = h("input", { type: "range", ...range, oninput: () => update() });
    const value = h("output", { class: "figure" });
    return { input, value, element: h("label", { class: "toy-slider" }, h("span", null, say(`toy.${name}`)), input, value) };
  };
  const w = slider("w", { min: "0.5", max: "1.5", step: "0.01", value: String(W) });
  const k = slider("k", { min: "1", max: "50", step: "1", value: String(K) });
  const result = h("output", { class: "toy-result" });
  const update = () => {
    const [base, power] = [Number(w.input.value), Number(k.input.value)];
    setText(w.value, base.toFixed(2));
    setText(k.value, String(power));
    result.replaceChildren(base.toFixed(2), h("sup", null, power), ` = ${number(base ** power)}`);
  };
  update();
  return { element: h("div", { class: "toy", role: "group", "aria-label": say("toy.title") }, w.element, k.element, result) };
}
