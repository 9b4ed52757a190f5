// @ts-check
/** Percentiles of a layer's inputs on the probe batch over a run, for all networks on one scale. */
import { Percentiles } from "../../charts/plots/percentiles.js";
import { h } from "../../kit/dom.js";
import { RunToy } from "./run_toy.js";

/** The layer shown first: its inputs are the activations that the lesson measures. */
const FIRST = "conv5";

/**
 * Percentiles of a block's activations at every snapshot. They are the next block's inputs.
 * @param {import("../run/measure.js").Lane} lane @param {string} block
 * @returns {{steps: number[], values: number[][]}} values: 5 %, 50 % and 95 %
 */
export function percentilesOf({ history }, block) {
  const values = /** @type {const} */ (["p5", "p50", "p95"]).map((key) => history.map(({ layers }) => layers[block]?.[key] ?? NaN));
  return { steps: history.map(({ step }) => step), values };
}

/** @extends {RunToy<Percentiles>} */
export class InputsToy extends RunToy {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    super(panel, (host, options) => new Percentiles(host, options), "inputs-chart");
    const { say, terms } = panel;
    this.select = h("select", { onchange: () => this.draw() });
    this.element = h(
      "div",
      { class: "toy toy-wide", role: "group", "aria-label": say("inputs.title") },
      h("label", { class: "inputs-choice" }, h("span", null, say("inputs.layer")), this.select),
      this.host,
      h("p", { class: "fine" }, terms.nodes(say("inputs.how"))),
    );
    this.update();
  }

  update() {
    const { blocks, panel } = this;
    // Each block but the first receives the output of the block before.
    const option = (/** @type {string} */ layer, /** @type {number} */ at) =>
      h("option", { value: layer, "data-before": blocks[at] }, panel.say("inputs.option", { layer, before: blocks[at] }));
    this.choices(this.select, blocks.slice(1), option, FIRST);
    super.update();
  }

  draw() {
    const { panel } = this;
    const { lesson, shownRun: run } = panel;
    const before = this.select.selectedOptions[0]?.dataset.before ?? "";
    const name = (/** @type {number} */ lane) => `${lane + 1} ${panel.word(`lanes.${lesson?.lanes[lane]}`)}`;
    const lanes = (run?.lanes ?? []).map((lane, at) => ({ name: name(at), ...percentilesOf(lane, before) }));
    this.chart.update({ lanes, until: lesson?.until ?? 0, of: panel.say("inputs.of", { layer: this.select.value, before }) });
  }
}
