// The curves of one network, and the difference of two networks.

import { SMOOTHING, Series, Smooth } from "./series.js";

/** Points kept per curve. Older ones are thinned, but their extremes are kept. */
const CAPACITY = 2000;
/** Points from which the smoothed value is recomputed: earlier ones weigh less than 1 in 1000. */
const MEMORY = 256;
/** Most points that wait for the other curve, which may have ended. */
const WAITING = 4000;
/** One quantity of one network. */
export class Track {
  constructor() {
    this.raw = new Series(CAPACITY);
    this.smooth = new Series(CAPACITY);
    this.test = new Series(CAPACITY);
    /** On training images, in evaluation mode. */
    this.fit = new Series(CAPACITY);
    this.smoothing = new Smooth(SMOOTHING);
    /** This network's smoothed curve minus the first network's. */
    this.apart = new Apart();
  }

  /** What the gap to the test curve begins at: like it in evaluation mode, if that is measured. */
  get base() {
    return this.fit.x.length > 0 ? this.fit : this.smooth;
  }

  /** A step of training. @param {number} step @param {number} value @returns {number} the smoothed value */
  push(step, value) {
    const smooth = this.smoothing.push(value);
    this.raw.push(step, value);
    this.smooth.push(step, smooth);
    return smooth;
  }

  /** Forgets everything after a step, and the evaluation at it. @param {number} step @param {number[]} before the values up to there, or only the newest of them */
  cut(step, before) {
    for (const series of [this.raw, this.smooth, this.apart.series]) series.cut(step);
    for (const series of [this.test, this.fit]) series.cut(step - 1);
    this.apart.waiting = [[], []];
    this.smoothing.clear();
    for (const value of before.slice(-MEMORY)) this.smoothing.push(value);
  }
}

/** The difference of two curves at their common steps, whichever arrives first. */
export class Apart {
  constructor() {
    this.series = new Series(CAPACITY);
    /** Points of each curve that the other has not reached. @type {[[number, number][], [number, number][]]} */
    this.waiting = [[], []];
  }

  /** @param {0 | 1} side 0 for the curve that is subtracted @param {number} x ascending on each side @param {number} y */
  push(side, x, y) {
    const [own, other] = [this.waiting[side], this.waiting[1 - side]];
    while (other.length > 0 && other[0][0] < x) other.shift();
    if (other.length === 0 || other[0][0] > x) {
      if (own.push([x, y]) > WAITING) own.shift();
      return;
    }
    const [[, theirs]] = other.splice(0, 1);
    this.series.push(x, side === 1 ? y - theirs : theirs - y);
  }
}
