// The norm of the gradient that reaches each layer, first to last, for all networks on one log axis, beside a curve that falls to a quarter
// at each layer.

import { Chart } from "../canvas.js";
import { laneColour } from "../colours.js";
import { decade } from "../numbers.js";
import { clamp, logTicks } from "../scale.js";

/**
 * @typedef {object} DepthNormsData
 * @property {string[]} layers first to last
 * @property {{name: string, norms: number[]}[]} lanes one norm per layer; none before a network's first snapshot
 * @property {number[]} bound one norm per layer; none where no bound applies
 */

/** Sides of each network's marks, so that not only colour tells the networks apart. */
const SIDES = [0, 4, 3, 5];

/** @extends {Chart<DepthNormsData>} */
export class DepthNorms extends Chart {
  /**
   * @param {HTMLElement} host
   * @param {import("../frame.js").ChartOptions} options
   */
  constructor(host, options) {
    super(host, options, "depth_norms");
    this.low = this.high = 0;
    /** Exponents of the axis. @type {number[]} */
    this.ticks = [];
    this.box = { left: 0, right: 0, top: 0, bottom: 0, step: 0 };
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    const { font, width, height } = this;
    const { layers, lanes, bound } = /** @type {DepthNormsData} */ (this.data);
    const exponents = [...lanes.flatMap(({ norms }) => norms), ...bound].filter((norm) => norm > 0 && norm < Infinity).map(Math.log10);
    [this.low, this.high] = exponents.length > 0 ? [Math.floor(Math.min(...exponents)), Math.ceil(Math.max(...exponents))] : [-4, 0];
    if (this.high === this.low) this.high++;
    const [top, bottom] = [font.size * 2, height - font.size * 1.8];
    this.ticks = logTicks(this.low, this.high, bottom - top, font.size * 1.3);
    const left = this.widest(this.ticks.map(decade)) + 16;
    const right = width - this.widest([layers.at(-1) ?? ""]) / 2 - 2;
    this.box = { left, right, top, bottom, step: (right - left) / Math.max(1, layers.length - 1) };
    this.drawAxes(ctx, layers);
    ctx.lineWidth = 1.5;
    this.curve(ctx, bound, this.palette.ink, true);
    ctx.lineWidth = 2;
    lanes.forEach(({ norms }, lane) => {
      const colour = laneColour(this.palette, lane);
      this.curve(ctx, norms, colour);
      norms.forEach((norm, layer) => norm > 0 && shape(ctx, SIDES[lane], this.x(layer), this.y(norm), clamp(this.box.step * 0.25, 2, 4), colour));
    });
    this.drawLegend(ctx);
    if (!this.cell) return;
    ctx.globalAlpha = 0.08;
    ctx.fillStyle = this.palette.ink;
    ctx.fillRect(this.x(this.cell.column - 0.5), this.box.top, this.box.step, this.box.bottom - this.box.top);
    ctx.globalAlpha = 1;
  }

  /** @param {number} layer */
  x(layer) {
    return this.box.left + layer * this.box.step;
  }

  /** @param {number} norm zero lies at the bottom */
  y(norm) {
    const { top, bottom } = this.box;
    const exponent = norm > 0 ? clamp(Math.log10(norm), this.low, this.high) : this.low;
    return bottom - ((exponent - this.low) / (this.high - this.low)) * (bottom - top);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {string[]} layers */
  drawAxes(ctx, layers) {
    const { palette, font, width } = this;
    const { left, top, bottom } = this.box;
    ctx.lineWidth = 1;
    ctx.strokeStyle = palette.line;
    ctx.fillStyle = palette.muted;
    ctx.textAlign = "right";
    for (const exponent of this.ticks) {
      const y = Math.round(this.y(10 ** exponent)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(left - 8, y);
      ctx.lineTo(width, y);
      ctx.stroke();
      ctx.fillText(decade(exponent), left - 12, y);
    }
    // The first and the last layer are always named, the others where there is room.
    ctx.textAlign = "center";
    const half = (/** @type {number} */ layer) => ctx.measureText(layers[layer]).width / 2 + 3;
    const last = layers.length - 1;
    let free = -Infinity;
    layers.forEach((name, layer) => {
      const x = this.x(layer);
      if (layer !== last && (x - half(layer) < free || (layer > 0 && x + half(layer) > this.x(last) - half(last)))) return;
      free = x + half(layer);
      ctx.fillText(name, x, bottom + font.size * 1.2);
    });
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number[]} norms @param {string} colour @param {boolean} [dashed] */
  curve(ctx, norms, colour, dashed = false) {
    ctx.strokeStyle = colour;
    ctx.setLineDash(dashed ? [5, 3] : []);
    ctx.beginPath();
    norms.forEach((norm, layer) => Number.isFinite(norm) && ctx.lineTo(this.x(layer), this.y(norm)));
    ctx.stroke();
    ctx.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawLegend(ctx) {
    const { palette, font, t } = this;
    const { lanes, bound } = /** @type {DepthNormsData} */ (this.data);
    const y = font.size * 0.7;
    let x = 5;
    ctx.textAlign = "left";
    lanes.forEach(({ name }, lane) => {
      shape(ctx, SIDES[lane], x, y, 4, laneColour(palette, lane));
      ctx.fillStyle = palette.ink;
      ctx.fillText(name, x + 9, y);
      x += 9 + ctx.measureText(name).width + font.size;
    });
    if (bound.length === 0) return;
    ctx.strokeStyle = palette.ink;
    ctx.lineWidth = 1.5;
    ctx.setLineDash([5, 3]);
    ctx.beginPath();
    ctx.moveTo(x - 4, y);
    ctx.lineTo(x + 18, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillText(t("charts.depth_norms.bound"), x + 23, y);
  }

  describe() {
    const { layers, lanes } = /** @type {DepthNormsData} */ (this.data);
    const { t, numbers } = this;
    const end = layers.length - 1;
    return lanes
      .filter(({ norms }) => norms.length > 0)
      .map(({ name, norms }) =>
        t("charts.depth_norms.words", {
          lane: name,
          first: layers[0],
          last: layers[end],
          reaches: numbers.number(norms[0]),
          starts: numbers.number(norms[end]),
        }),
      )
      .join(" ");
  }

  grid() {
    return { rows: 1, columns: this.data?.layers.length ?? 0 };
  }

  /** @param {number} x */
  cellAt(x) {
    const column = Math.round((x - this.box.left) / this.box.step);
    return column >= 0 && column < this.grid().columns ? { row: 0, column } : null;
  }

  /** @param {import('../canvas.js').Cell} cell */
  tipOf({ column }) {
    const { layers, lanes, bound } = /** @type {DepthNormsData} */ (this.data);
    const line = (/** @type {string} */ name, /** @type {number} */ norm) => `${name}: ${this.numbers.number(norm)}`;
    const lines = [layers[column], ...lanes.filter(({ norms }) => norms.length > 0).map(({ name, norms }) => line(name, norms[column]))];
    if (bound.length > 0) lines.push(line(this.t("charts.depth_norms.bound"), bound[column]));
    return { x: this.x(column), y: this.box.top + this.font.size, lines };
  }
}

/** A filled polygon, or a disk for 0 sides. @param {CanvasRenderingContext2D} ctx @param {number} sides @param {number} x @param {number} y @param {number} size @param {string} colour */
function shape(ctx, sides, x, y, size, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  if (sides === 0) ctx.arc(x, y, size, 0, 7);
  for (let corner = 0; corner < sides; corner++) {
    const angle = (2 * Math.PI * corner) / sides - Math.PI / 2;
    ctx.lineTo(x + 1.25 * size * Math.cos(angle), y + 1.25 * size * Math.sin(angle));
  }
  ctx.fill();
}
