// The distribution of each layer's activations on the probe images, in figures too: saturated, dead, mean and standard deviation.

import { Chart } from "../canvas.js";
import { ACTIVATION_BINS, activationAt } from "../rows.js";
import { clamp } from "../scale.js";

/**
 * @typedef {object} ActivationsData
 * @property {number} step
 * @property {string[]} layers (n)
 * @property {Float32Array} rows (n, ACTIVATION_ROW)
 */

/** Least width of a panel for another column, in units of the type size. */
const PANEL_WIDTH = 26;

/** @extends {Chart<ActivationsData>} */
export class Activations extends Chart {
  /**
   * @param {HTMLElement} host
   * @param {import("../frame.js").ChartOptions} options
   */
  constructor(host, options) {
    super(host, options, "activations");
    this.box = { columns: 1, rows: 1, width: 0, height: 0, label: 0 };
    /** Width of the words beside a panel: it grows with them and never shrinks. */
    this.room = 0;
  }

  layers() {
    const { data } = this;
    return data ? data.layers.map((name, index) => ({ name, ...activationAt(data.rows, index) })) : [];
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    const layers = this.layers();
    const { font, width, height } = this;
    const beside = Math.max(1, Math.floor(width / (PANEL_WIDTH * font.size)));
    const columns = Math.min(beside, Math.max(1, Math.ceil((layers.length * 4.2 * font.size) / height)));
    const rows = Math.max(1, Math.ceil(layers.length / columns));
    this.type(1, "600");
    const label = this.widest(layers.map(({ name }) => name)) + font.size * 0.8;
    this.box = { columns, rows, width: (width - (columns - 1) * font.size * 1.5) / columns, height: height / rows, label };
    const most = 0.45 * this.box.width;
    this.room = Math.min(most, Math.max(this.room, 11.8 * font.size, this.widest(layers.flatMap((layer) => this.words(layer).lines))));
    layers.forEach((layer, index) => this.drawPanel(ctx, layer, index));
  }

  themed() {
    this.room = 0;
  }

  /** The place of a panel: down the columns, in the order of the network. @param {number} index */
  place(index) {
    const { rows, width, height, label } = this.box;
    const { size } = this.font;
    const [column, row] = [Math.floor(index / rows), index % rows];
    const left = column * (width + size * 1.5);
    const plot = { left: left + label, right: left + width - (width > 30 * size ? this.room + size * 0.7 : 0), top: row * height + 4 };
    const tall = height > size * 3;
    return {
      ...plot,
      text: left,
      bottom: (row + 1) * height - (tall ? size * 1.5 : 3),
      tall,
      wide: width > 30 * size,
      words: left + width - this.room,
    };
  }

  /** @param {CanvasRenderingContext2D} ctx @param {ReturnType<Activations["layers"]>[number]} layer @param {number} index */
  drawPanel(ctx, layer, index) {
    const { palette, font, numbers } = this;
    const { left, right, top, bottom, text, tall, wide, words } = this.place(index);
    ctx.textAlign = "left";
    ctx.fillStyle = palette.ink;
    this.type(1, "600");
    ctx.fillText(layer.name, text, (top + bottom) / 2);
    this.type();

    const span = layer.max - layer.min;
    const x = (/** @type {number} */ value) => left + (span > 0 ? (value - layer.min) / span : 0.5) * (right - left);
    const highest = Math.max(1, ...layer.bins);
    const step = (right - left) / ACTIVATION_BINS;
    ctx.fillStyle = palette.activation;
    // The root of the share: with ReLU most values are zero and would hide the others.
    layer.bins.forEach((count, bin) => {
      const h = Math.sqrt(count / highest) * (bottom - top - 2);
      if (h > 0) ctx.fillRect(left + bin * step, bottom - Math.max(1, h), Math.max(1, step - 0.5), Math.max(1, h));
    });
    ctx.strokeStyle = palette.muted;
    ctx.lineWidth = 1;
    segment(ctx, left, bottom + 0.5, right, bottom + 0.5);
    if (layer.min < 0 && layer.max > 0) {
      ctx.setLineDash([2, 2]);
      segment(ctx, x(0), top, x(0), bottom);
      ctx.setLineDash([]);
    }
    if (Number.isFinite(layer.mean)) this.drawMean(ctx, x(layer.mean), x(layer.mean - layer.std), x(layer.mean + layer.std), { left, right, bottom });
    if (tall && Number.isFinite(span)) {
      ctx.fillStyle = palette.muted;
      const y = bottom + font.size * 0.8;
      ctx.fillText(numbers.number(layer.min), left, y);
      ctx.textAlign = "right";
      ctx.fillText(numbers.number(layer.max), right, y);
      if (!wide) this.drawLine(ctx, layer, (left + right) / 2, y, right - left - 2 * font.size * 3.6);
    }
    if (!tall && wide && Number.isFinite(span)) {
      // There is no room below the axis, so its ends are named above it.
      ctx.fillStyle = palette.muted;
      ctx.textAlign = "right";
      ctx.fillText(numbers.number(layer.max), right, top + font.size * 0.5);
      ctx.textAlign = "left";
      if (layer.min < 0) ctx.fillText(numbers.number(layer.min), left, top + font.size * 0.5);
    }
    if (!wide && !tall) {
      const { alarm, lines } = this.words(layer);
      if (!alarm) return;
      this.type(1, "600");
      ctx.textAlign = "right";
      ctx.lineWidth = 4;
      ctx.strokeStyle = palette.surface;
      ctx.strokeText(lines[0], right, top + font.size * 0.5);
      ctx.fillStyle = palette.bad;
      ctx.fillText(lines[0], right, top + font.size * 0.5);
      this.type();
    }
    if (!wide) return;
    ctx.textAlign = "left";
    const { alarm, lines } = this.words(layer);
    const fits = Math.max(1, Math.floor((bottom - top + (tall ? font.size : 0)) / (font.size * 1.25)));
    const shown = lines.slice(0, fits);
    shown.forEach((line, at) => {
      ctx.fillStyle = at === 0 && alarm ? palette.bad : palette.muted;
      this.type(1, at === 0 && alarm ? "600" : "");
      const middle = (top + bottom) / 2 + (tall ? font.size * 0.5 : 0);
      ctx.fillText(line, words, middle + font.size * 1.25 * (at - (shown.length - 1) / 2), this.room);
    });
  }

  /**
   * @param {CanvasRenderingContext2D} ctx @param {number} mean @param {number} low @param {number} high
   * @param {{left: number, right: number, bottom: number}} box
   */
  drawMean(ctx, mean, low, high, { left, right, bottom }) {
    const { palette } = this;
    const y = bottom - 4;
    ctx.strokeStyle = palette["activation-ink"];
    ctx.lineWidth = 3;
    segment(ctx, clamp(low, left, right), y, clamp(high, left, right), y);
    ctx.fillStyle = palette.ink;
    ctx.strokeStyle = palette.surface;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.arc(mean, y, 4, 0, 7);
    ctx.fill();
    ctx.stroke();
  }

  /**
   * Writes the words that fit between the ends of the axis.
   * @param {CanvasRenderingContext2D} ctx @param {ReturnType<Activations["layers"]>[number]} layer
   * @param {number} x @param {number} y @param {number} room
   */
  drawLine(ctx, layer, x, y, room) {
    const { alarm, lines } = this.words(layer);
    this.type(1, alarm ? "600" : "");
    while (lines.length > 1 && ctx.measureText(lines.join(" · ")).width > room) lines.pop();
    const text = lines.join(" · ");
    ctx.textAlign = "center";
    ctx.fillStyle = alarm ? this.palette.bad : this.palette.ink;
    if (ctx.measureText(text).width <= room) ctx.fillText(text, x, y);
    this.type();
  }

  /** @param {ReturnType<Activations["layers"]>[number]} a */
  words(a) {
    const { t, numbers } = this;
    const lines = [];
    if (a.nan + a.inf > 0) lines.push(t("charts.ridges.broken", { nan: numbers.count(a.nan), inf: numbers.count(a.inf) }));
    if (a.saturated > 0) lines.push(t("charts.activations.saturated", { percent: numbers.percent(a.saturated) }));
    if (a.dead > 0) lines.push(t("charts.activations.dead", { percent: numbers.percent(a.dead) }));
    const alarm = a.nan + a.inf > 0 || a.saturated > 0.5 || a.dead > 0.3;
    lines.push(t("charts.activations.spread", { mean: numbers.live(a.mean), std: numbers.live(a.std) }));
    return { alarm, lines };
  }

  describe() {
    const { t } = this;
    return [t("charts.activations.label"), ...this.layers().map((a) => `${a.name}: ${this.words(a).lines.join(", ")}`)].join(". ");
  }

  grid() {
    return { rows: this.data?.layers.length ?? 0, columns: ACTIVATION_BINS };
  }

  /** @param {number} x @param {number} y */
  cellAt(x, y) {
    const { rows, width, height } = this.box;
    const row = Math.floor(x / (width + this.font.size * 1.5)) * rows + Math.min(rows - 1, Math.floor(y / height));
    if (row >= this.grid().rows) return null;
    const { left, right } = this.place(row);
    return { row, column: clamp(Math.floor(((x - left) / (right - left)) * ACTIVATION_BINS), 0, ACTIVATION_BINS - 1) };
  }

  /** @param {import('../canvas.js').Cell} cell */
  tipOf({ row, column }) {
    const a = this.layers()[row];
    if (!a) return null;
    const { t, numbers } = this;
    const { left, right, top } = this.place(row);
    const width = (a.max - a.min) / ACTIVATION_BINS;
    const from = a.min + column * width;
    const lines = [
      t("charts.activations.bin", {
        layer: a.name,
        from: numbers.number(from),
        to: numbers.number(from + width),
        percent: numbers.percent(a.bins[column] / Math.max(1, a.total)),
      }),
      ...this.words(a).lines,
    ];
    return { x: left + ((column + 0.5) / ACTIVATION_BINS) * (right - left), y: top, lines };
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function segment(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}
