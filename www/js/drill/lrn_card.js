// @ts-check
/** LRN at one place: the responses of all channels, those that divide this one, and sliders that try other constants. */
import { h, setText } from "../dom.js";
import { integer } from "../format.js";
import { lrn } from "./arithmetic.js";
import { Card } from "./card.js";
import { figure } from "./formula.js";
import { Bars } from "./pictures.js";

/** @typedef {import("./arithmetic.js").Lrn} Lrn */

const KEYS = /** @type {const} */ (["n", "k", "alpha", "beta"]);
const SIGNS = { n: "n", k: "k", alpha: "α", beta: "β" };
/** The least alpha on its logarithmic slider: less changes nothing that one could see. */
const LEAST = -5;
/** Which of the bars' kinds a channel is. */
const [REST, INHIBITS, OWN] = [0, 1, 2];

export class LrnCard extends Card {
  build() {
    const { terms, say } = this.view;
    /** What is tried; the run keeps its own. @type {Lrn} */
    this.tried = this.own;
    this.sliders = Object.fromEntries(KEYS.map((key) => [key, this.slider(key)]));
    this.again = h("button", { type: "button", class: "action", onclick: () => this.reset() }, say("lrn.again"));
    const bars = (/** @type {string} */ name) => new Bars({ label: say(`lrn.${name}`), kinds: ["rest", "in", "own"] });
    this.before = bars("before");
    this.after = bars("after");
    this.words = h("p", { class: "fine" });
    this.tries = h("p", { class: "fine" });
    this.body.append(
      this.formula(
        "[lrn_output|b] = [response|a] / ([lrn_k|k] + [lrn_alpha|α] [lrn_window|∑_{j}] [response|a_{j}]^{2})^{[lrn_beta|β]}",
        "[lrn_output|<y>] = [response|<a>] / ([lrn_k|<k>] + [lrn_alpha|<alpha>] × [lrn_window|<squares>])^{[lrn_beta|<beta>]} = [response|<a>] / [lrn_divisor|<divisor>]"),
      h("p", { class: "fine" }, terms.nodes(say("lrn.before"))), this.before.element,
      h("p", { class: "fine" }, terms.nodes(say("lrn.after"))), this.after.element, this.words,
      h("div", { class: "drill-sliders", role: "group", "aria-label": say("lrn.try") },
        Object.values(this.sliders).map(({ element }) => element), this.again), this.tries);
    this.show();
  }

  /** The network's constants. @returns {Lrn} */
  get own() {
    const { n, k, alpha, beta } = /** @type {Lrn} */ (/** @type {unknown} */ (this.layer));
    return { n, k, alpha, beta };
  }

  /** @param {typeof KEYS[number]} key */
  slider(key) {
    const { min = 0, max = 1 } = this.view.session.setting(`lrn_${key}`) ?? {};
    const log = key === "alpha";
    const input = h("input", { type: "range", min: String(log ? LEAST : min), max: String(log ? Math.log10(max) : max), step: key === "n" ? "1" : "0.05" });
    input.addEventListener("input", () => {
      const x = Number(input.value);
      this.tried = { ...(this.tried ?? this.own), [key]: log ? Number((10 ** x).toPrecision(2)) : x };
      this.show();
      this.view.draw();
    });
    const value = h("span", { class: "figure" });
    const label = h("span", null, SIGNS[key]);
    return { input, value, element: h("label", { class: "drill-slider" }, label, input, value) };
  }

  reset() {
    this.tried = this.own;
    this.show();
    this.view.draw();
  }

  /** Brings the sliders to what is tried. */
  show() {
    const { tried = this.own, sliders } = this;
    for (const key of KEYS) {
      const slider = sliders?.[key];
      if (!slider) continue;
      slider.input.value = String(key === "alpha" ? Math.log10(Math.max(tried.alpha, 10 ** LEAST)) : tried[key]);
      setText(slider.value, figure(tried[key]));
    }
    const same = KEYS.every((key) => tried[key] === this.own[key]);
    if (this.again) this.again.disabled = same;
    if (this.tries) this.tries.textContent = same ? "" : this.view.say("lrn.tried");
  }

  /** With the constants that are tried. @param {import("./arithmetic.js").Stage} stage */
  values({ detail: { responses, channel } }) {
    const tried = this.tried ?? this.own;
    const { value, detail } = lrn(responses, channel, tried);
    return { ...tried, a: responses[channel], squares: detail.squares, divisor: detail.divisor, y: value };
  }

  /** @param {import("./arithmetic.js").Stage} stage @param {import("./card.js").Now} now */
  draw(stage, { channel }) {
    const { responses } = stage.detail;
    const tried = this.tried ?? this.own;
    const { value, detail: { first, end, divisor } } = lrn(responses, channel, tried);
    const kind = (/** @type {number} */ at) => (at === channel ? OWN : at >= first && at < end ? INHIBITS : REST);
    const after = Array.from(responses, (_, at) => lrn(responses, at, tried).value);
    const scale = Math.max(...Array.from(responses, Math.abs));
    this.before?.update(responses, kind, channel);
    this.after?.update(after, kind, channel, scale);
    const inhibitors = Array.from({ length: end - first }, (_, at) => first + at).filter((at) => at !== channel);
    const list = inhibitors.map((at) => `${at + 1}: ${figure(responses[at])}`).join(", ");
    const fields = { list, count: integer(inhibitors.length), before: figure(responses[channel]), after: figure(value), divisor: figure(divisor) };
    if (this.words) setText(this.words, this.view.say(inhibitors.length > 0 ? "lrn.words" : "lrn.alone", fields));
    setText(this.value, `= ${figure(value)}`);
  }
}
