// @ts-check
/**
 * The gradient on its way back: its norm at each layer, beside the norm that slopes of 1/4 would leave; each layer's gain, the product of
 * all gains, and the shares that are saturated or dead.
 */
import { DepthNorms } from "../../charts/gradients/depth_norms.js";
import { h, setText, share } from "../../kit/dom.js";
import { live, percent } from "../../kit/format.js";
import { RunToy } from "./run_toy.js";

/** The ends of a bar, as log10 of the gain. */
const [LOW, HIGH] = [-2, 1];
/** Marked gains: the bound of the sigmoid's slope, and 1, which passes a gradient on unchanged. */
const MARKS = [0.25, 1];

/** A smaller share is not shown. */
const NONE = 5e-4;

/** A gain's place on a bar, 0 to 1. @param {number} gain */
const place = (gain) => share((Math.log10(gain) - LOW) / (HIGH - LOW));

/**
 * From the last hidden block back to the second: the factor by which the block changes the gradient's norm, and the shares of its
 * activations that are saturated and dead.
 * @param {import("../run/measure.js").Look} look @param {string[]} names of all blocks
 */
export function gainsOf({ layers }, names) {
  const hidden = names.slice(0, -1);
  const rows = hidden.slice(1).map((name, at) => {
    const { activation, saturated, dead } = layers[name];
    return { name, gain: layers[hidden[at]].activation / activation, saturated, dead };
  });
  return { rows: rows.reverse(), product: layers[hidden[0]].activation / layers[hidden[hidden.length - 1]].activation };
}

/**
 * The norm of the gradient of each hidden block's activations, first to last.
 * @param {import("../run/measure.js").Look} look @param {string[]} names of all blocks
 */
export const normsOf = ({ layers }, names) => names.slice(0, -1).map((name) => layers[name].activation);

/** The norms that slopes of 1/4 alone would leave: k layers before the last norm, 0.25^k of it. @param {number[]} norms */
export const boundOf = (norms) => norms.map((_, layer) => norms[norms.length - 1] * MARKS[0] ** (norms.length - 1 - layer));

/** @extends {RunToy<DepthNorms>} */
export class GainsToy extends RunToy {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    super(panel, (host, options) => new DepthNorms(host, options), "norms-chart");
    const { say, terms } = panel;
    this.when = h(
      "select",
      { onchange: () => this.draw() },
      ["first", "last"].map((key) => h("option", { value: key }, say(`gains.${key}`))),
    );
    this.empty = h("p", { class: "fine" }, say("gains.empty"));
    this.table = h("table", { class: "guide-table gains" });
    this.element = h(
      "div",
      { class: "toy toy-wide", role: "group", "aria-label": say("gains.title") },
      h("label", { class: "gains-when" }, h("span", null, say("gains.when")), this.when),
      this.empty,
      this.host,
      h("p", { class: "fine" }, terms.nodes(say("gains.dashed"))),
      h("p", null, terms.nodes(say("gains.how"))),
      this.table,
      h("p", { class: "fine" }, terms.nodes(say("gains.off"))),
    );
    this.update();
  }

  draw() {
    const { panel, table } = this;
    const { lesson, say, shownRun } = panel;
    const { names = [], lanes = [] } = shownRun ?? {};
    const key = /** @type {"first" | "last"} */ (this.when.value);
    const looks = lanes.map((lane) => lane[key]);
    const columns = looks.map((look) => look && gainsOf(look, names));
    const known = columns.find((column) => column);
    this.empty.hidden = Boolean(known);
    table.hidden = this.host.hidden = !known;
    if (!known) return;
    const norms = looks.map((look) => (look ? normsOf(look, names) : []));
    const bounded = norms[lesson?.lanes.indexOf("sigmoid") ?? -1] ?? [];
    this.chart.update({
      layers: names.slice(0, -1),
      lanes: norms.map((row, lane) => ({ name: panel.word(`lanes.${lesson?.lanes[lane]}`), norms: row })),
      bound: boundOf(bounded),
    });
    const step = looks.find((look) => look)?.step ?? 0;
    const head = columns.map((_, lane) => h("th", { scope: "col" }, panel.word(`lanes.${lesson?.lanes[lane]}`)));
    const rows = known.rows.map(({ name }, at) =>
      h(
        "tr",
        null,
        h("th", { scope: "row" }, name),
        columns.map((column) => this.cell(column?.rows[at])),
      ),
    );
    const product = columns.map((column) => h("td", null, h("strong", null, column ? live(column.product) : "–")));
    // The bound covers the sigmoid's slopes only; the weights act in addition.
    const layers = known.rows.length;
    const bound = columns.map((column, lane) => h("td", null, column && lesson?.lanes[lane] === "sigmoid" ? live(MARKS[0] ** layers) : "–"));
    table.replaceChildren(
      h("caption", null, say("gains.caption", { step })),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, say("gains.layer")), head)),
      h(
        "tbody",
        null,
        rows,
        h("tr", null, h("th", { scope: "row" }, say("gains.product")), product),
        h("tr", null, h("th", { scope: "row" }, say("gains.bound", { layers })), bound),
      ),
    );
  }

  /** @param {{gain: number, saturated: number, dead: number} | undefined} row */
  cell(row) {
    if (!row || !Number.isFinite(row.gain)) return h("td", null, "–");
    const { t } = this.panel.shell.context;
    const off = Object.entries({ saturated: row.saturated, dead: row.dead })
      .filter(([, share]) => share >= NONE)
      .map(([key, share]) => t(`charts.activations.${key}`, { percent: percent(share) }));
    const bar = h("span", { class: "gain-bar", "aria-hidden": "true" }, h("span", { class: "gain-fill" }), MARKS.map(mark));
    bar.style.setProperty("--gain", String(place(row.gain)));
    const number = h("span", { class: "figure" });
    setText(number, live(row.gain));
    return h("td", null, h("span", { class: "gain" }, bar, number), off.length > 0 ? h("span", { class: "fine" }, off.join(", ")) : null);
  }
}

/** @param {number} gain */
function mark(gain) {
  const line = h("span", { class: "gain-mark" });
  line.style.setProperty("--at", String(place(gain)));
  return line;
}
