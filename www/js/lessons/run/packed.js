// Rows of statistics as short texts, for the recordings that ship with the page: the bins of a histogram on a scale of levels.

import { ACTIVATION_BINS, ACTIVATION_ROW, GRADIENT_BINS, GRADIENT_ROW, percentile } from "../../charts/rows.js";

/** A level a letter. The square of a level is the count, as thin tails are seen, too. */
const LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
const TOP = LEVELS.length - 1;
/** Digits of every other number, and of a norm, which lessons name. */
const [DIGITS, NORM_DIGITS] = [4, 6];

/** @param {number} x @param {number} [digits] */
const short = (x, digits = DIGITS) => String(Number(x.toPrecision(digits)));

/**
 * The place of the first letter, the letters, how many values the bins hold, and the numbers that follow them.
 * @param {ArrayLike<number>} row
 * @param {number} bins how many of its numbers, from the first, are counts
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

/** Three percentiles end the row of a gradient: its bins have them, too. */
const PERCENTILES = [0.05, 0.5, 0.95];

/** The place of the norm in the row of a gradient. */
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

/** The row again, (width); its bins hold as many values as they did. @param {string} text @param {number} bins @param {number} width */
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
