// The scale of ridges: one for all networks side by side, so that their histograms can be compared.

import { CEILING } from "../rows.js";

/** Possible right ends of the axis (log10). It grows at once and shrinks only after a while. */
const ENDS = [0, 2, 4, CEILING];
const SHRINK_AFTER = 40;
/** The height scale holds at least this share of all values in one bin. */
const LEAST_PEAK = 0.05;

export class RidgeScale {
  constructor() {
    this.end = ENDS[0];
    this.peak = LEAST_PEAK;
    this.calm = 0;
    /** The scale that each picture needs. @type {Map<object, {high: number, peak: number}>} */
    this.needs = new Map();
  }

  /** @param {object} picture @param {number} high log10 of its largest gradients @param {number} peak of its highest ridge */
  fit(picture, high, peak) {
    this.needs.set(picture, { high, peak });
    const needs = [...this.needs.values()];
    const wanted = ENDS.find((end) => Math.max(...needs.map(({ high }) => high)) + 0.3 < end) ?? CEILING;
    this.calm = wanted < this.end ? this.calm + 1 : 0;
    if (wanted > this.end || this.calm > SHRINK_AFTER * needs.length) this.end = wanted;
    // Heights are compared from frame to frame: the scale follows slowly, but nothing leaves the picture.
    this.peak = Math.max(LEAST_PEAK, this.peak * 0.98, ...needs.map(({ peak }) => peak));
  }
}
