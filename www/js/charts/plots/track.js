// The curves of one network, and how far two networks are apart.

import { SMOOTHING, Series, Smooth } from "./series.js";

/** Points kept of each curve; older ones are thinned, their extremes kept. */
const CAPACITY = 2000;
/** Points of which a smoothed value is made anew: what came before weighs less than 1 in 1000. */
const MEMORY = 256;
/** Points that wait for the other curve, which may have ended. */
const WAITING = 4000;
/** One quantity of one network. */
export class Track {
  constructor() {
    this.raw = new Series(CAPACITY);
    this.smooth = new Series(CAPACITY);
    this.test = new Series(CAPACITY);
    this.smoothing = new Smooth(SMOOTHING);
    /** From the first network's smoothed curve to this one's. */
    this.apart = new Apart();
  }

  /** A step of training. @param {number} step @param {number} value @returns {number} the smoothed value */
  push(step, value) {
    const smooth = this.smoothing.push(value);
    this.raw.push(step, value);
    this.smooth.push(step, smooth);
    return smooth;
  }

  /** Forgets what came after a step, and its evaluation. @param {number} step @param {number[]} before the values up to there, at least the newest of them */
  cut(step, before) {
    for (const series of [this.raw, this.smooth, this.apart.series]) series.cut(step);
    this.test.cut(step - 1);
    this.apart.waiting = [[], []];
    this.smoothing.clear();
    for (const value of before.slice(-MEMORY)) this.smoothing.push(value);
  }
}

/** The difference of two curves at the steps that both have, whichever arrives first. */
export class Apart {
  constructor() {
    this.series = new Series(CAPACITY);
    /** Points of each that the other has not reached. @type {[[number, number][], [number, number][]]} */
    this.waiting = [[], []];
  }

  /** @param {0 | 1} side 0 for what is subtracted @param {number} x ascending on each side @param {number} y */
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
