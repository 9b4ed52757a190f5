// @ts-check
/** The small pictures of the view: numbers in a square, bars, a ranking, colours, a function's curve. */
import { placeTip } from "../charts/canvas.js";
import { h, setAttribute, setText, share, svg } from "../kit/dom.js";
import { placeIn } from "../kit/place.js";
import { figure, short } from "./formula.js";

/** @typedef {Node | string} Words */

/** Numbers under a window, each on a background that shows its size: blue is positive, grey is negative. */
export class Grid {
  /** @param {Words[]} caption @param {number} side */
  constructor(caption, side) {
    this.side = side;
    this.cells = Array.from({ length: side * side }, () => h("td"));
    const rows = Array.from({ length: side }, (_, row) => h("tr", null, this.cells.slice(row * side, (row + 1) * side)));
    this.element = h("table", { class: "drill-grid", "data-fine": side > 4 }, h("caption", null, caption), h("tbody", null, rows));
  }

  /**
   * @param {(number | null)[]} values null in the padding
   * @param {{marked?: number, circled?: number, pad?: string}} [signs] outlined cells, and the text in the padding
   */
  update(values, { marked = -1, circled = -1, pad = "0" } = {}) {
    const largest = Math.max(1e-30, ...values.map((x) => Math.abs(x ?? 0)).filter(Number.isFinite));
    this.cells.forEach((cell, at) => {
      const x = values[at];
      setText(cell, x === null ? pad : short(x));
      cell.title = x === null ? "" : figure(x);
      setAttribute(cell, "data-sign", x === null ? "padding" : x < 0 ? "negative" : "positive");
      setAttribute(cell, "data-marked", at === marked);
      setAttribute(cell, "data-circled", at === circled);
      cell.style.setProperty("--share", String(Math.round(100 * share(Math.abs(x ?? 0) / largest))));
    });
  }
}

/** Height of the bars' drawing, in its own units. */
const HEIGHT = 100;

/**
 * Values side by side as bars from zero, styled by kind. A value that is not finite has a bar of full height. With `say`, each bar shows its
 * value on hover; with `onpick`, pointer and arrow keys choose a bar.
 */
export class Bars {
  /** @param {{label: string, kinds: string[], onpick?: (index: number) => void, say?: (index: number) => string}} options */
  constructor({ label, kinds, onpick, say }) {
    this.paths = [...kinds, "broken"].map((kind) => svg("path", { class: `bars-${kind}` }));
    this.chosen = svg("rect", { class: "bars-chosen", y: 0, height: HEIGHT, width: 1 });
    this.zero = svg("line", { class: "bars-zero", x1: 0 });
    this.drawing = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true", class: "drill-bars" }, this.chosen, ...this.paths, this.zero);
    this.element = h("div", { class: "drill-bars-box", role: onpick ? "slider" : "img", "aria-label": label }, this.drawing);
    this.count = 1;
    this.at = -1;
    this.say = say;
    this.tip = h("div", { class: "chart-tip", popover: "manual" });
    if (say) {
      this.element.append(this.tip);
      this.element.addEventListener("pointermove", (event) => this.showTip(this.indexAt(event)));
      this.element.addEventListener("pointerleave", () => this.tip.hidePopover());
    }
    if (!onpick) return;
    const pick = (/** @type {number} */ index) => onpick(Math.max(0, Math.min(index, this.count - 1)));
    this.element.tabIndex = 0;
    this.element.addEventListener("click", (event) => pick(this.indexAt(event)));
    this.element.addEventListener("keydown", (event) => {
      const to = { ArrowRight: this.at + 1, ArrowUp: this.at + 1, ArrowLeft: this.at - 1, ArrowDown: this.at - 1, Home: 0, End: this.count - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      pick(to);
    });
  }

  /** @param {MouseEvent} event */
  indexAt(event) {
    const { x } = placeIn(this.element, event);
    return Math.max(0, Math.min(Math.floor((x / this.element.offsetWidth) * this.count), this.count - 1));
  }

  /** @param {number} index */
  showTip(index) {
    if (!this.tip.matches(":popover-open")) this.tip.showPopover();
    const x = ((index + 1) / this.count) * this.element.clientWidth;
    placeTip(this.tip, { x, y: 0, lines: [this.say?.(index) ?? ""] }, this.element);
  }

  /**
   * @param {ArrayLike<number>} values @param {(index: number) => number} kindOf the kind of each
   * @param {number} [chosen] @param {number} [scale] the absolute value of full height
   */
  update(values, kindOf, chosen = -1, scale = 0) {
    const n = (this.count = values.length);
    const list = Array.from(values, (x) => (Number.isFinite(x) ? x : 0));
    const high = Math.max(Number.isFinite(scale) ? scale : 0, ...list, 0);
    const low = Math.max(...list.map((x) => -x), 0);
    const unit = HEIGHT / Math.max(high + low, 1e-30);
    const base = high * unit;
    const parts = this.paths.map(() => "");
    list.forEach((x, at) => {
      if (Number.isFinite(values[at])) parts[kindOf(at)] += `M${at + 0.1} ${base}h.8v${(-x * unit).toFixed(2)}h-.8z`;
      else parts[parts.length - 1] += `M${at + 0.1} 0h.8v${HEIGHT}h-.8z`;
    });
    this.paths.forEach((path, kind) => setAttribute(path, "d", parts[kind]));
    setAttribute(this.drawing, "viewBox", `0 0 ${n} ${HEIGHT}`);
    for (const [name, value] of [
      ["x2", n],
      ["y1", base],
      ["y2", base],
    ])
      setAttribute(this.zero, String(name), String(value));
    setAttribute(this.chosen, "x", String(chosen));
    this.at = chosen;
    if (this.element.getAttribute("role") !== "slider") return;
    setAttribute(this.element, "aria-valuemin", "1");
    setAttribute(this.element, "aria-valuemax", String(n));
    setAttribute(this.element, "aria-valuenow", String(chosen + 1));
    setAttribute(this.element, "aria-valuetext", this.say?.(chosen) ?? "");
  }
}

/** @typedef {{name: string, value: number, note?: string, own?: boolean, rest?: boolean}} Ranked `rest`: all others added up, without a bar */

/** Named values, each with a bar; their number is fixed. */
export class Ranking {
  /** @param {Words[]} caption @param {(row: number) => void} [onpick] */
  constructor(caption, onpick) {
    this.body = h("tbody");
    this.element = h("table", { class: "drill-ranking" }, h("caption", null, caption), this.body);
    this.onpick = onpick;
    /** @type {{row: HTMLElement, name: HTMLElement, note: HTMLElement, value: HTMLElement, bar: HTMLElement}[]} */
    this.rows = [];
  }

  /** @param {number} at @param {boolean} rest */
  row(at, rest) {
    const onpick = rest ? undefined : this.onpick;
    const [note, value] = [h("td", { class: "drill-note" }), h("td", { class: "figure" })];
    const bar = h("span", { class: "drill-bar" });
    const name = onpick ? h("button", { type: "button", class: "drill-pick", onclick: () => onpick(at) }) : h("span");
    const row = h("tr", null, h("th", { scope: "row" }, name), note, value, h("td", { class: "drill-track" }, bar));
    return { row, name, note, value, bar };
  }

  /** @param {Ranked[]} list */
  update(list) {
    while (this.rows.length < list.length) {
      const made = this.row(this.rows.length, list[this.rows.length].rest ?? false);
      this.rows.push(made);
      this.body.append(made.row);
    }
    const largest = Math.max(1e-30, ...list.map(({ value, rest }) => (rest ? 0 : Math.abs(value))).filter(Number.isFinite));
    list.forEach(({ name, value, note = "", own = false, rest = false }, at) => {
      const row = this.rows[at];
      setText(row.name, name);
      setText(row.note, note);
      setText(row.value, figure(value));
      setAttribute(row.row, "data-own", own);
      row.bar.hidden = rest;
      setAttribute(row.bar, "data-sign", value < 0 ? "negative" : "positive");
      row.bar.style.transform = `scaleX(${share(Math.abs(value) / largest)})`;
    });
  }
}

/**
 * Three channels as colours; mid grey is zero.
 * @param {HTMLCanvasElement} canvas @param {(number | null)[][]} channels red, green and blue, row by row @param {number} width
 */
export function drawColours(canvas, channels, width) {
  const height = channels[0].length / width;
  const largest = Math.max(
    1e-30,
    ...channels
      .flat()
      .map((x) => Math.abs(x ?? 0))
      .filter(Number.isFinite),
  );
  const image = new ImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    channels.forEach((values, c) => (image.data[4 * at + c] = 127.5 + (127.5 * (values[at] ?? 0)) / largest));
    image.data[4 * at + 3] = 255;
  }
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** Samples of a curve, and the least half-width of its range. */
const [SAMPLES, REACH] = [60, 3];

/** A function with a point on it. */
export class Curve {
  /** @param {(x: number) => number} f */
  constructor(f) {
    this.f = f;
    this.line = svg("path", { class: "curve-line" });
    this.axes = svg("path", { class: "curve-axes" });
    this.point = svg("circle", { class: "curve-point", r: 4 });
    this.element = svg("svg", { viewBox: "0 0 120 70", class: "drill-curve", "aria-hidden": "true" }, this.axes, this.line, this.point);
  }

  /** @param {number} x */
  update(x) {
    // An x that is not finite has no point.
    const reach = Math.max(REACH, 1.2 * Math.abs(Number.isFinite(x) ? x : 0));
    const xs = Array.from({ length: SAMPLES + 1 }, (_, at) => reach * ((2 * at) / SAMPLES - 1));
    const ys = xs.map(this.f);
    const [low, high] = [Math.min(0, ...ys), Math.max(0, ...ys)];
    const px = (/** @type {number} */ v) => (60 + (55 * v) / reach).toFixed(1);
    const py = (/** @type {number} */ v) => (64 - (58 * (v - low)) / (high - low)).toFixed(1);
    setAttribute(this.line, "d", xs.map((v, at) => `${at ? "L" : "M"}${px(v)} ${py(ys[at])}`).join(""));
    setAttribute(this.axes, "d", `M5 ${py(0)}H115M60 4V66`);
    const y = this.f(x);
    setAttribute(this.point, "visibility", Number.isFinite(x) && Number.isFinite(y) ? null : "hidden");
    setAttribute(this.point, "cx", px(x));
    setAttribute(this.point, "cy", py(y));
  }
}
