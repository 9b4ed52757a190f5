// @ts-check
/** Numbers with sensible digits, the same everywhere. */

/** Stands for an unknown number. */
const NONE = "–";

/** @param {number} n e.g. 18432 -> "18,432" */
export function integer(n) {
  return Number.isFinite(n) ? Math.round(n).toLocaleString("en-US") : NONE;
}

/** Three significant digits; scientific outside 0.001 to 99,999: `0.0123`, `1.2e-7`. @param {number} x */
export function number(x) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size < 1e-3 || size >= 1e5)
    return x
      .toExponential(1)
      .replace("e+", "e")
      .replace("-", x < 0 ? "−" : "-");
  if (size >= 1000) return integer(x);
  return String(Number(x.toPrecision(3)));
}

/** The same with trailing zeros, so that a changing number keeps its width: `2.30`. @param {number} x */
export function live(x) {
  const size = Math.abs(x);
  return size >= 1e-3 && size < 999.5 ? x.toPrecision(3) : number(x);
}

const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** With an SI prefix: 62378344 -> "62.4 M". @param {number} x */
export function si(x) {
  if (!Number.isFinite(x)) return NONE;
  if (!(Math.abs(x) >= 1000)) return String(Number(x.toPrecision(3)));
  const power = Math.min(Math.floor(Math.log10(Math.abs(x)) / 3), PREFIXES.length - 1);
  return `${Number((x / 1000 ** power).toPrecision(3))} ${PREFIXES[power]}`;
}

/** Bytes in MiB or the unit that fits. @param {number} bytes */
export function bytes(bytes) {
  if (!Number.isFinite(bytes)) return NONE;
  const units = ["B", "KiB", "MiB", "GiB"];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), 3);
  return power === 0 ? `${bytes} B` : `${Number((bytes / 1024 ** power).toPrecision(3))} ${units[power]}`;
}

/** @param {number} share 0 to 1 */
export function percent(share) {
  if (!Number.isFinite(share)) return NONE;
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}
