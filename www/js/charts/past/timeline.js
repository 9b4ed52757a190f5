// @ts-check
// The run so far, to go back in: each look that comes is kept, and the charts show the newest one or one of the record.

import { Looks } from "./looks.js";
import { GRADIENT_ROW } from "../rows.js";
import { Scrubber } from "./scrubber.js";

/**
 * @typedef {{step: number, label: string, lane: number}} Mark a flipped switch
 * @typedef {object} Charts
 * @property {import("../plots/curves.js").Curves} curves
 * @property {{charts: import("../gradients/ridges.js").Ridges[], update: (lane: number, data: import("../gradients/ridges.js").RidgesData) => void}} ridges
 * @property {import("../gradients/norms.js").Norms} norms
 * @property {import("../plots/activations.js").Activations} activations
 * @property {import("../pictures/filters.js").Filters} filters
 */

export class Timeline {
  /** @param {HTMLElement} host of the control @param {Charts} charts @param {() => void} recalled is called when they have gone to another step */
  constructor(host, charts, recalled) {
    this.charts = charts;
    this.recalled = recalled;
    /** What of the record is shown of the shown network, as a snapshot has it. @type {{parameters: Float32Array, label: string} | null} */
    this.past = null;
    /** Names of each network's tensors. @type {string[][]} */
    this.tensors = [];
    /** Of each network. @type {Looks[]} */
    this.looks = [];
    /** Which networks there are. @type {number[]} */
    this.ids = [];
    /** @type {Mark[]} */
    this.marks = [];
    /** @type {number | null} the step of the record that is shown */
    this.step = null;
    /** The network that single charts are of. */
    this.shown = 0;
    this.stale = false;
    this.scrubber = new Scrubber(host, {
      word: (key, fields) => this.word(key, fields),
      count: (step) => this.count(step),
      go: (step) => this.recall(step),
      describe: () => charts.curves.panes.map((pane) => pane.describe()).join(" "),
    });
  }

  /** A run that has ended in a recording has an end, one that goes on a present. @param {string} key @param {Record<string, string | number>} [fields] */
  word(key, fields) {
    const { t, recorded } = this.charts.curves.options;
    return t(`charts.${recorded ? "recording" : "history"}.${key}`, fields);
  }

  /** @param {number} step */
  count(step) {
    return this.charts.curves.numbers.count(step);
  }

  /** Another run: nothing is left of the one before. */
  clear() {
    this.looks = [];
    this.marks = [];
    this.recall(null);
    this.stale = true;
  }

  /** A network goes on from here: what came after is forgotten. @param {number} lane @param {number} step @param {Mark[]} marks that are left */
  cut(lane, step, marks) {
    this.marks = marks;
    this.recall(null);
    this.looks[lane]?.cut(step);
    this.charts.curves.cut(lane, step);
    this.charts.ridges.charts[lane]?.cut(step);
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
   * Which networks there are: one that is taken away takes its looks along.
   * @param {{id: number}[]} lanes
   * @returns {number[]} the place that each of them had, or would have had
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

  /** @param {number} lane that single charts are of from now on */
  show(lane) {
    this.shown = lane;
    this.recall(this.step);
  }

  /** Steps of the network that has come farthest. */
  get steps() {
    const last = this.looks.map((looks) => looks.steps);
    return last.reduce((longest, steps) => ((steps.at(-1) ?? 0) > (longest.at(-1) ?? 0) ? steps : longest), []);
  }

  /** The charts as they were at a step; each says of which step it is, as a network that has ended stays at its last. @param {number | null} step */
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

  /** The rows of weights at the places of their tensors. @param {import("./looks.js").Look} look */
  parameters({ layers, weights }) {
    const tensors = this.tensors[this.shown] ?? [];
    const all = new Float32Array(tensors.length * GRADIENT_ROW);
    layers.forEach((name, at) => {
      const tensor = tensors.indexOf(`${name}.weight`);
      if (tensor >= 0) all.set(weights.subarray(at * GRADIENT_ROW, (at + 1) * GRADIENT_ROW), tensor * GRADIENT_ROW);
    });
    return all;
  }

  /** Brings the control up to date, once a frame. @param {boolean} [now] */
  update(now = this.stale) {
    if (!now) return;
    this.stale = false;
    const { step } = this;
    const after = step === null ? undefined : this.marks.filter((mark) => mark.lane === this.shown && mark.step <= step).at(-1)?.label;
    this.scrubber.update(this.steps, step, after);
    this.scrubber.element.title = this.word("kept", { bytes: Math.ceil(this.bytes / 1024), looks: this.looks[0]?.steps.length ?? 0 });
  }

  /** What the record takes in memory. */
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
