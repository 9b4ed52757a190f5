// @ts-check
/** The cards of the learnt layers: inputs times weights, summed, plus the bias. */
import { h, setText } from "../kit/dom.js";
import { integer } from "../kit/format.js";
import { largest, patch } from "./arithmetic.js";
import { Card } from "./card.js";
import { figure } from "./formula.js";
import { Bars, Grid, Ranking, drawColours } from "./pictures.js";

/** @typedef {import("./arithmetic.js").Stage} Stage */

/** Most named terms: input channels, or inputs. */
const [CHANNELS, INPUTS] = [5, 12];

/** What both cards share. */
class SumCard extends Card {
  /** @param {Stage} stage */
  values({ value, detail }) {
    return { y: value, sum: detail.sum, bias: detail.bias };
  }

  /** The sum of the terms that are not named. @param {Float64Array} sums @param {number[]} named @param {string} key */
  rest(sums, named, key) {
    const count = sums.length - named.length;
    const value = sums.reduce((sum, x) => sum + x, 0) - named.reduce((sum, at) => sum + sums[at], 0);
    return count > 0 ? [{ name: this.view.say(key, { count: integer(count) }), value, rest: true }] : [];
  }
}

/** An input channel's weights under the window; `weights` is (kernel, kernel, in), then the bias. @param {Float32Array} weights @param {number} channels @param {number} channel */
const filterOf = (weights, channels, channel) => Array.from({ length: (weights.length - 1) / channels }, (_, tap) => weights[tap * channels + channel]);

export class ConvCard extends SumCard {
  build() {
    const { terms, say } = this.view;
    const kernel = this.layer.kernel ?? 1;
    this.colours = this.layer.input.channels === 3;
    const grid = (/** @type {string} */ name) => new Grid(terms.nodes(say(`sum.${name}`)), kernel);
    this.patch = grid("patch");
    this.filter = grid("filter");
    this.products = grid("products");
    const sign = (/** @type {string} */ text) => h("span", { class: "drill-sign", "aria-hidden": "true" }, text);
    const picture = (/** @type {string} */ name) => h("canvas", { class: "drill-colours", role: "img", "aria-label": say(`sum.${name}_colours`) });
    this.pictures = { patch: picture("patch"), filter: picture("filter") };
    const seen = this.colours
      ? h(
          "div",
          { class: "drill-row" },
          h("figure", null, this.pictures.patch, h("figcaption", { class: "fine" }, say("sum.patch_colours"))),
          sign("×"),
          h("figure", null, this.pictures.filter, h("figcaption", { class: "fine" }, say("sum.filter_colours"))),
        )
      : null;
    this.bars = new Bars({ label: say("sum.bars"), kinds: ["own"], onpick: (at) => this.view.chooseTap(at), say: (at) => this.word(at) });
    /** @type {number[]} */
    this.named = [];
    this.ranking = new Ranking([say("sum.largest_channels")], (row) => this.view.chooseTap(this.named[row] ?? this.view.tap));
    this.chosen = h("h4");
    this.body.append(
      this.formula(
        "[pre_activation|z] = [patch_sum|∑] [patch_value|x] · [filter_weight|w] + [bias|b]",
        "[pre_activation|<y>] = [patch_sum|<sum>] [bias|<+bias>]",
      ),
      ...(seen ? [seen] : []),
      h(
        "div",
        { class: "drill-row drill-sums" },
        h("div", { class: "drill-grow" }, h("p", { class: "fine" }, terms.nodes(say("sum.channels"))), this.bars.element),
        this.ranking.element,
      ),
      this.chosen,
      h("div", { class: "drill-row" }, this.patch.element, sign("×"), this.filter.element, sign("="), this.products.element),
    );
    this.sums = new Float64Array(0);
  }

  /** @param {number} at */
  name(at) {
    const { say } = this.view;
    return this.colours ? say(`colours.${at}`) : say("names.channel", { n: at + 1 });
  }

  /** @param {number} at */
  word(at) {
    return this.view.say("names.sum", { name: this.name(at), value: figure(this.sums?.[at] ?? NaN) });
  }

  /** @param {Stage} stage @param {import("./card.js").Now} now */
  draw({ detail }, { input, weights, tap, layer }) {
    const { sums, taps, shape } = detail;
    this.sums = sums;
    this.named = largest(sums, CHANNELS);
    this.bars?.update(sums, () => 0, tap);
    this.ranking?.update([
      ...this.named.map((at) => ({ name: this.name(at), value: sums[at], own: at === tap })),
      ...this.rest(sums, this.named, "names.other_channels"),
    ]);
    const x = patch(input, shape, taps, tap);
    const w = filterOf(weights, shape.channels, tap);
    this.patch?.update(x);
    this.filter?.update(w);
    this.products?.update(x.map((value, at) => (value === null ? null : value * w[at])));
    if (this.chosen) setText(this.chosen, this.word(tap));
    if (!this.colours) return;
    const all = [0, 1, 2];
    if (this.pictures) {
      drawColours(
        this.pictures.patch,
        all.map((c) => patch(input, shape, taps, c)),
        layer.kernel ?? 1,
      );
      drawColours(
        this.pictures.filter,
        all.map((c) => filterOf(weights, 3, c)),
        layer.kernel ?? 1,
      );
    }
  }
}

export class LinearCard extends SumCard {
  build() {
    const { terms, say } = this.view;
    this.ranking = new Ranking(terms.nodes(say("sum.largest_inputs", { count: INPUTS })));
    this.body.append(
      this.formula(
        "[pre_activation|z] = [input_sum|∑] [input_value|x] · [filter_weight|w] + [bias|b]",
        "[pre_activation|<y>] = [input_sum|<sum>] [bias|<+bias>]",
      ),
      this.ranking.element,
    );
  }

  /** @param {Stage} stage @param {import("./card.js").Now} now */
  draw({ detail: { sums } }, { input, weights, layer }) {
    const { say } = this.view;
    const { width, channels } = layer.input;
    const name = (/** @type {number} */ at) => {
      if (layer.input.height * width === 1) return say("names.unit", { n: at + 1 });
      const pixel = Math.floor(at / channels);
      return say("names.input", { n: (at % channels) + 1, row: Math.floor(pixel / width) + 1, column: (pixel % width) + 1 });
    };
    const named = largest(sums, INPUTS);
    const rows = named.map((at) => ({ name: name(at), note: `${figure(input[at])} × ${figure(weights[at])}`, value: sums[at] }));
    this.ranking?.update([...rows, ...this.rest(sums, named, "names.other_inputs")]);
  }
}
