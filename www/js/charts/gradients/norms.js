// The Euclidean norm of every layer's gradient on one log axis: a dot for the weights, a diamond for the activations.

import { Chart } from "../canvas.js";
import { gradientAt } from "../rows.js";
import { decade } from "../numbers.js";
import { clamp, logTicks } from "../scale.js";

/**
 * @typedef {object} NormsData
 * @property {number} step
 * @property {string[]} layers (n)
 * @property {Float32Array} weights (n, GRADIENT_ROW)
 * @property {Float32Array} activations (n, GRADIENT_ROW)
 * @property {string} [activation] under "sigmoid" the norms are compared with 0.25^k
 */

const SOURCES = /** @type {const} */ (["weights", "activations"]);

/**
 * How much sigmoid'(z) <= 1/4 alone leaves of the activation gradient that the last hidden layer receives; the weights act in addition.
 * With L layers, hidden layer l has L - 2 - l sigmoids behind it. The last layer outputs logits, so it has no bound.
 * @param {number[]} norms of the activation gradients, first layer first
 */
export const sigmoidBound = (norms) => norms.map((_, layer) => (layer < norms.length - 1 ? norms[norms.length - 2] * 0.25 ** (norms.length - 2 - layer) : NaN));

/** @extends {Chart<NormsData>} */
export class Norms extends Chart {
  /**
   * @param {HTMLElement} host
   * @param {import("../frame.js").ChartOptions} options
   */
  constructor(host, options) {
    super(host, options, "norms");
    /** Exponents of the axis; both ends only move outwards until the network changes. */
    this.low = -4;
    this.high = 1;
    this.key = "";
    this.box = { left: 0, right: 0, top: 0, bottom: 0, row: 0 };
  }

  /** @param {NormsData} data */
  update(data) {
    const key = data.layers.join();
    if (key !== this.key) [this.low, this.high] = [-4, 1];
    this.key = key;
    super.update(data);
  }

  /** @returns {{label: string, values: number[]} | null} */
  get bound() {
    if (this.data?.activation !== "sigmoid") return null;
    return { label: this.t("charts.norms.bound"), values: sigmoidBound(this.norms().map(({ activations }) => activations)) };
  }

  norms() {
    const { data } = this;
    if (!data) return [];
    return data.layers.map((name, index) => {
      const [weights, activations] = SOURCES.map((source) => gradientAt(data[source], index).norm);
      return { name, weights, activations };
    });
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    const { font, width, height, palette } = this;
    const norms = this.norms();
    for (const norm of norms) {
      for (const value of [norm.weights, norm.activations]) {
        if (!(value > 0) || !Number.isFinite(value)) continue;
        this.low = Math.max(-14, Math.min(this.low, Math.floor(Math.log10(value) - 0.2)));
        this.high = Math.max(this.high, Math.ceil(Math.log10(value) + 0.1));
      }
    }
    this.type(1, "600");
    const left = this.widest(norms.map(({ name }) => name)) + font.size * 0.8;
    this.type();
    const values = this.widest(["0.000e-00"]);
    const [top, bottom] = [font.size * 1.9, height - font.size * 1.6];
    this.box = { left, right: width - values - 8, top, bottom, row: (bottom - top) / Math.max(1, norms.length) };
    this.drawAxis(ctx);
    norms.forEach((norm, index) => this.drawRow(ctx, norm, index));
    this.drawBound(ctx);
    this.drawLegend(ctx);
    if (this.cell) {
      ctx.globalAlpha = 0.08;
      ctx.fillStyle = palette.ink;
      ctx.fillRect(0, top + this.cell.row * this.box.row, width, this.box.row);
      ctx.globalAlpha = 1;
    }
  }

  /** @param {number} value zero lies on the left edge */
  x(value) {
    const { left, right } = this.box;
    const exponent = value > 0 ? clamp(Math.log10(value), this.low, this.high) : this.low;
    return left + ((exponent - this.low) / (this.high - this.low)) * (right - left);
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawAxis(ctx) {
    const { palette, font } = this;
    const { left, right, top, bottom } = this.box;
    ctx.textAlign = "center";
    ctx.lineWidth = 1;
    for (const exponent of logTicks(this.low, this.high, right - left, font.size * 4)) {
      const x = Math.round(this.x(10 ** exponent)) + 0.5;
      ctx.strokeStyle = palette.line;
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, bottom + 4);
      ctx.stroke();
      ctx.fillStyle = palette.muted;
      ctx.fillText(decade(exponent), x, bottom + font.size * 0.95);
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {{name: string, weights: number, activations: number}} norm @param {number} index */
  drawRow(ctx, norm, index) {
    const { palette, numbers, font } = this;
    const { left, right, top, row } = this.box;
    const y = top + (index + 0.5) * row;
    const size = clamp(row * 0.2, 3, 6);
    ctx.textAlign = "left";
    ctx.fillStyle = palette.ink;
    const scale = clamp(row / (font.size * 1.05), 0.75, 1); // a deep network has low rows
    this.type(scale, "600");
    ctx.fillText(norm.name, 0, y);
    this.type(scale);
    const broken = !Number.isFinite(norm.weights);
    const end = broken ? right : this.x(norm.weights);
    ctx.fillStyle = palette.gradient;
    ctx.globalAlpha = 0.45;
    ctx.fillRect(left, y - size * 0.7, end - left, size * 1.4);
    ctx.globalAlpha = 1;
    ctx.strokeStyle = palette["gradient-ink"];
    ctx.lineWidth = 1.5;
    if (!broken) marker(ctx, "dot", end, y, size);
    ctx.fillStyle = palette.surface;
    if (Number.isFinite(norm.activations)) marker(ctx, "diamond", this.x(norm.activations), y, size);
    ctx.textAlign = "right";
    ctx.fillStyle = broken ? palette.bad : palette.ink;
    ctx.fillText(numbers.live(norm.weights), this.width, y);
    this.type();
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawBound(ctx) {
    const { bound } = this;
    if (!bound) return;
    const { top, row } = this.box;
    ctx.strokeStyle = this.palette.ink;
    ctx.setLineDash([5, 3]);
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    bound.values.forEach((value, index) => {
      if (value > 0) ctx.lineTo(this.x(value), top + (index + 0.5) * row);
    });
    ctx.stroke();
    ctx.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawLegend(ctx) {
    const { palette, font, t, bound } = this;
    const y = font.size * 0.8;
    let x = this.box.left + 6;
    ctx.textAlign = "left";
    ctx.lineWidth = 1.5;
    /** @param {string} text @param {() => void} drawKey */
    const entry = (text, drawKey) => {
      if (x + 16 + ctx.measureText(text).width > this.width) return;
      drawKey();
      ctx.fillStyle = palette.muted;
      ctx.fillText(text, x + 12, y);
      x += 12 + ctx.measureText(text).width + font.size * 1.6;
    };
    ctx.strokeStyle = palette["gradient-ink"];
    entry(this.t("charts.norms.weights"), () => {
      ctx.fillStyle = palette.gradient;
      marker(ctx, "dot", x, y, 5);
    });
    entry(t("charts.norms.activations"), () => {
      ctx.fillStyle = palette.surface;
      marker(ctx, "diamond", x, y, 5);
    });
    if (bound) {
      ctx.strokeStyle = palette.ink;
      x += 12;
      entry(bound.label, () => {
        ctx.setLineDash([5, 3]);
        ctx.beginPath();
        ctx.moveTo(x - 16, y);
        ctx.lineTo(x + 6, y);
        ctx.stroke();
        ctx.setLineDash([]);
      });
    }
  }

  describe() {
    const { t, numbers } = this;
    const layers = this.norms().map((n) =>
      t("charts.norms.row", { layer: n.name, weights: numbers.number(n.weights), activations: numbers.number(n.activations) }),
    );
    return `${t("charts.norms.label")}. ${layers.join(". ")}`;
  }

  grid() {
    return { rows: this.data?.layers.length ?? 0, columns: 1 };
  }

  /** @param {number} _x @param {number} y */
  cellAt(_x, y) {
    const row = Math.floor((y - this.box.top) / this.box.row);
    return row >= 0 && row < this.grid().rows ? { row, column: 0 } : null;
  }

  /** @param {import('../canvas.js').Cell} cell */
  tipOf({ row }) {
    const norm = this.norms()[row];
    if (!norm) return null;
    const { t, numbers } = this;
    const lines = [
      norm.name,
      t("charts.norms.weights_value", { value: numbers.number(norm.weights) }),
      t("charts.norms.activations_value", { value: numbers.number(norm.activations) }),
    ];
    const { bound } = this;
    if (bound && bound.values[row] > 0) lines.push(`${bound.label}: ${numbers.number(bound.values[row])}`);
    return { x: this.x(norm.weights), y: this.box.top + row * this.box.row, lines };
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {"dot" | "diamond"} shape @param {number} x @param {number} y @param {number} size */
function marker(ctx, shape, x, y, size) {
  ctx.beginPath();
  if (shape === "dot") ctx.arc(x, y, size, 0, 7);
  else
    for (const [dx, dy] of [
      [0, -1.2],
      [1.2, 0],
      [0, 1.2],
      [-1.2, 0],
    ])
      ctx.lineTo(x + dx * size, y + dy * size);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
}
