// The rows of statistics as the worker sends them (src/web/lab.rs), and the values that the charts read from them.

/** Half-octave bins of |g|: bin i starts at 2^(i/2 - 40). */
export const GRADIENT_BINS = 128;
/** Floats in a gradient row: bins, below, above, zero, nan, inf, norm, p5, p50, p95 (percentiles as log10|g|). */
export const GRADIENT_ROW = 137;
const [BELOW, ABOVE, ZERO, NAN, INF, NORM, P5, P50, P95] = [128, 129, 130, 131, 132, 133, 134, 135, 136];

/** Linear bins from min to max. */
export const ACTIVATION_BINS = 64;
/** Floats in an activation row: bins, nan, inf, min, max, mean, std, saturated, dead. */
export const ACTIVATION_ROW = 72;

/** log10 of the first bin's lower edge: a gradient below it has vanished. */
export const FLOOR = -40 * Math.log10(2);
/** log10 of the last bin's upper edge. */
export const CEILING = 24 * Math.log10(2);
/** Width of a bin in decades. */
export const BIN = (CEILING - FLOOR) / GRADIENT_BINS;

/**
 * @typedef {object} Gradient One tensor's gradient.
 * @property {Float32Array} bins counts (GRADIENT_BINS)
 * @property {number} total all values, of any kind
 * @property {number} below share of all values that are not zero and lie below the floor
 * @property {number} above share above the ceiling
 * @property {number} zero share that is exactly zero
 * @property {number} nan how many
 * @property {number} inf how many
 * @property {number} norm Euclidean
 * @property {number} p5 log10|g|
 * @property {number} p50
 * @property {number} p95
 */

/**
 * @param {Float32Array} rows (n, GRADIENT_ROW)
 * @param {number} index
 * @returns {Gradient}
 */
export function gradientAt(rows, index) {
  const row = rows.subarray(index * GRADIENT_ROW, (index + 1) * GRADIENT_ROW);
  const bins = row.subarray(0, GRADIENT_BINS);
  let total = row[BELOW] + row[ABOVE] + row[ZERO] + row[NAN] + row[INF];
  for (const count of bins) total += count;
  const share = 1 / Math.max(1, total);
  return {
    bins,
    total,
    below: row[BELOW] * share,
    above: row[ABOVE] * share,
    zero: row[ZERO] * share,
    nan: row[NAN],
    inf: row[INF],
    norm: row[NORM],
    p5: row[P5],
    p50: row[P50],
    p95: row[P95],
  };
}

/**
 * How strongly a gradient is drawn, 0 to 1: in full from a median of 1e-3, faintly at 1e-10, where a step hardly moves a weight.
 * @param {number} p50 log10|g|, NaN when all are zero
 */
export const vigour = (p50) => (Number.isFinite(p50) ? Math.max(0, Math.min(1, (p50 + 10) / 7)) : 0);

/**
 * @typedef {object} Activation One layer's activations.
 * @property {Float32Array} bins counts (ACTIVATION_BINS)
 * @property {number} total
 * @property {number} nan
 * @property {number} inf
 * @property {number} min
 * @property {number} max
 * @property {number} mean
 * @property {number} std
 * @property {number} saturated share of values
 * @property {number} dead share of channels
 */

/**
 * @param {Float32Array} rows (n, ACTIVATION_ROW)
 * @param {number} index
 * @returns {Activation}
 */
export function activationAt(rows, index) {
  const row = rows.subarray(index * ACTIVATION_ROW, (index + 1) * ACTIVATION_ROW);
  const bins = row.subarray(0, ACTIVATION_BINS);
  const [nan, inf, min, max, mean, std, saturated, dead] = row.subarray(ACTIVATION_BINS);
  return { bins, total: bins.reduce((sum, count) => sum + count, nan + inf), nan, inf, min, max, mean, std, saturated, dead };
}

/**
 * log10|g| below which a share `q` of the finite, nonzero values lies, as `GradientStats::percentile` in Rust:
 * NaN when there are none, the floor or the ceiling when it falls outside the bins.
 * @param {Float32Array} bins
 * @param {number} below count
 * @param {number} above count
 * @param {number} q
 */
export function percentile(bins, below, above, q) {
  const total = bins.reduce((sum, count) => sum + count, below + above);
  if (total === 0) return NaN;
  let left = q * total - below;
  if (left <= 0) return FLOOR;
  for (let bin = 0; bin < bins.length; bin++) {
    if (left <= bins[bin]) return FLOOR + BIN * (bin + left / bins[bin]);
    left -= bins[bin];
  }
  return CEILING;
}

/**
 * Counts as a curve to draw: shares of `total`, smoothed by (1 2 1)/4, as small tensors have few values per bin. The sum is kept,
 * except for what the smoothing moves past the two ends.
 * @param {ArrayLike<number>} bins
 * @param {number} total
 * @param {Float32Array} out
 */
export function density(bins, total, out) {
  const scale = 1 / (4 * Math.max(1, total));
  for (let i = 0; i < out.length; i++) {
    out[i] = ((i > 0 ? bins[i - 1] : 0) + 2 * bins[i] + (i + 1 < out.length ? bins[i + 1] : 0)) * scale;
  }
  return out;
}

/** Snapshots of one row over a whole run in bounded memory: when full, neighbouring columns are added in pairs. */
export class History {
  /** @param {number} capacity an even number of columns */
  constructor(capacity) {
    this.capacity = capacity;
    /** @type {{step: number, row: Float32Array, merged: number}[]} oldest first; `step` is the first one in the column */
    this.columns = [];
    /** Snapshots per column. */
    this.stride = 1;
  }

  /**
   * @param {number} step
   * @param {Float32Array} row (GRADIENT_ROW), copied
   * @returns {boolean} whether earlier columns have moved
   */
  push(step, row) {
    const last = this.columns.at(-1);
    if (last && last.merged < this.stride) {
      merge(last, row, 1);
      return false;
    }
    this.columns.push({ step, row: row.slice(), merged: 1 });
    if (this.columns.length < this.capacity) return false;
    const halved = [];
    for (let i = 0; i < this.columns.length; i += 2) {
      const [column, next] = [this.columns[i], this.columns[i + 1]];
      if (next) merge(column, next.row, next.merged);
      halved.push(column);
    }
    this.columns = halved;
    this.stride *= 2;
    return true;
  }
}

/**
 * Adds the counts, averages the norm and recomputes the percentiles.
 * @param {{row: Float32Array, merged: number}} column
 * @param {Float32Array} row
 * @param {number} weight how many snapshots `row` stands for
 */
function merge(column, row, weight) {
  const into = column.row;
  for (let i = 0; i < NORM; i++) into[i] += row[i];
  into[NORM] = (into[NORM] * column.merged + row[NORM] * weight) / (column.merged + weight);
  column.merged += weight;
  const bins = into.subarray(0, GRADIENT_BINS);
  [into[P5], into[P50], into[P95]] = [0.05, 0.5, 0.95].map((q) => percentile(bins, into[BELOW], into[ABOVE], q));
}
