// What every canvas chart shares: sharp pixels, drawing on demand, the page's colours, the pointer and the keyboard,
// and a text equivalent for users who cannot see it.

import { lookAtScreen, placeIn, placeInWindow, scaleOf, sharpness, whenScreenChanges } from "../kit/place.js";
import { Numbers } from "./numbers.js";
import { clamp } from "./scale.js";

export { clamp };

/**
 * @typedef {object} ChartOptions
 * @property {(key: string, values?: Record<string, string | number>) => string} t text of a key in the page's language
 * @property {boolean} reducedMotion
 * @property {string} [language] of the page
 * @property {boolean} [compact] fewer words, for slides and small embeds
 * @property {boolean} [recorded] a recording that has ended
 */

/** @typedef {{row: number, column: number}} Cell */
/** @typedef {{x: number, y: number, lines: string[]}} Tip where it points to (in CSS pixels) and what it says */
/** @typedef {[number, number, number]} Rgb */

const COLOURS = /** @type {const} */ ([
  "train",
  "test",
  "gradient",
  "gradient-ink",
  "activation",
  "activation-ink",
  "weight",
  "weight-ink",
  "ink",
  "muted",
  "line",
  "surface",
  "sunken",
  "bad",
  "mark",
  "lane-1",
  "lane-2",
  "lane-3",
  "lane-4",
]);
/** @typedef {Record<typeof COLOURS[number], string>} Palette */

/** Milliseconds between two versions of the text equivalent. */
const SUMMARY_EVERY = 2000;
let nextId = 0;

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} [text]
 */
export function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/**
 * Tells whether a chart is in view or less than a screen away. Farther away it need not be drawn.
 * @param {Element} stage
 * @param {(near: boolean) => void} tell
 */
export function whenNear(stage, tell) {
  const observer = new IntersectionObserver((entries) => tell(entries[entries.length - 1].isIntersecting), { rootMargin: "100%" });
  observer.observe(stage);
  return observer;
}

/**
 * The page's colours as the browser resolves them (rgb(...)), so that they can be taken apart.
 * @param {HTMLElement} root
 * @returns {Palette}
 */
export function readPalette(root) {
  const probe = element("span", "");
  probe.style.setProperty("forced-color-adjust", "none"); // charts keep their hues
  root.append(probe);
  const palette = /** @type {Palette} */ ({});
  for (const name of COLOURS) {
    probe.style.color = `var(--${name})`;
    palette[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return palette;
}

/** @param {Palette} palette @param {number} lane */
export const laneColour = (palette, lane) => palette[/** @type {keyof Palette} */ (`lane-${lane + 1}`)];

/** @param {string} colour rgb(r, g, b) */
export const faint = (colour) => colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.22)");

/**
 * @param {string} colour as `readPalette` returns it
 * @returns {Rgb} 0 to 255
 */
export function rgb(colour) {
  const parts = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  const unit = colour.startsWith("color(") ? 255 : 1;
  return [(parts[0] ?? 0) * unit, (parts[1] ?? 0) * unit, (parts[2] ?? 0) * unit];
}

/** Colours, type and language of a chart as the page has them now. @param {{root: HTMLElement, host: HTMLElement, options: {language?: string}}} chart */
export function styleOf({ root, host, options }) {
  const { fontFamily, fontSize } = getComputedStyle(root);
  return { palette: readPalette(root), font: { family: fontFamily, size: parseFloat(fontSize) || 14 }, numbers: new Numbers(options.language) };
}

/**
 * A chart on one canvas. A subclass draws it, finds the cell under a point, and describes a cell and the whole chart in words.
 * @template Data
 */
export class Chart {
  /**
   * @param {HTMLElement} host
   * @param {ChartOptions} options
   * @param {string} name also the key of its texts: `charts.NAME.label`
   */
  constructor(host, options, name) {
    this.host = host;
    this.options = options;
    this.name = name;
    /** @type {Data | null} the newest */
    this.latest = null;
    /** @type {Data | null} the snapshot shown in its place */
    this.past = null;
    /** @type {Cell | null} under the pointer or the keyboard's focus */
    this.cell = null;
    this.width = 0;
    this.height = 0;
    this.frame = 0;
    this.summaryTimer = 0;

    this.root = element("div", `chart chart-${name}`);
    this.stage = element("div", "chart-stage");
    this.canvas = /** @type {HTMLCanvasElement} */ (element("canvas", "chart-canvas"));
    this.summary = element("p", "chart-words");
    this.summary.id = `chart-${name}-${nextId++}`;
    this.spoken = element("p", "chart-words");
    this.spoken.setAttribute("aria-live", "polite");
    this.tip = element("div", "chart-tip");
    this.tip.popover = "manual";
    this.pastLabel = element("p", "chart-past");
    this.pastLabel.hidden = true;
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-describedby", this.summary.id);
    this.stage.append(this.canvas, this.tip);
    this.root.append(this.pastLabel, this.stage, this.summary, this.spoken);
    host.append(this.root);

    this.ctx = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.palette = readPalette(this.root);
    this.numbers = new Numbers(options.language);
    this.font = { family: "sans-serif", size: 14 };
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.select(null));
    this.canvas.addEventListener("keydown", (event) => this.press(event));
    this.canvas.addEventListener("blur", () => this.select(null));
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.stage);
    this.stopWatching = whenScreenChanges(() => this.resize());
    this.near = true;
    this.sight = whenNear(this.stage, (near) => {
      this.near = near;
      if (near) this.invalidate();
    });
    this.refreshTheme();
  }

  /** The page may change the language in `options`, so no copy is kept. */
  get t() {
    return this.options.t;
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

  /** Reads colours, type and language again. */
  refreshTheme() {
    Object.assign(this, styleOf(this));
    this.canvas.setAttribute("aria-label", this.t(`charts.${this.name}.label`));
    this.themed();
    this.invalidate();
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    const ratio = sharpness(this.stage);
    [this.width, this.height] = [clientWidth, clientHeight];
    if (!this.palette.ink) this.refreshTheme(); // made before it was put into the page
    const [w, h] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (w === this.canvas.width && h === this.canvas.height) return;
    [this.canvas.width, this.canvas.height] = [w, h];
    this.invalidate();
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.summaryTimer);
    this.frame = -1; // nothing is drawn any more
    this.observer.disconnect();
    this.sight.disconnect();
    this.stopWatching();
    this.root.remove();
  }

  /** Draws in the next animation frame, once. */
  invalidate() {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = 0;
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

  /** Renews the text equivalent from time to time. */
  describeSoon() {
    this.summaryTimer ||= window.setTimeout(() => {
      this.summaryTimer = 0;
      const words = this.describe();
      if (this.summary.textContent !== words) this.summary.textContent = words;
    }, SUMMARY_EVERY);
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

  /** @returns {string} the picture in words */
  describe() {
    return "";
  }

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
