// The snapshots of one network's run: gradient histograms, activations, filters of conv1. They are thinned as the run grows.

import { Record } from "../record.js";
import { ACTIVATION_ROW, GRADIENT_ROW } from "../rows.js";

/** Snapshots kept per network; when full, every second one is dropped. */
const MOST = 128;
/** Most bytes for the snapshots, and again for the filters: of large ones fewer are kept. */
const BYTES = 2 ** 22;
/** Rows to allocate at first. */
const START = 8;

/** Rows of numbers by step, ascending. */
class Rows {
  /** @param {number} width numbers per row, besides its step */
  constructor(width) {
    const most = BYTES / (4 * (width + 1));
    const capacity = 2 ** Math.max(1, Math.min(Math.log2(MOST), Math.floor(Math.log2(most))));
    this.record = new Record(width + 1, capacity, START);
    this.row = new Float32Array(width + 1);
  }

  get count() {
    return this.record.count;
  }

  /** @param {number} index */
  step(index) {
    return this.record.values[index * this.record.width];
  }

  /** @param {number} step @param {...ArrayLike<number>} parts */
  push(step, ...parts) {
    // A network that went back to its last good weights repeats these steps.
    this.record.cut(step);
    if (this.count > 0 && this.step(this.count - 1) === step) return;
    this.row[0] = step;
    let at = 1;
    for (const part of parts) {
      this.row.set(part, at);
      at += part.length;
    }
    this.record.push(this.row);
  }

  /** A copy of the last row whose step is not above this one, else of the first. A copy, because thinning moves rows. @param {number} step @returns {{step: number, values: Float32Array} | null} */
  at(step) {
    let index = this.count - 1;
    while (index > 0 && this.step(index) > step) index--;
    if (index < 0) return null;
    const { values, width } = this.record;
    return { step: this.step(index), values: values.slice(index * width + 1, (index + 1) * width) };
  }

  get bytes() {
    return this.record.values.byteLength;
  }
}

/**
 * @typedef {object} Look
 * @property {number} step
 * @property {string[]} layers (n)
 * @property {Float32Array} weights (n, GRADIENT_ROW)
 * @property {Float32Array} activations gradients with respect to them (n, GRADIENT_ROW)
 * @property {Float32Array} rows the activations themselves (n, ACTIVATION_ROW)
 * @property {string} activation the activation function at that step
 */

/** Numbers of a snapshot: the activation function, and a row of each kind for each layer. @param {string[]} layers */
const lookWidth = (layers) => 1 + layers.length * (2 * GRADIENT_ROW + ACTIVATION_ROW);

export class Looks {
  constructor() {
    /** @type {string[]} */
    this.layers = [];
    /** Activation functions that the network has used: a row holds the index in this list. @type {string[]} */
    this.functions = [];
    /** @type {Rows | null} */
    this.looks = null;
    /** @type {Rows | null} */
    this.filters = null;
    /** A filter's size in pixels. */
    this.size = 0;
    this.length = 0;
  }

  /** @param {Look} look copied */
  push({ step, layers, weights, activations, rows, activation }) {
    if (layers.join() !== this.layers.join()) this.looks = null; // another network
    this.layers = layers;
    this.looks ??= new Rows(lookWidth(layers));
    if (!this.functions.includes(activation)) this.functions.push(activation);
    this.looks.push(step, [this.functions.indexOf(activation)], weights, activations, rows);
  }

  /** @param {number} step @param {import("../pictures/filters.js").FiltersData} filters copied */
  pushFilters(step, { size, values }) {
    if (values.length !== this.length || size !== this.size) this.filters = null;
    [this.size, this.length] = [size, values.length];
    this.filters ??= new Rows(values.length);
    this.filters.push(step, values);
  }

  /** Forgets everything after a step. @param {number} step */
  cut(step) {
    for (const rows of [this.looks, this.filters]) rows?.record.cut(step);
  }

  /** Steps of all snapshots, ascending. */
  get steps() {
    const { looks } = this;
    return Array.from({ length: looks?.count ?? 0 }, (_, index) => /** @type {Rows} */ (looks).step(index));
  }

  /** The snapshot at a step, or the last one before it. @param {number} step @returns {Look | null} */
  at(step) {
    const found = this.looks?.at(step);
    if (!found) return null;
    const { layers } = this;
    const gradients = layers.length * GRADIENT_ROW;
    const [weights, activations, rows] = [1, 1 + gradients, 1 + 2 * gradients].map((from, part) =>
      found.values.subarray(from, from + (part < 2 ? gradients : layers.length * ACTIVATION_ROW)),
    );
    return { step: found.step, layers, weights, activations, rows, activation: this.functions[found.values[0]] };
  }

  /** @param {number} step @returns {import("../pictures/filters.js").FiltersData & {step: number} | null} */
  filtersAt(step) {
    const found = this.filters?.at(step);
    return found ? { ...found, size: this.size } : null;
  }

  /** All of it as plain data. */
  copy() {
    const { layers, functions, size, length } = this;
    return { layers, functions, size, length, looks: this.looks?.record.copy(), filters: this.filters?.record.copy() };
  }

  /** @param {ReturnType<Looks["copy"]>} copy */
  static from({ looks, filters, ...rest }) {
    const own = Object.assign(new Looks(), rest);
    own.looks = looks ? new Rows(lookWidth(rest.layers)) : null;
    own.filters = filters ? new Rows(rest.length) : null;
    if (looks) own.looks?.record.adopt(looks);
    if (filters) own.filters?.record.adopt(filters);
    return own;
  }

  /** Memory of all rows. */
  get bytes() {
    return (this.looks?.bytes ?? 0) + (this.filters?.bytes ?? 0);
  }
}
