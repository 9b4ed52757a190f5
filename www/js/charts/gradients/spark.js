// Under each layer of the drawn network: its gradient histogram, and its norm as a bar below. All words are in the tip.

import { Chart, hatch } from "../canvas.js";
import { BIN, FLOOR, GRADIENT_BINS, density, gradientAt, vigour } from "../rows.js";
import { clamp } from "../scale.js";

/**
 * @typedef {object} SparkData
 * @property {string} layer
 * @property {Float32Array} row one gradient (GRADIENT_ROW)
 */

/** The axis all sparks share (log10|g|): the floor to 10. The norm's bar uses the same axis. */
const END = 1;

/** @extends {Chart<SparkData>} */
export class Spark extends Chart {
  /**
   * @param {HTMLElement} host
   * @param {import("../frame.js").ChartOptions} options
   */
  constructor(host, options) {
    super(host, options, "spark");
    this.curve = new Float32Array(GRADIENT_BINS);
  }

  /** Eight sentences side by side would be too many. */
  drawEmpty() {}

  /** @param {number} exponent */
  x(exponent) {
    return 6 + ((clamp(exponent, FLOOR, END) - FLOOR) / (END - FLOOR)) * (this.width - 7);
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    if (!this.data) return;
    const { palette, width, height } = this;
    const gradient = gradientAt(this.data.row, 0);
    const bar = clamp(Math.round(height * 0.16), 3, 6);
    const base = height - bar - 3.5;
    ctx.strokeStyle = palette.line;
    ctx.lineWidth = 1;
    for (const exponent of [-12, -8, -4, 0]) {
      const x = Math.round(this.x(exponent)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(x, 0);
      ctx.lineTo(x, base);
      ctx.stroke();
    }
    const curve = density(gradient.bins, gradient.total, this.curve);
    const rise = (base - 2) / Math.max(0.12, ...curve);
    ctx.beginPath();
    ctx.moveTo(this.x(FLOOR), base);
    for (let bin = 0; bin < GRADIENT_BINS; bin++) ctx.lineTo(this.x(FLOOR + (bin + 0.5) * BIN), base - curve[bin] * rise);
    ctx.lineTo(this.x(END), base);
    ctx.closePath();
    ctx.globalAlpha = 0.25 + 0.75 * vigour(gradient.p50);
    ctx.fillStyle = palette.gradient;
    ctx.fill();
    ctx.globalAlpha = 1;
    const lost = (gradient.below + gradient.zero) * base;
    if (lost > 0.5) {
      ctx.strokeStyle = palette.muted;
      hatch(ctx, 0, base - lost, 5, lost);
    }
    ctx.strokeStyle = palette.muted;
    ctx.beginPath();
    ctx.moveTo(0, base + 0.5);
    ctx.lineTo(width, base + 0.5);
    ctx.stroke();
    const broken = gradient.nan + gradient.inf > 0;
    ctx.fillStyle = broken ? palette.bad : palette["gradient-ink"];
    const end = broken ? width : gradient.norm > 0 ? this.x(Math.log10(gradient.norm)) : 0;
    ctx.fillRect(0, height - bar, end, bar);
    if (broken) {
      this.type(1, "600");
      ctx.textAlign = "center";
      ctx.fillText(gradient.nan > 0 ? "NaN" : "Inf", width / 2, base / 2);
    }
  }

  describe() {
    return this.tipOf()?.lines.join(", ") ?? "";
  }

  grid() {
    return { rows: 1, columns: 1 };
  }

  cellAt() {
    return { row: 0, column: 0 };
  }

  tipOf() {
    if (!this.data) return null;
    const { t, numbers } = this;
    const g = gradientAt(this.data.row, 0);
    const lines = [
      t("charts.spark.title", { layer: this.data.layer }),
      t("charts.ridges.median", { value: numbers.power(g.p50) }),
      t("charts.norms.weights_value", { value: numbers.number(g.norm) }),
    ];
    if (g.below + g.zero > 0) lines.push(t("charts.ridges.lost", { zero: numbers.percent(g.zero), below: numbers.percent(g.below) }));
    return { x: 0, y: 0, lines };
  }
}
