// @ts-check
/** LRN at one place with other constants: the responses of all channels before and after, the neighbours of the chosen one, and sliders. */
import { h, setText } from "../kit/dom.js";
import { integer } from "../kit/format.js";
import { lrn } from "./arithmetic.js";
import { Formula, figure } from "./formula.js";
import { Bars } from "./pictures.js";

/**
 * @typedef {import("./arithmetic.js").Lrn} Lrn
 * @typedef {object} Options
 * @property {import("../kit/i18n.js").Texts} say texts of the view into a layer
 * @property {import("../components/terms.js").Terms} terms
 * @property {(key: string) => import("../worker/types.js").Setting | undefined} setting
 * @property {() => Lrn} own the initial constants, which the run keeps
 * @property {string} again label of the button that restores them
 * @property {(after: number) => void} [onchange] receives the chosen channel's result
 * @property {(channel: number) => void} [onpick] called when a channel is chosen
 */

const KEYS = /** @type {const} */ (["n", "k", "alpha", "beta"]);
const SIGNS = { n: "n", k: "k", alpha: "α", beta: "β" };
/** The least alpha on its logarithmic slider, as a power of ten: smaller values have no visible effect. */
const LEAST = -5;
/** The kinds of bars. */
const [REST, INHIBITS, OWN] = [0, 1, 2];

export class LrnTrial {
  /** @param {Options} options */
  constructor(options) {
    const { say, terms, again, onpick } = options;
    this.options = options;
    /** The constants on trial; null: the initial ones. @type {Lrn | null} */
    this.tried = null;
    /** @type {ArrayLike<number>} of all channels at the place */
    this.responses = [];
    /** @type {number[]} */
    this.after = [];
    this.channel = 0;
    this.sliders = KEYS.map((key) => this.slider(key));
    this.again = h("button", { type: "button", class: "action", onclick: () => this.try(null) }, again);
    const bars = (/** @type {string} */ name, /** @type {typeof onpick} */ pick) =>
      new Bars({ label: say(`lrn.${name}_bars`), kinds: ["rest", "in", "own"], onpick: pick, say: (at) => this.word(at) });
    this.bars = { before: bars("before", onpick), after: bars("after", undefined) };
    this.formula = new Formula(terms, [
      "[lrn_output|<y>] = [response|<a>] / ([lrn_k|<k>] + [lrn_alpha|<alpha>] × [lrn_window|<squares>])^{[lrn_beta|<beta>]} = [response|<a>] / [lrn_divisor|<divisor>]",
    ]);
    this.words = h("p", { class: "fine" });
    this.tries = h("p", { class: "fine" });
    /** From top to bottom. */
    this.elements = [
      this.formula.element,
      h("p", { class: "fine" }, terms.nodes(say("lrn.before"))),
      this.bars.before.element,
      h("p", { class: "fine" }, terms.nodes(say("lrn.after"))),
      this.bars.after.element,
      h(
        "div",
        { class: "drill-sliders", role: "group", "aria-label": say("lrn.try") },
        this.sliders.map(({ element }) => element),
        this.again,
      ),
      this.words,
      this.tries,
    ];
  }

  get constants() {
    return this.tried ?? this.options.own();
  }

  /** @param {typeof KEYS[number]} key */
  slider(key) {
    const { min = 0, max = 1 } = this.options.setting(`lrn_${key}`) ?? {};
    const log = key === "alpha";
    const input = h("input", { type: "range", min: String(log ? LEAST : min), max: String(log ? Math.log10(max) : max), step: key === "n" ? "1" : "0.05" });
    input.addEventListener("input", () => {
      const x = Number(input.value);
      this.try({ ...this.constants, [key]: log ? Number((10 ** x).toPrecision(2)) : x });
    });
    const value = h("span", { class: "figure" });
    return { key, input, value, element: h("label", { class: "drill-slider" }, h("span", null, SIGNS[key]), input, value) };
  }

  /** @param {Lrn | null} constants */
  try(constants) {
    this.tried = constants;
    this.draw();
  }

  /** @param {ArrayLike<number>} responses @param {number} channel the chosen one */
  update(responses, channel) {
    Object.assign(this, { responses, channel });
    this.draw();
  }

  /** A channel's values before and after, in words. @param {number} at */
  word(at) {
    return this.options.say("names.lrn", { n: at + 1, before: figure(this.responses[at] ?? NaN), after: figure(this.after[at] ?? NaN) });
  }

  draw() {
    const { responses, channel, constants, bars } = this;
    this.showConstants();
    if (responses.length === 0) return;
    const {
      value,
      detail: { first, end, divisor, squares },
    } = lrn(responses, channel, constants);
    const kind = (/** @type {number} */ at) => (at === channel ? OWN : at >= first && at < end ? INHIBITS : REST);
    this.after = Array.from(responses, (_, at) => lrn(responses, at, constants).value);
    bars.before.update(responses, kind, channel);
    bars.after.update(this.after, kind, channel, Math.max(...Array.from(responses, Math.abs)));
    this.formula.update({ ...constants, a: responses[channel], squares, divisor, y: value });
    this.describe({ first, end, divisor, value });
    this.options.onchange?.(value);
  }

  /** The bars in words. @param {{first: number, end: number, divisor: number, value: number}} found */
  describe({ first, end, divisor, value }) {
    const {
      responses,
      channel,
      constants: { k, beta },
      options: { say },
    } = this;
    const inhibitors = Array.from({ length: end - first }, (_, at) => first + at).filter((at) => at !== channel);
    const list = inhibitors.map((at) => `${at + 1}: ${figure(responses[at])}`).join(", ");
    const fields = {
      list,
      count: integer(inhibitors.length),
      before: figure(responses[channel]),
      after: figure(value),
      divisor: figure(divisor),
      constant: figure(k ** beta),
    };
    setText(this.words, say(inhibitors.length > 0 ? "lrn.words" : "lrn.alone", fields));
  }

  /** Sets the sliders to the constants on trial. */
  showConstants() {
    const {
      constants,
      options: { own, say },
    } = this;
    for (const { key, input, value } of this.sliders) {
      input.value = String(key === "alpha" ? Math.log10(Math.max(constants.alpha, 10 ** LEAST)) : constants[key]);
      setText(value, figure(constants[key]));
    }
    const start = own();
    const same = KEYS.every((key) => constants[key] === start[key]);
    this.again.disabled = same;
    setText(this.tries, same ? "" : say("lrn.tried"));
  }
}
