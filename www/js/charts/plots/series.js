// A curve of any length in bounded memory, and its smoothed version.

/** Points (x, y) with x ascending. When full, every four points become the lowest and the highest of them, in order. */
export class Series {
  /** @param {number} capacity */
  constructor(capacity) {
    this.capacity = Math.max(8, capacity);
    /** @type {number[]} */
    this.x = [];
    /** @type {number[]} */
    this.y = [];
  }

  clear() {
    this.x = [];
    this.y = [];
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  push(x, y) {
    this.x.push(x);
    this.y.push(y);
    if (this.x.length >= this.capacity) this.halve();
  }

  /** Forgets the points beyond this x. @param {number} last */
  cut(last) {
    let { length } = this.x;
    while (length > 0 && this.x[length - 1] > last) length -= 1;
    this.x.length = this.y.length = length;
  }

  halve() {
    const keep = [];
    for (let start = 0; start < this.x.length; start += 4) {
      const end = Math.min(start + 4, this.x.length);
      let [low, high] = [start, start];
      for (let i = start + 1; i < end; i++) {
        if (less(this.y[i], this.y[low])) low = i;
        if (less(this.y[high], this.y[i])) high = i;
      }
      // If all four are equal, keep the ends, so that a flat line keeps its length.
      if (low === high) [low, high] = [start, end - 1];
      keep.push(Math.min(low, high));
      if (low !== high) keep.push(Math.max(low, high));
    }
    this.x = keep.map((i) => this.x[i]);
    this.y = keep.map((i) => this.y[i]);
  }
}

/**
 * NaN and Inf count as the highest: the point where a run diverged is never dropped.
 * @param {number} a
 * @param {number} b
 */
const less = (a, b) => (Number.isFinite(a) ? a : Infinity) < (Number.isFinite(b) ? b : Infinity);

/** Share of the old mean kept by a smoothed training curve: it averages over about 30 steps. */
export const SMOOTHING = 0.97;

/** Exponential mean without the initial bias towards zero: m = b m + (1 - b) y, divided by 1 - b^n (Kingma and Ba 2015, section 3). */
export class Smooth {
  /** @param {number} keep share of the old mean kept at each point, 0 <= keep < 1 */
  constructor(keep) {
    this.keep = keep;
    this.mean = 0;
    this.weight = 0;
  }

  clear() {
    this.mean = 0;
    this.weight = 0;
  }

  /**
   * @param {number} y
   * @returns {number} the mean so far; a `y` that is not finite is returned itself and leaves the mean unchanged
   */
  push(y) {
    if (!Number.isFinite(y)) return y;
    this.mean = this.keep * this.mean + (1 - this.keep) * y;
    this.weight = this.keep * this.weight + (1 - this.keep);
    return this.mean / this.weight;
  }
}

/**
 * Several series on one x, as uPlot needs them: null where a series has no point.
 * @param {{x: number[], y: number[]}[]} series
 * @returns {[number[], ...(number | null)[][]]}
 */
export function align(series) {
  const at = series.map(() => 0);
  /** @type {number[]} */
  const x = [];
  /** @type {(number | null)[][]} */
  const columns = series.map(() => []);
  for (;;) {
    let next = Infinity;
    for (let s = 0; s < series.length; s++) {
      const head = series[s].x[at[s]];
      if (head < next) next = head; // undefined compares false
    }
    if (next === Infinity) return [x, ...columns];
    x.push(next);
    for (let s = 0; s < series.length; s++) {
      const here = series[s].x[at[s]] === next;
      const y = here ? series[s].y[at[s]++] : NaN;
      columns[s].push(Number.isFinite(y) ? y : null);
    }
  }
}
