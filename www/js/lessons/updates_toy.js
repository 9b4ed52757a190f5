// @ts-check
/** How large each step of a layer is beside its weights, of every network of the run, and what 1/a² expects. */
import { Updates } from "../charts/updates.js";
import { h, setAttribute } from "../dom.js";
import { endsOf, sameLooks } from "./measure.js";
import { LAYER, RATE, SCALE, updatesOf } from "./updates.js";

export class UpdatesToy {
  /** @param {import("./panel.js").Panel} panel */
  constructor(panel) {
    const { say, terms } = this.panel = panel;
    this.select = h("select", { onchange: () => this.draw() });
    this.host = h("div");
    this.element = h("div", { class: "toy toy-wide", role: "group", "aria-label": say("updates.title") },
      h("label", { class: "inputs-choice" }, h("span", null, say("updates.layer")), this.select), this.host,
      h("p", { class: "fine" }, terms.nodes(say("updates.how", { rate: RATE, a: SCALE, layer: LAYER }))));
    this.chart = new Updates(this.host, panel.shell.context.chartOptions(), (key, fields) => say(`updates.${key}`, fields));
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

  /** @param {string[]} names of the blocks */
  choices(names) {
    if (names.join() === [...this.select.options].map(({ value }) => value).join()) return;
    const { value } = this.select;
    this.select.replaceChildren(...names.map((name) => h("option", { value: name }, name === LAYER ? this.panel.say("updates.scaled", { layer: name }) : name)));
    const wanted = [value, LAYER].find((name) => names.includes(name));
    if (wanted) this.select.value = wanted;
    setAttribute(this.select, "disabled", names.length === 0);
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
