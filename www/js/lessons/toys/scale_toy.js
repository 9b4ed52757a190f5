// @ts-check
/** One layer's weights times a, by hand, in an unchanged network: what batch normalisation hides, and what epsilon lets through. */
import { h, setText } from "../../kit/dom.js";
import { number } from "../../kit/format.js";
import { identities } from "./scale.js";

const SCALES = [1e-4, 1e-3, 0.01, 0.1, 0.25, 0.5, 1, 2, 4, 10, 100];
const EPSILONS = [1e-12, 1e-8, 1e-5, 1e-3, 0.1];
/** The sliders' start: a = 4, and the epsilon of the settings. */
const [A, EPSILON] = [SCALES.indexOf(4), EPSILONS.indexOf(1e-5)];
/** During training, the pause between two computations is this many times as long as a computation. */
const REST = 10;

export class ScaleToy {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    const { say } = (this.panel = panel);
    /** @type {{layer: import("../../worker/types.js").Layer, input: Float32Array, weight: Float32Array} | null} */
    this.reading = null;
    this.due = 0;
    const slider = (/** @type {string} */ name, /** @type {number[]} */ values, /** @type {number} */ start) => {
      const value = h("output", { class: "figure" });
      const input = h("input", { type: "range", min: 0, max: values.length - 1, value: start, oninput: () => this.compute() });
      return { input, value, values, element: h("label", { class: "toy-slider" }, h("span", null, say(`scale.${name}`)), input, value) };
    };
    this.a = slider("a", SCALES, A);
    this.epsilon = slider("epsilon", EPSILONS, EPSILON);
    this.layer = h("select", { onchange: () => this.panel.shell.watch() });
    this.update();
    const row = (/** @type {string} */ name) => {
      const cells = ["bn", "none", "rule"].map(() => h("td", null, "–"));
      return { cells, element: h("tr", null, h("th", { scope: "row" }, panel.terms.nodes(say(`scale.${name}`))), cells) };
    };
    this.rows = ["output", "to_input", "to_weight"].map(row);
    const head = ["what", "bn", "none", "rule"].map((name) => h("th", { scope: "col" }, say(`scale.${name}`)));
    this.element = h(
      "div",
      { class: "toy", role: "group", "aria-label": say("scale.title") },
      h("p", null, say("scale.how")),
      h("label", { class: "toy-slider" }, h("span", null, say("scale.layer")), this.layer),
      this.a.element,
      this.epsilon.element,
      h(
        "table",
        { class: "guide-table" },
        h("thead", null, h("tr", null, head)),
        h(
          "tbody",
          null,
          this.rows.map(({ element }) => element),
        ),
      ),
    );
  }

  /** Convolutions after the first one. */
  get layers() {
    return (this.panel.session.state.describe?.network.layers ?? []).filter(({ kind, name }) => kind === "conv" && name !== "conv1");
  }

  /** The run may have another network. */
  update() {
    const names = this.layers.map(({ name }) => name);
    if (names.join() === [...this.layer.options].map(({ value }) => value).join()) return;
    this.layer.replaceChildren(...names.map((name) => h("option", { value: name }, name)));
    if (names.includes("conv3")) this.layer.value = "conv3";
  }

  /** What the worker reads. @returns {import("../../worker/types.js").Unit | null} */
  get unit() {
    const { config, describe } = this.panel.session.state;
    const all = describe?.network.layers ?? [];
    const before = all[all.findIndex(({ name }) => name === this.layer.value) - 1];
    return before ? { image: Number(config.image), channel: undefined, layers: [before.name], learnt: [this.layer.value] } : null;
  }

  /** @param {import("../../worker/types.js").UnitReading} detail */
  receive({ unit, outputs: [input], learnt: [learnt] }) {
    const layer = this.layers.find(({ name }) => name === this.layer.value);
    if (JSON.stringify(unit) !== JSON.stringify(this.unit) || !layer || !input || !learnt) return;
    // The bias follows the weights. It starts at 0, and batch normalisation cancels it.
    this.reading = { layer, input, weight: learnt.subarray(0, learnt.length - layer.output.channels) };
    if (performance.now() >= this.due) this.compute();
  }

  compute() {
    const [a, epsilon] = [this.a, this.epsilon].map(({ input, value, values }) => {
      const chosen = values[Number(input.value)];
      setText(value, number(chosen));
      return chosen;
    });
    if (!this.reading) return;
    const start = performance.now();
    const { layer, input, weight } = this.reading;
    const shape = { input: layer.input, output: layer.output, kernel: layer.kernel ?? 1, stride: layer.stride ?? 1, padding: layer.padding ?? 0 };
    const [bn, none] = [true, false].map((normalised) => identities(shape, input, weight, { a, epsilon, normalised }));
    const found = [
      [bn.output, none.output, 0],
      [bn.toInput, none.toInput, 1],
      [bn.toWeight, none.toWeight, 1 / a],
    ];
    found.forEach((row, at) => row.forEach((x, column) => setText(this.rows[at].cells[column], number(x))));
    this.due = performance.now() + REST * (performance.now() - start);
  }
}
