// Ticks and placement: the parts of a chart that need no canvas.

/** Most ticks of an axis, whatever its ends. */
const MOST_TICKS = 40;
/** No end of an axis is larger, so that the distance between two ends is finite too. */
const LARGEST = 1e300;
/** A value outside an axis is drawn at most this many axis lengths away: browsers draw lines that far. */
const BEYOND = 5;

/**
 * All multiples of `step` from low to high: none if one of the three is not a number, and never more than can be told apart.
 * @param {number} low
 * @param {number} high
 * @param {number} step
 */
function multiples(low, high, step) {
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  if (!Number.isFinite(count) || count < 1) return [];
  return Array.from({ length: Math.min(count, MOST_TICKS) }, (_, k) => (first + k) * step || 0); // never -0
}

/**
 * Decades for the ticks of a log10 axis, at least `gap` pixels apart: all multiples of one stride, so that they stay put
 * while the axis grows.
 * @param {number} low exponent at the start of the axis
 * @param {number} high exponent at its end
 * @param {number} pixels length of the axis
 * @param {number} gap
 * @returns {number[]} exponents
 */
export function logTicks(low, high, pixels, gap) {
  const wanted = (gap * (high - low)) / Math.max(1, pixels);
  return multiples(low, high, [1, 2, 3, 4, 6, 12].find((stride) => stride >= wanted) ?? 24);
}

/** The first choice with two ticks, as one alone does not show the scale. Of a choice finer than wanted, only the ends. @param {number[][]} choices coarse first @returns {number[]} */
function atLeastTwo([wanted, ...finer]) {
  if (wanted.length > 1) return wanted;
  const found = finer.find((ticks) => ticks.length > 1);
  return found ? [found[0], found[found.length - 1]] : wanted;
}

/**
 * Round values (1, 2 or 5 times a power of ten apart) inside [low, high]: at least two.
 * @param {number} low
 * @param {number} high
 * @param {number} count most ticks wanted
 * @returns {number[]}
 */
export function linearTicks(low, high, count) {
  if (!(high > low)) return [low].filter(Number.isFinite);
  const rough = (high - low) / clamp(count, 1, MOST_TICKS - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10].map((m) => m * power);
  const wanted = steps.find((step) => step >= rough * (1 - 1e-9)) ?? steps[6];
  return atLeastTwo(
    steps
      .filter((step) => step <= wanted)
      .reverse()
      .map((step) => multiples(low, high, step)),
  );
}

/** The range of the finite values, on request only of those above 0; Infinity to -Infinity if there are none. @param {Iterable<number>} values @param {boolean} [positive] */
export function extent(values, positive = false) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value) || (positive && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}

/** The axis of a quantity: its ends, the place of a value on it, and its ticks. All three are finite, whatever the input. */
export class Scale {
  /** @param {[number, number]} ends @param {boolean} [logarithmic] */
  constructor([low, high], logarithmic = false) {
    this.logarithmic = logarithmic;
    const end = (/** @type {number} */ value, /** @type {number} */ otherwise) =>
      Number.isNaN(value) ? otherwise : clamp(value, logarithmic ? 1 / LARGEST : -LARGEST, LARGEST);
    this.low = end(low, logarithmic ? 0.1 : 0);
    this.high = end(high, this.low);
    // The ends differ by more than rounding.
    if (!(this.high - this.low > Math.max(1e-9 * Math.abs(this.low), 1 / LARGEST)))
      this.high = this.low + (Math.abs(this.low) > 1 / LARGEST ? Math.abs(this.low) : 1);
  }

  /** 0 at the lower end, 1 at the upper one; NaN for a value that has no place. @param {number} value */
  at(value) {
    if (!Number.isFinite(value) || (this.logarithmic && value < 0)) return NaN;
    const along = this.logarithmic ? Math.log10 : Number;
    const [low, high] = [along(this.low), along(this.high)];
    return clamp((along(value) - low) / (high - low), -BEYOND, BEYOND);
  }

  /** A curve with its values as places. @param {{x: number[], y: number[]}} curve */
  curve({ x, y }) {
    return { x, y: y.map((value) => this.at(value)) };
  }

  /** Round values, at least two; on a logarithmic axis 1, 2 and 5 times the powers of ten where there is room for them. @param {number} pixels @param {number} gap */
  ticks(pixels, gap) {
    const { low, high, logarithmic } = this;
    // No closer than the digits of `Numbers.number` can show.
    const top = Math.max(Math.abs(low), Math.abs(high));
    const unit = 10 ** (Math.floor(Math.log10(top)) - (top < 1e-3 || top >= 1e6 ? 1 : 2));
    const linear = linearTicks(low, high, Math.min(Math.floor(pixels / gap), (high - low) / unit));
    if (!logarithmic) return linear;
    const [from, to] = [Math.log10(low), Math.log10(high)];
    const inside = (/** @type {number} */ tick) => tick >= low && tick <= high;
    const round = (/** @type {number[]} */ decades, /** @type {number[]} */ digits) =>
      decades.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`))).filter(inside);
    const fine = round(multiples(Math.floor(from), to, 1), [1, 2, 5]);
    if (Math.log10(2) * pixels >= gap * (to - from)) return fine.length > 1 ? fine : linear.filter(inside);
    return atLeastTwo([round(logTicks(from, to, pixels, gap), [1]), round(multiples(from, to, 1), [1]), fine, linear.filter(inside)]);
  }
}

/** The axis of curves; for the accuracy it starts at 0. @param {"loss" | "accuracy"} quantity @param {{low: number, high: number}} curves @param {boolean} logarithmic */
export function curveScale(quantity, { low, high }, logarithmic) {
  if (quantity === "accuracy") return new Scale(accuracyRange(high));
  if (!logarithmic) return new Scale(lossRange(low, high));
  return new Scale(low <= high ? [low / 1.3, high * 1.3] : [0.1, 10], true);
}

/** How many times as high as its lowest neighbour, or as 1, a network's curve may be; more on a logarithmic axis. */
const [EXPLODED, EXPLODED_LOG] = [20, 1e4];

/**
 * The range that the axis shows of networks side by side. The curves of a network that has exploded leave the picture, so that the
 * others stay visible.
 * @param {{low: number, high: number}[]} networks @param {boolean} logarithmic
 */
export function together(networks, logarithmic) {
  const size = (/** @type {{low: number, high: number}} */ { low, high }) => Math.max(high, -low);
  const calmest = Math.max(1, Math.min(...networks.map(size).filter(Number.isFinite)));
  const calm = networks.length === 1 ? networks : networks.filter((network) => size(network) <= calmest * (logarithmic ? EXPLODED_LOG : EXPLODED));
  return { low: Math.min(...calm.map(({ low }) => low)), high: Math.max(...calm.map(({ high }) => high)) };
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/**
 * The axis of the accuracy: from 0 to an end that leaves the curves room.
 * @param {number} high
 * @returns {[number, number]}
 */
export const accuracyRange = (high) => [0, [0.2, 0.4, 0.6, 0.8].find((end) => high < end * 0.85) ?? 1];

/**
 * The axis of the loss: with room for the noise around the curves; from 0 once they come near it or the run has
 * exploded; never so narrow that noise looks like learning.
 * @param {number} low of the curves
 * @param {number} high
 * @returns {[number, number]}
 */
export function lossRange(low, high) {
  if (!(low <= high)) return [0, 2.5];
  const margin = Math.max(0.25 * (high - low), 0.25);
  return [low < 0.45 * high || high > 100 ? 0 : Math.max(0, low - margin), high + margin];
}

/**
 * The axis of a difference: it contains zero and is never so narrow that noise looks like an effect.
 * @param {number} low of the curves
 * @param {number} high
 * @returns {[number, number]}
 */
export function differenceRange(low, high) {
  if (!(low <= high)) return [-0.1, 0.1];
  const margin = Math.max(0.1 * (high - low), 0.02);
  return [Math.min(low, -0.05) - margin, Math.max(high, 0.05) + margin];
}

/** Pixels between two labels. */
const APART = 4;

/**
 * Where the label of each mark goes, so that it touches its mark's line and no other label: to the right of the line, else as far to the left as
 * needed; -1 where there is no room (only the line is drawn). Later marks are more interesting and choose first.
 * @param {{x: number, width: number}[]} marks pixel position of the line and width of the label, x ascending
 * @param {number} rows how many rows of labels there are
 * @param {number} limit pixels available
 * @returns {{row: number, left: number}[]}
 */
export function placeMarks(marks, rows, limit) {
  /** @type {{left: number, right: number}[][]} */
  const taken = Array.from({ length: rows }, () => []);
  const placed = marks.map(() => ({ row: -1, left: 0 }));
  for (let i = marks.length - 1; i >= 0; i--) {
    const { x, width } = marks[i];
    const [first, last] = [Math.max(0, x - width), Math.min(x, limit - width)];
    for (const [row, spans] of taken.entries()) {
      const free = (/** @type {number} */ left) =>
        left >= first && left <= last && spans.every((span) => left + width + APART <= span.left || left >= span.right + APART);
      const left = Math.max(...[last, ...spans.map((span) => span.left - APART - width)].filter(free));
      if (left === -Infinity) continue;
      spans.push({ left, right: left + width });
      placed[i] = { row, left };
      break;
    }
  }
  return placed;
}
