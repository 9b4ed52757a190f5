// @ts-check
/** The size of a layer's steps relative to its weights, for every network of the run, and the prediction of the 1/a² rule. */
import { Updates } from "../../charts/plots/updates.js";
import { h } from "../../kit/dom.js";
import { RunToy } from "./run_toy.js";
import { LAYER, RATE, SCALE, updatesOf } from "../run/updates.js";

/** @extends {RunToy<Updates>} */
export class UpdatesToy extends RunToy {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    const { say, terms } = panel;
    super(panel, (host, options) => new Updates(host, options, (key, fields) => say(`updates.${key}`, fields)));
    this.select = h("select", { onchange: () => this.draw() });
    this.element = h(
      "div",
      { class: "toy toy-wide", role: "group", "aria-label": say("updates.title") },
      h("label", { class: "inputs-choice" }, h("span", null, say("updates.layer")), this.select),
      this.host,
      h("p", { class: "fine" }, terms.nodes(say("updates.how", { rate: RATE, a: SCALE, layer: LAYER }))),
    );
    this.update();
  }

  update() {
    const option = (/** @type {string} */ layer) => h("option", { value: layer }, layer === LAYER ? this.panel.say("updates.scaled", { layer }) : layer);
    this.choices(this.select, this.blocks, option, LAYER);
    super.update();
  }

  draw() {
    const { panel, select } = this;
    const { lesson, shownRun: run, say } = panel;
    const layer = select.value;
    const curves = (run?.lanes ?? []).map((lane, at) => ({ name: `${at + 1} ${panel.word(`lanes.${lesson?.lanes[at]}`)}`, ...updatesOf(lane, layer) }));
    const [first] = curves;
    const rule = first && layer === LAYER ? { ...first, name: say("updates.rule", { a2: SCALE ** 2 }), values: first.values.map((x) => x / SCALE ** 2) } : null;
    this.chart.update({ curves, rule, until: lesson?.until ?? 0, of: say("updates.of", { layer }) });
  }
}
