// Rows of statistics as short texts, for the recordings that ship with the page: the bins of a histogram become levels.

import { ACTIVATION_BINS, ACTIVATION_ROW, GRADIENT_BINS, GRADIENT_ROW, percentile } from "../../charts/rows.js";

/** One letter per level. The square of a level is the count, so that thin tails stay visible. */
const LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
const TOP = LEVELS.length - 1;
/** Digits of other numbers, and of a norm, which lessons quote. */
const [DIGITS, NORM_DIGITS] = [4, 6];

/** @param {number} x @param {number} [digits] */
const short = (x, digits = DIGITS) => String(Number(x.toPrecision(digits)));

/**
 * Writes the index of the first letter, the letters, the number of values in the bins, and the numbers after the bins.
 * @param {ArrayLike<number>} row
 * @param {number} bins how many of its first numbers are counts
 */
function pack(row, bins) {
  const numbers = Array.from(row);
  const counts = numbers.slice(0, bins);
  const peak = Math.max(...counts);
  const letters = counts.map((count) => LEVELS[peak > 0 ? Math.round(TOP * Math.sqrt(count / peak)) : 0]).join("");
  const first = letters.search(/[^0]/);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return [
    Math.max(0, first),
    letters.replace(/^0+|0+$/g, "") || "0",
    short(total),
    ...numbers.slice(bins).map((x, at) => short(x, bins + at === NORM ? NORM_DIGITS : DIGITS)),
  ].join(" ");
}

/** Percentiles at the end of a gradient's row; they are recomputed from its bins. */
const PERCENTILES = [0.05, 0.5, 0.95];

/** The index of the norm in a gradient's row. */
const NORM = GRADIENT_ROW - PERCENTILES.length - 1;

/** @param {Float32Array} row (GRADIENT_ROW) */
export const packGradient = (row) => pack(row.subarray(0, GRADIENT_ROW - PERCENTILES.length), GRADIENT_BINS);

/** @param {string} text @returns {Float32Array} (GRADIENT_ROW) */
export function unpackGradient(text) {
  const row = unpack(text, GRADIENT_BINS, GRADIENT_ROW);
  const [below, above] = row.subarray(GRADIENT_BINS);
  row.set(
    PERCENTILES.map((q) => percentile(row.subarray(0, GRADIENT_BINS), below, above, q)),
    GRADIENT_ROW - PERCENTILES.length,
  );
  return row;
}

/** @param {Float32Array} row (ACTIVATION_ROW) */
export const packActivation = (row) => pack(row, ACTIVATION_BINS);

/** @param {string} text @returns {Float32Array} (ACTIVATION_ROW) */
export const unpackActivation = (text) => unpack(text, ACTIVATION_BINS, ACTIVATION_ROW);

/** Restores the row, (width), with the same number of values in the bins. @param {string} text @param {number} bins @param {number} width */
function unpack(text, bins, width) {
  const [first, letters, total, ...numbers] = text.split(" ");
  const row = new Float32Array(width);
  const squares = [...letters].map((letter) => LEVELS.indexOf(letter) ** 2);
  const sum = squares.reduce((sum, square) => sum + square, 0) || 1;
  row.set(
    squares.map((square) => (square * Number(total)) / sum),
    Number(first),
  );
  row.set(numbers.map(Number), bins);
  return row;
}
