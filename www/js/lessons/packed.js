// Rows of statistics as short texts, for the recordings that ship with the page: the bins of a histogram on a scale of levels.

/** A level a letter. The square of a level is the count, as thin tails are seen, too. */
const LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TOP = LEVELS.length - 1;
/** Digits of every other number. */
const DIGITS = 4;

/** @param {number} x */
const short = (x) => String(Number(x.toPrecision(DIGITS)));

/**
 * The place of the first letter, the letters, how many values the bins hold, and the numbers that follow them.
 * @param {ArrayLike<number>} row
 * @param {number} bins how many of its numbers, from the first, are counts
 */
export function pack(row, bins) {
  const numbers = Array.from(row);
  const counts = numbers.slice(0, bins);
  const peak = Math.max(...counts);
  const letters = counts.map((count) => LEVELS[peak > 0 ? Math.round(TOP * Math.sqrt(count / peak)) : 0]).join("");
  const first = letters.search(/[^0]/);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return [Math.max(0, first), letters.replace(/^0+|0+$/g, "") || "0", short(total), ...numbers.slice(bins).map(short)].join(" ");
}

/** The row again, (width); its bins hold as many values as they did. @param {string} text @param {number} bins @param {number} width */
export function unpack(text, bins, width) {
  const [first, letters, total, ...numbers] = text.split(" ");
  const row = new Float32Array(width);
  const squares = [...letters].map((letter) => LEVELS.indexOf(letter) ** 2);
  const sum = squares.reduce((sum, square) => sum + square, 0) || 1;
  row.set(squares.map((square) => (square * Number(total)) / sum), Number(first));
  row.set(numbers.map(Number), bins);
  return row;
}
