// @ts-check
/** What a layer receives on the probe batch, over a run: its percentiles, of all networks on one scale. */
import { Percentiles } from "../charts/percentiles.js";
import { h, setAttribute } from "../dom.js";
import { endsOf, sameLooks } from "./measure.js";

/** Whose inputs are shown first: the activations that the lesson measures are those of the block before it. */
const FIRST = "conv5";

/**
 * Percentiles of a block's activations at every look: of the inputs of the block behind it.
 * @param {import("./measure.js").Lane} lane @param {string} block
 * @returns {{steps: number[], values: number[][]}} values: 5 %, 50 % and 95 %
 */
export function percentilesOf({ history, last }, block) {
  const looks = last && history.at(-1) !== last ? [...history, last] : history;
  const values = /** @type {const} */ (["p5", "p50", "p95"]).map((key) => looks.map(({ layers }) => layers[block]?.[key] ?? NaN));
  return { steps: looks.map(({ step }) => step), values };
}

export class InputsToy {
  /** @param {import("./panel.js").Panel} panel */
  constructor(panel) {
    const { say, terms } = this.panel = panel;
    this.select = h("select", { onchange: () => this.draw() });
    this.host = h("div", { class: "inputs-chart" });
    this.element = h("div", { class: "toy toy-wide", role: "group", "aria-label": say("inputs.title") },
      h("label", { class: "inputs-choice" }, h("span", null, say("inputs.layer")), this.select), this.host,
      h("p", { class: "fine" }, terms.nodes(say("inputs.how"))));
    this.chart = new Percentiles(this.host, panel.shell.context.chartOptions());
    /** What is drawn, and how. @type {(import("./measure.js").Look | null)[] | null} */
    this.drawn = null;
    this.look = "";
    this.update();
  }

  destroy() {
    this.chart.destroy();
  }

  /** With every frame that something has changed in. */
  update() {
    const { shell, shownRun } = this.panel;
    this.choices(shownRun?.names ?? shell.session.state.describe?.network.blocks.map(({ name }) => name) ?? []);
    const look = `${shell.host.dataset.theme} ${shell.size}`;
    if (look !== this.look) {
      this.look = look;
      Object.assign(this.chart.options, shell.context.chartOptions());
      this.chart.refreshTheme();
    }
    const ends = endsOf(shownRun);
    if (sameLooks(ends, this.drawn)) return;
    this.drawn = ends;
    this.draw();
  }

  /** Each block but the first receives what the one before it gives. @param {string[]} names of the blocks */
  choices(names) {
    const pairs = names.slice(1).map((name, at) => [name, names[at]]);
    if (pairs.join() === [...this.select.options].map(({ value, dataset }) => `${value},${dataset.before}`).join()) return;
    const { value } = this.select;
    this.select.replaceChildren(...pairs.map(([name, before]) => h("option", { value: name, "data-before": before }, this.panel.say("inputs.option", { layer: name, before }))));
    const wanted = [value, FIRST].find((name) => names.slice(1).includes(name));
    if (wanted) this.select.value = wanted;
    setAttribute(this.select, "disabled", pairs.length === 0);
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
