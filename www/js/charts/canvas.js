// What every canvas chart adds to its frame: sharp pixels, snapshots, the pointer and the keyboard.

import { lookAtScreen, placeIn, placeInWindow, scaleOf, sharpness } from "../kit/place.js";
import { Frame, element } from "./frame.js";
import { clamp } from "./scale.js";

/** @typedef {{row: number, column: number}} Cell */
/** @typedef {{x: number, y: number, lines: string[]}} Tip its target (in CSS pixels) and its text */

/**
 * A chart on one canvas. A subclass draws it, finds the cell under a point, and describes a cell and the whole chart in words.
 * @template Data
 */
export class Chart extends Frame {
  /**
   * @param {HTMLElement} host
   * @param {import("./frame.js").ChartOptions} options
   * @param {string} name also the key of its texts: `charts.NAME.label`
   */
  constructor(host, options, name) {
    super(host, options, name);
    /** @type {Data | null} the newest */
    this.latest = null;
    /** @type {Data | null} the snapshot shown in its place */
    this.past = null;
    /** @type {Cell | null} under the pointer or the keyboard's focus */
    this.cell = null;
    this.width = 0;
    this.height = 0;
    this.stage = element("div", "chart-stage");
    this.canvas = /** @type {HTMLCanvasElement} */ (element("canvas", "chart-canvas"));
    this.tip = element("div", "chart-tip");
    this.tip.popover = "manual";
    this.pastLabel = element("p", "chart-past");
    this.pastLabel.hidden = true;
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-describedby", this.id);
    this.stage.append(this.canvas, this.tip);
    this.enter(this.pastLabel, this.stage);
    this.ctx = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.select(null));
    this.canvas.addEventListener("keydown", (event) => this.press(event));
    this.canvas.addEventListener("blur", () => this.select(null));
    this.observer.observe(this.stage);
    this.sight.observe(this.stage);
    this.refreshTheme();
  }

  /** The data on show. */
  get data() {
    return this.past ?? this.latest;
  }

  /** @param {Data} data kept, not copied */
  update(data) {
    this.latest = data;
    this.invalidate();
  }

  /** Shows a snapshot with this label; null: the newest data again. @param {Data | null} past @param {string} [label] */
  recall(past, label = "") {
    this.past = past;
    this.pastLabel.hidden = past === null;
    if (this.pastLabel.textContent !== label) this.pastLabel.textContent = label;
    this.invalidate();
  }

  restyled() {
    this.canvas.setAttribute("aria-label", this.t(`charts.${this.name}.label`));
    this.themed();
    this.invalidate();
  }

  resized() {
    const { clientWidth, clientHeight } = this.stage;
    const ratio = sharpness(this.stage);
    [this.width, this.height] = [clientWidth, clientHeight];
    const [w, h] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (w === this.canvas.width && h === this.canvas.height) return;
    [this.canvas.width, this.canvas.height] = [w, h];
    this.invalidate();
  }

  redraw() {
    this.paint();
  }

  paint() {
    lookAtScreen();
    if (this.width < 8 || this.height < 8 || !this.canvas.isConnected) return; // in a hidden tab
    if (this.data) this.describeSoon();
    if (!this.near) return;
    const { ctx } = this;
    ctx.setTransform(this.canvas.width / this.width, 0, 0, this.canvas.height / this.height, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    ctx.globalAlpha = 1;
    ctx.textBaseline = "middle";
    this.type();
    if (!this.data) return this.drawEmpty(ctx);
    this.draw(ctx);
    if (this.cell) this.showTip();
  }

  /**
   * Sets the type of the next texts.
   * @param {number} [scale] relative to the page's type size
   * @param {string} [weight]
   */
  type(scale = 1, weight = "") {
    this.ctx.font = `${weight} ${this.font.size * scale}px ${this.font.family}`;
  }

  /** The width of the widest label, in the current type. @param {string[]} labels */
  widest(labels) {
    return Math.ceil(Math.max(0, ...labels.map((label) => this.ctx.measureText(label).width)));
  }

  /** Before the first data: says what the chart will show. @param {CanvasRenderingContext2D} ctx */
  drawEmpty(ctx) {
    const text = this.t(`charts.${this.name}.empty`);
    ctx.fillStyle = this.palette.muted;
    ctx.textAlign = "center";
    const lines = ctx.measureText(text).width <= this.width ? [text] : halves(text);
    const line = 1.4 * this.font.size;
    const top = (this.height - line * (lines.length - 1)) / 2;
    if (this.height > 3 * this.font.size) lines.forEach((words, i) => ctx.fillText(words, this.width / 2, top + line * i, this.width));
    if (this.summary.textContent !== text) this.summary.textContent = text;
  }

  // -- overridden by subclasses

  themed() {}

  /** @param {CanvasRenderingContext2D} _ctx in CSS pixels */
  draw(_ctx) {}

  /** @returns {{rows: number, columns: number}} how many cells the arrow keys reach */
  grid() {
    return { rows: 0, columns: 0 };
  }

  /**
   * @param {number} _x
   * @param {number} _y
   * @returns {Cell | null}
   */
  cellAt(_x, _y) {
    return null;
  }

  /**
   * @param {Cell} _cell
   * @returns {Tip | null}
   */
  tipOf(_cell) {
    return null;
  }

  // -- pointer and keyboard

  /** @param {PointerEvent} event */
  point(event) {
    if (!this.data) return;
    const cell = this.cellOf(event);
    if (cell?.row !== this.cell?.row || cell?.column !== this.cell?.column) this.select(cell);
  }

  /** The cell under a pointer. @param {MouseEvent} event */
  cellOf(event) {
    const { x, y } = placeIn(this.canvas, event);
    return this.cellAt(x, y);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (!this.data || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && !this.cell) return; // no cell to leave
    const { rows, columns } = this.grid();
    if (rows * columns === 0) return;
    const cell = this.cell ?? { row: 0, column: Math.floor((columns - 1) / 2) };
    const page = Math.max(1, Math.round(columns / 10));
    const moved = {
      ArrowUp: { row: cell.row - 1, column: cell.column },
      ArrowDown: { row: cell.row + 1, column: cell.column },
      ArrowLeft: { row: cell.row, column: cell.column - 1 },
      ArrowRight: { row: cell.row, column: cell.column + 1 },
      PageUp: { row: cell.row, column: cell.column - page },
      PageDown: { row: cell.row, column: cell.column + page },
      Home: { row: cell.row, column: 0 },
      End: { row: cell.row, column: columns - 1 },
      Escape: null,
    }[event.key];
    if (moved === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const start = this.cell ? moved : moved && cell; // the first key shows the current cell
    this.select(start && { row: clamp(start.row, 0, rows - 1), column: clamp(start.column, 0, columns - 1) });
    this.spoken.textContent = (this.cell && this.tipOf(this.cell)?.lines.join(", ")) ?? "";
  }

  /** @param {Cell | null} cell */
  select(cell) {
    this.cell = cell;
    if (!cell) this.tip.hidePopover();
    this.invalidate();
  }

  showTip() {
    const tip = this.cell && this.tipOf(this.cell);
    if (!tip) return this.tip.hidePopover();
    if (!this.tip.matches(":popover-open")) this.tip.showPopover();
    placeTip(this.tip, tip, this.canvas);
  }
}

/**
 * Fills a tip and places it beside its point, inside the window. It lies in the top layer, so no scrolling box clips it.
 * @param {HTMLElement} node
 * @param {Tip} tip
 * @param {HTMLElement} over the element the tip's point is measured in
 */
export function placeTip(node, tip, over) {
  const text = tip.lines.join("\n");
  if (node.textContent !== text) node.textContent = text;
  const { left, top } = over.getBoundingClientRect();
  const scale = scaleOf(over);
  const [x, y] = [left + tip.x * scale, top + tip.y * scale];
  const { width, height } = node.getBoundingClientRect();
  placeInWindow(node, x + 12 + width <= innerWidth ? x + 12 : x - 12 - width, y - height - 8, 0);
}

/** A sentence in two lines, broken at the space nearest its middle. @param {string} text */
function halves(text) {
  const at = text.indexOf(" ", text.length / 2);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * Diagonal lines: the mark for "nothing left to see", which does not rely on colour.
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
export function hatch(ctx, x, y, width, height) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.beginPath();
  for (let d = -height; d < width; d += 5) {
    ctx.moveTo(x + d, y + height);
    ctx.lineTo(x + d + height, y);
  }
  ctx.stroke();
  ctx.restore();
}
