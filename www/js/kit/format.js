// @ts-check
/** Numbers with sensible digits, in the page's language. */

/** Stands for an unknown number. */
const NONE = "–";

/** Gives a formatted negative number a true minus sign. @param {string} text */
const minus = (text) => text.replace(/^-/, "−");

/** Numbers, shares and counts in one language. */
export class Numbers {
  /** @param {string} [language] */
  constructor(language = "en") {
    const format = (/** @type {Intl.NumberFormatOptions} */ digits) => new Intl.NumberFormat(language, digits).format;
    this.plain = format({ maximumSignificantDigits: 3 });
    this.three = format({ minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
    this.whole = format({ maximumFractionDigits: 0 });
    this.tenth = format({ minimumFractionDigits: 1, maximumFractionDigits: 1 });
  }

  /** Three significant digits; scientific outside 0.001 to 999,999: `0.0123`, `18,400`, `1.2e-7`. @param {number} x */
  number(x) {
    const size = Math.abs(x);
    const scientific = size !== 0 && size < Infinity && (size < 1e-3 || size >= 1e6);
    return minus(scientific ? x.toExponential(1).replace("+", "") : this.plain(x));
  }

  /** The same with trailing zeros, so that a changing number keeps its width: `2.30`. @param {number} x */
  live(x) {
    const size = Math.abs(x);
    return size >= 1e-3 && size < 1e3 ? minus(this.three(x)) : this.number(x);
  }

  /** A whole number: `18,432`. @param {number} n */
  count(n) {
    return Number.isFinite(n) ? this.whole(n) : NONE;
  }

  /** A share of 1 in percent. @param {number} share */
  percent(share) {
    const value = 100 * share;
    return Number.isFinite(value) ? `${minus((value && value < 9.95 ? this.tenth : this.whole)(value))} %` : NONE;
  }
}

let page = new Numbers();

/** Sets the language of the functions below. @param {string} language */
export const writeIn = (language) => (page = new Numbers(language));

/** @param {number} n */
export const integer = (n) => page.count(n);
/** @param {number} x */
export const number = (x) => page.number(x);
/** @param {number} x */
export const live = (x) => page.live(x);
/** @param {number} share */
export const percent = (share) => page.percent(share);

/** In the largest unit that fits; each unit is `times` the previous one. @param {number} x @param {number} times @param {string[]} units */
function scaled(x, times, units) {
  let unit = 0;
  for (; x >= times && unit < units.length - 1; unit++) x /= times;
  return Number.isFinite(x) ? `${Number.isInteger(x) ? x : number(x)}${units[unit]}` : NONE;
}

/** With an SI prefix: 62378344 -> "62.4 M". @param {number} x */
export const si = (x) => scaled(x, 1000, ["", " k", " M", " G", " T", " P"]);

/** Bytes in MiB or the unit that fits. @param {number} bytes */
export const bytes = (bytes) => scaled(bytes, 1024, [" B", " KiB", " MiB", " GiB"]);

/** Digits of a fraction such as 1/31,000, and the largest share that is written so. */
const [FRACTION_DIGITS, SMALL] = [2, 0.095];

/** A share in a form that is read at a glance: `0.62`, `1/31,000`, `31,000`. @param {number} x */
export function fraction(x) {
  const short = (/** @type {number} */ value) => Number(value.toPrecision(FRACTION_DIGITS));
  if (!(x > 0)) return x === 0 ? "0" : NONE;
  if (x >= SMALL) return number(short(x));
  return 1 / x < 1e9 ? `1/${integer(short(1 / x))}` : number(x);
}
