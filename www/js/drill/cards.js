// @ts-check
/** The cards of all kinds of layers except the learnt ones and LRN. */
import { h, setAttribute, setText } from "../kit/dom.js";
import { integer, percent } from "../kit/format.js";
import { FUNCTIONS, largest } from "./arithmetic.js";
import { Card } from "./card.js";
import { figure } from "./formula.js";
import { LrnCard, LrnOfMapCard } from "./lrn_card.js";
import { maskOf } from "./mask.js";
import { MaskGrid } from "./mask_grid.js";
import { Curve, Grid, Ranking } from "./pictures.js";
import { ConvCard, LinearCard } from "./sum_cards.js";

/** @typedef {import("./arithmetic.js").Stage} Stage */

class BatchNormCard extends Card {
  build() {
    this.body.append(
      this.formula(
        "[bn|y] = [bn_gamma|γ] ([pre_activation|z] − [running_mean|μ]) / √([running_variance|σ^{2}] + [bn_epsilon|ε]) + [bn_beta|β]",
        "[bn|<y>] = [bn_gamma|<gamma>] × ([pre_activation|<x>] [running_mean|<-mean>]) / √([running_variance|<variance>] + [bn_epsilon|<epsilon>]) [bn_beta|<+beta>]",
      ),
      this.note("batch_norm.evaluation"),
    );
  }
}

class NoiseCard extends Card {
  build() {
    this.body.append(
      this.formula("[noise|y] = [noise_scale|s] [pre_activation|z] + [noise_shift|m]", "[noise|<y>] = [pre_activation|<x>]"),
      this.note("noise.evaluation"),
    );
  }
}

/** The text before `(z)`, and the function's slope computed from its value. @type {Record<string, [string, (y: number) => number]>} */
const SHAPES = {
  relu: ["[relu|max](0, [pre_activation|z])", (y) => Number(y > 0)],
  leaky_relu: ["[leaky_relu|max](0.01 [pre_activation|z], [pre_activation|z])", (y) => (y > 0 ? 1 : 0.01)],
  sigmoid: ["1 / (1 + [exponential|e]^{−[pre_activation|z]}) = [sigmoid|σ]([pre_activation|z])", (y) => y * (1 - y)],
  tanh: ["[tanh|tanh]([pre_activation|z])", (y) => 1 - y * y],
};

class ActivationCard extends Card {
  build() {
    const name = this.layer.function ?? "relu";
    const [shape, slope] = SHAPES[name];
    this.slope = slope;
    this.curve = new Curve(FUNCTIONS[name]);
    this.body.append(
      h(
        "div",
        { class: "drill-row" },
        this.curve.element,
        this.formula(
          `[activation_value|a] = [function|f]([pre_activation|z]) = ${shape}`,
          "[activation_value|<y>] = [function|f]([pre_activation|<x>])",
          "[slope|f′] = <slope>",
        ),
      ),
    );
  }

  /** @param {Stage} stage */
  values(stage) {
    return { ...super.values(stage), slope: this.slope?.(stage.value) ?? NaN };
  }

  /** @param {Stage} stage */
  draw({ detail }) {
    this.curve?.update(detail.x);
  }
}

/** Units per row of the mask's picture. */
const ROW = 64;

class DropoutCard extends Card {
  build() {
    this.evaluation = h("p", null, this.view.terms.nodes(this.view.say("dropout.evaluation", { count: integer(this.layer.output.channels) })));
    this.training = h("p", { class: "fine" });
    this.mask = new MaskGrid(this.layer.output.channels, ROW);
    this.body.append(this.formula("[dropped|<y>] = [unit|<x>]"), this.evaluation, this.training, this.mask.element);
  }

  /** @param {Stage} _stage @param {import("./card.js").Now} now */
  draw(_stage, { config, step, channel, layer }) {
    const { say } = this.view;
    const probability = Number(config.dropout);
    const drops = probability > 0 && step > 0;
    if (!this.training || !this.mask) return;
    setAttribute(this.mask.element, "hidden", !drops);
    if (!drops) return setText(this.training, say(probability > 0 ? "dropout.before" : "dropout.off"));
    const mask = maskOf(layer.name, layer.output.channels, Number(config.seed), step - 1, probability);
    const count = mask.filter(Boolean).length;
    setText(
      this.training,
      say(mask[channel] ? "dropout.kept" : "dropout.dropped", {
        step: integer(step),
        count: integer(count),
        total: integer(mask.length),
        percent: percent(probability),
        factor: figure(1 / (1 - probability)),
      }),
    );
    this.mask.update(mask, channel);
  }
}

class PoolCard extends Card {
  build() {
    const { terms, say } = this.view;
    const kernel = this.layer.kernel ?? 2;
    const max = this.layer.pool === "max";
    this.window = new Grid(terms.nodes(say("pool.window")), kernel);
    this.back = new Grid(terms.nodes(say("pool.back")), kernel);
    this.where = h("p", { class: "fine" });
    const lines = max
      ? ["[pool_output|<y>] = [largest|max] [window|x]", "[pool_gradient|∂L/∂x] = [winner|m] [pool_gradient|∂L/∂y]"]
      : ["[pool_output|<y>] = [average|∑ x] / [window_count|<count>]", "[pool_gradient|∂L/∂x] = [pool_gradient|∂L/∂y] / [window_count|<count>]"];
    this.body.append(
      this.note(max ? "pool.max" : "pool.avg"),
      this.formula(...lines),
      h("div", { class: "drill-row" }, this.window.element, h("span", { class: "drill-sign", "aria-hidden": "true" }, "⇠"), this.back.element),
      this.where,
    );
  }

  /** @param {Stage} stage @param {import("./card.js").Now} now */
  draw({ detail }, { place }) {
    const { values, shares, winner, taps } = detail;
    const own = (place.row - taps.top) * taps.kernel + place.column - taps.left;
    this.window?.update(values, { marked: winner, circled: own, pad: "–" });
    this.back?.update(shares, { marked: winner, circled: own, pad: "–" });
    const at = { row: taps.top + Math.floor(winner / taps.kernel) + 1, column: taps.left + (winner % taps.kernel) + 1, count: detail.count };
    const key = winner < 0 ? "pool.shared" : winner === own ? "pool.wins" : "pool.loses";
    if (this.where) setText(this.where, this.view.say(key, at));
  }
}

/** Most classes that the last card names. */
const CLASSES = 10;

class SoftmaxCard extends Card {
  build() {
    const { terms, say } = this.view;
    this.ranking = new Ranking(terms.nodes(say("softmax.classes")));
    this.body.append(
      this.formula("[probability|p] = [exponential|exp]([logit|z]) / [all_classes|∑_{j}] [exponential|exp]([logit|z_{j}]) = [probability|<y>]"),
      this.ranking.element,
    );
  }

  /** @param {Stage} stage @param {import("./card.js").Now} now */
  draw({ detail: { logits } }, { channel, classes }) {
    const top = Math.max(...logits);
    const powers = Array.from(logits, (z) => Math.exp(z - top));
    const sum = powers.reduce((total, x) => total + x, 0);
    this.ranking?.update(
      largest(powers, CLASSES).map((at) => ({
        name: classes[at] ?? String(at + 1),
        note: `z = ${figure(logits[at])}`,
        value: powers[at] / sum,
        own: at === channel,
      })),
    );
  }
}

/** @type {Record<string, typeof Card>} by the layers' kinds, and one for LRN within a map */
const CARDS = {
  conv: ConvCard,
  local: ConvCard,
  linear: LinearCard,
  batch_norm: BatchNormCard,
  noise: NoiseCard,
  activation: ActivationCard,
  dropout: DropoutCard,
  lrn: LrnCard,
  lrn_map: LrnOfMapCard,
  pool: PoolCard,
  softmax_loss: SoftmaxCard,
};

/** @param {import("./card.js").Words} view @param {import("../worker/types.js").Layer} layer @returns {Card} */
export const cardOf = (view, layer) => new CARDS[layer.region === "map" ? "lrn_map" : layer.kind](view, layer);
