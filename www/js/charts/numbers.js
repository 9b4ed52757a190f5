// Number formats for charts: no line starts with a percent sign, and small values look the same as on the axes.

import { Numbers as Written } from "../kit/format.js";

/**
 * A log10 exponent as written on axes and in sentences: `1e-7`.
 * @param {number} exponent
 */
export const decade = (exponent) => (Math.abs(exponent) <= 2 ? String(Number(`1e${exponent}`)) : `1e${exponent}`);

export class Numbers extends Written {
  /**
   * The value whose log10 is given, written as on axes below 0.01; NaN (nothing to measure) is a dash.
   * @param {number} exponent
   */
  power(exponent) {
    if (!Number.isFinite(exponent)) return "–";
    return exponent < -2 ? (10 ** exponent).toExponential(1) : this.live(10 ** exponent);
  }

  /** A share of 1 in percent. 0 % and 100 % appear only when they are exact. @param {number} share */
  percent(share) {
    const value = 100 * share;
    let text = super.percent(share);
    if (value > 0 && value < 0.1) text = `<${this.tenth(0.1)} %`;
    else if (value < 100 && value > 99) text = value > 99.9 ? `>${this.tenth(99.9)} %` : `${this.tenth(value)} %`;
    return text.replace(" ", "\u00a0");
  }

  /** A share of 1 in whole percent, for an axis. @param {number} share */
  wholePercent(share) {
    return `${this.count(share * 100).replace(/^-/, "−")}\u00a0%`;
  }
}
