// A grid of small pictures on one canvas, enlarged without blur: filters and feature maps.

import { Chart } from "../canvas.js";
import { clamp } from "../scale.js";

/**
 * Finds the number of columns that makes the patches largest.
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @param {number} aspect width of a patch divided by its height
 * @param {number} gap pixels between patches
 */
export function bestGrid(count, width, height, aspect, gap) {
  let best = { columns: 1, rows: Math.max(1, count), patch: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const patch = Math.min((width + gap) / columns - gap, ((height + gap) / rows - gap) * aspect);
    if (patch > best.patch) best = { columns, rows, patch };
  }
  return best;
}

/**
 * @template Data
 * @extends {Chart<Data>}
 */
export class Patches extends Chart {
  /**
   * @param {HTMLElement} host
   * @param {import("../frame.js").ChartOptions & {onpick?: (index: number) => void}} options onpick: called when a patch is clicked, or Enter is pressed on it
   * @param {string} name
   */
  constructor(host, options, name) {
    super(host, options, name);
    /** All patches side by side, one pixel per value. */
    this.image = document.createElement("canvas");
    this.layout = { columns: 1, rows: 1, width: 0, height: 0, top: 0 };
    this.fresh = false;
    /** The patch that another view shows. */
    this.chosen = -1;
    this.onpick = options.onpick;
    if (options.onpick) this.root.classList.add("chart-picks");
    this.canvas.addEventListener("click", (event) => this.pick(this.cellOf(event)));
  }

  /** @param {import('../canvas.js').Cell | null} cell */
  pick(cell) {
    if (cell) this.onpick?.(cell.row * this.layout.columns + cell.column);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.key === "Enter") this.pick(this.cell);
    else super.press(event);
  }

  /** @param {Data} data */
  update(data) {
    super.update(data);
    this.fresh = false;
  }

  /** @param {Data | null} past @param {string} [label] */
  recall(past, label) {
    super.recall(past, label);
    this.fresh = false;
  }

  themed() {
    this.fresh = false;
  }

  /** @returns {{count: number, width: number, height: number}} number and size of the patches, in values */
  shape() {
    return { count: 0, width: 1, height: 1 };
  }

  /** @param {Uint8ClampedArray} _pixels (height, count * width, 4), filled by it */
  fill(_pixels) {}

  /** @returns {string} one line above the patches */
  caption() {
    return "";
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    const { count, width, height } = this.shape();
    if (!count) return;
    this.paintImage(count, width, height);
    const { font, palette } = this;
    const top = font.size * 1.8;
    const fit = (/** @type {number} */ gap) => ({ gap, ...bestGrid(count, this.width - 2, this.height - top - 2, width / height, gap) });
    // Thousands of patches leave no room for wide gaps.
    const { gap, columns, rows, patch } = [fit(4), fit(1)].find((grid) => grid.patch >= 4) ?? fit(1);
    // Whole device pixels per value, where there is room.
    const ratio = this.canvas.width / this.width;
    const whole = Math.floor((patch * ratio) / width);
    const w = whole >= 1 ? (whole * width) / ratio : patch;
    const h = (w * height) / width;
    this.layout = { columns, rows, width: w + gap, height: h + gap, top };
    ctx.fillStyle = palette.muted;
    ctx.textAlign = "left";
    ctx.fillText(this.caption(), 0, font.size * 0.8, this.width);
    ctx.imageSmoothingEnabled = whole < 1;
    for (let index = 0; index < count; index++) {
      const { x, y } = this.corner(index);
      ctx.drawImage(this.image, index * width, 0, width, height, x, y, w, h);
    }
    const frame = (/** @type {number} */ index, /** @type {string} */ colour) => {
      const { x, y } = this.corner(index);
      ctx.strokeStyle = colour;
      ctx.lineWidth = 2;
      ctx.strokeRect(x - 1, y - 1, w + 2, h + 2);
    };
    if (this.chosen >= 0) frame(this.chosen, palette.gradient);
    if (this.cell) frame(this.cell.row * columns + this.cell.column, palette.ink);
  }

  /** @param {number} count @param {number} width @param {number} height */
  paintImage(count, width, height) {
    if (this.fresh) return;
    this.fresh = true;
    [this.image.width, this.image.height] = [count * width, height];
    const ctx = this.image.getContext("2d");
    if (!ctx) return;
    const image = ctx.createImageData(count * width, height);
    this.fill(image.data);
    ctx.putImageData(image, 0, 0);
  }

  /** @param {number} index */
  corner(index) {
    const { columns, width, height, top } = this.layout;
    return { x: 1 + (index % columns) * width, y: top + 1 + Math.floor(index / columns) * height };
  }

  grid() {
    const { columns } = this.layout;
    return { rows: Math.ceil(this.shape().count / columns), columns };
  }

  /** @param {number} x @param {number} y */
  cellAt(x, y) {
    const { columns, width, height, top } = this.layout;
    const cell = { row: Math.floor((y - top) / height), column: Math.floor(x / width) };
    const inside = cell.row >= 0 && cell.column < columns && cell.row * columns + cell.column < this.shape().count;
    return inside ? cell : null;
  }

  /** @param {number} _index @returns {string[]} */
  words(_index) {
    return [];
  }

  /** @param {import('../canvas.js').Cell} cell */
  tipOf(cell) {
    const index = clamp(cell.row * this.layout.columns + cell.column, 0, this.shape().count - 1);
    const { x, y } = this.corner(index);
    return { x: x + this.layout.width, y, lines: this.words(index) };
  }

  describe() {
    return `${this.t(`charts.${this.name}.label`)}. ${this.caption()}`;
  }
}
