// @ts-check
// The history of the run: each new snapshot is kept, and the charts show the newest or an earlier one.

import { Looks } from "./looks.js";
import { GRADIENT_ROW } from "../rows.js";
import { Scrubber } from "./scrubber.js";

/**
 * @typedef {{step: number, label: string, lane: number}} Mark a changed switch
 * @typedef {object} Charts
 * @property {import("../plots/curves.js").Curves} curves
 * @property {{charts: import("../gradients/ridges.js").Ridges[], update: (lane: number, data: import("../gradients/ridges.js").RidgesData) => void}} ridges
 * @property {import("../gradients/norms.js").Norms} norms
 * @property {import("../plots/activations.js").Activations} activations
 * @property {import("../pictures/filters.js").Filters} filters
 */

export class Timeline {
  /** @param {HTMLElement} host of the control @param {Charts} charts @param {() => void} recalled called when the charts have gone to another step */
  constructor(host, charts, recalled) {
    this.charts = charts;
    this.recalled = recalled;
    /** The shown network's snapshot on show, in the form of a measurement; null: the present. @type {{parameters: Float32Array, label: string} | null} */
    this.past = null;
    /** Tensor names of each network. @type {string[][]} */
    this.tensors = [];
    /** Snapshots of each network. @type {Looks[]} */
    this.looks = [];
    /** Ids of the networks. @type {number[]} */
    this.ids = [];
    /** @type {Mark[]} */
    this.marks = [];
    /** @type {number | null} the step on show; null: the present */
    this.step = null;
    /** The network that single charts show. */
    this.shown = 0;
    this.stale = false;
    this.scrubber = new Scrubber(host, {
      word: (key, fields) => this.word(key, fields),
      count: (step) => this.count(step),
      go: (step) => this.recall(step),
      describe: () => charts.curves.panes.map((pane) => pane.describe()).join(" "),
    });
  }

  /** A recorded run has an end, a running one has a present. @param {string} key @param {Record<string, string | number>} [fields] */
  word(key, fields) {
    const { t, recorded } = this.charts.curves.options;
    return t(`charts.${recorded ? "recording" : "history"}.${key}`, fields);
  }

  /** @param {number} step */
  count(step) {
    return this.charts.curves.numbers.count(step);
  }

  /** A new run: everything of the last one is dropped. */
  clear() {
    this.looks = [];
    this.marks = [];
    this.recall(null);
    this.stale = true;
  }

  /** A network continues from here: everything later is forgotten. @param {number} lane @param {number} step @param {Mark[]} marks that remain */
  cut(lane, step, marks) {
    this.marks = marks;
    this.recall(null);
    this.looks[lane]?.cut(step);
    this.charts.curves.cut(lane, step);
    this.charts.ridges.charts[lane]?.cut(step);
    this.stale = true;
  }

  /** All of it and the curves as plain data, with their size. */
  copy() {
    const curves = this.charts.curves.records.map(({ training, test }) => ({ training: training.copy(), test: test.copy() }));
    const looks = this.looks.map((looks) => looks.copy());
    const records = [...curves.flatMap(Object.values), ...looks.flatMap(({ looks, filters }) => [looks, filters])];
    return { curves, looks, marks: this.marks, bytes: records.reduce((sum, record) => sum + (record?.rows.byteLength ?? 0), 0) };
  }

  /** Goes on from a copy. @param {ReturnType<Timeline["copy"]>} copy */
  adopt({ curves, looks, marks }) {
    curves.forEach(({ training, test }, lane) => {
      this.charts.curves.update({ lane, training: training.rows, test: test.rows });
      const own = this.charts.curves.records[lane];
      own?.training.adopt(training);
      own?.test.adopt(test);
    });
    this.marks = marks;
    this.looks = looks.map((copy) => Looks.from(copy));
    this.looks.forEach((own, lane) => {
      const events = marks.filter((mark) => mark.lane === lane);
      for (const step of own.steps) this.charts.ridges.update(lane, { .../** @type {import("./looks.js").Look} */ (own.at(step)), events });
    });
    this.stale = true;
  }

  /** @param {number} lane */
  of(lane) {
    return (this.looks[lane] ??= new Looks());
  }

  /** @param {number} lane @param {import("../../worker/types.js").Snapshot} snapshot @param {import("../../worker/types.js").Description["network"]} network @param {string} activation */
  look(lane, { step, parameters, activation_gradients, activations }, network, activation) {
    const layers = network.blocks.map(({ name }) => name);
    const tensors = (this.tensors[lane] = network.tensors.map(({ name }) => name));
    const weights = pick(
      parameters,
      layers.map((name) => tensors.indexOf(`${name}.weight`)),
    );
    const look = { step, layers, weights, activations: activation_gradients, rows: activations, activation };
    this.of(lane).push(look);
    this.charts.ridges.update(lane, { ...look, events: this.marks.filter((mark) => mark.lane === lane) });
    if (lane === this.shown) {
      this.charts.norms.update(look);
      this.charts.activations.update(look);
    }
    this.stale = true;
  }

  /** @param {number} lane @param {number} step @param {import("../pictures/filters.js").FiltersData} filters */
  filters(lane, step, filters) {
    this.of(lane).pushFilters(step, filters);
    if (lane === this.shown) this.charts.filters.update(filters);
  }

  /**
   * Sets the networks. A removed network loses its snapshots.
   * @param {{id: number}[]} lanes
   * @returns {number[]} the previous index of each; a new one's own index
   */
  name(lanes) {
    const kept = lanes.map(({ id }, at) => (this.ids.includes(id) ? this.ids.indexOf(id) : at));
    this.ids = lanes.map(({ id }) => id);
    this.stale = true;
    this.looks = kept.map((at) => this.looks[at] ?? new Looks());
    this.tensors = kept.map((at) => this.tensors[at] ?? []);
    this.marks = this.marks.flatMap((mark) => (kept.includes(mark.lane) ? [{ ...mark, lane: kept.indexOf(mark.lane) }] : []));
    return kept;
  }

  /** @param {number} lane the network that single charts show from now on */
  show(lane) {
    this.shown = lane;
    this.recall(this.step);
  }

  /** Steps of the network that has trained longest. */
  get steps() {
    const last = this.looks.map((looks) => looks.steps);
    return last.reduce((longest, steps) => ((steps.at(-1) ?? 0) > (longest.at(-1) ?? 0) ? steps : longest), []);
  }

  /** Shows the charts as they were at a step. Each chart names its step, as a network that has ended stays at its last step. @param {number | null} step */
  recall(step) {
    if (step === null && this.step === null) return;
    this.step = step;
    const { curves, ridges, norms, activations, filters } = this.charts;
    const label = (/** @type {{step: number} | null} */ found) => (found ? this.word("step", { step: this.count(found.step) }) : "");
    curves.recall(step);
    ridges.charts.forEach((chart, lane) => {
      const look = step === null ? null : (this.looks[lane]?.at(step) ?? null);
      chart.recall(look, label(look));
      if (lane !== this.shown) return;
      norms.recall(look, label(look));
      activations.recall(look, label(look));
      const picture = step === null ? null : (this.looks[lane]?.filtersAt(step) ?? null);
      filters.recall(picture, label(picture));
      this.past = look && { parameters: this.parameters(look), label: label(look) };
    });
    this.recalled();
    this.update(true);
  }

  /** The weights' rows at the indices of their tensors. @param {import("./looks.js").Look} look */
  parameters({ layers, weights }) {
    const tensors = this.tensors[this.shown] ?? [];
    const all = new Float32Array(tensors.length * GRADIENT_ROW);
    layers.forEach((name, at) => {
      const tensor = tensors.indexOf(`${name}.weight`);
      if (tensor >= 0) all.set(weights.subarray(at * GRADIENT_ROW, (at + 1) * GRADIENT_ROW), tensor * GRADIENT_ROW);
    });
    return all;
  }

  /** Updates the control, once per frame. @param {boolean} [now] */
  update(now = this.stale) {
    if (!now) return;
    this.stale = false;
    const { step } = this;
    const after = step === null ? undefined : this.marks.filter((mark) => mark.lane === this.shown && mark.step <= step).at(-1)?.label;
    this.scrubber.update(this.steps, step, after);
    this.scrubber.element.title = this.word("kept", { bytes: Math.ceil(this.bytes / 1024), looks: this.looks[0]?.steps.length ?? 0 });
  }

  /** Memory of all snapshots. */
  get bytes() {
    return this.looks.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  refresh() {
    this.scrubber.relabel();
    this.recall(this.step);
  }

  destroy() {
    this.scrubber.destroy();
  }
}

/** @param {Float32Array} rows @param {number[]} indices */
function pick(rows, indices) {
  const picked = new Float32Array(indices.length * GRADIENT_ROW);
  indices.forEach((index, at) => picked.set(rows.subarray(index * GRADIENT_ROW, (index + 1) * GRADIENT_ROW), at * GRADIENT_ROW));
  return picked;
}
