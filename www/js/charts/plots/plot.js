// What all uPlot plots share: their size, the style of axes, and a cursor that keys move.

import uPlot from "uplot";
import { lookAtScreen, placeIn, sharpness } from "../../kit/place.js";
import { element } from "../frame.js";
import { clamp } from "../scale.js";

/** Presses of an arrow key from one end to the other. */
const STRIDES = 50;

/** Networks side by side differ in their dashes as well as their colours. */
export const DASHES = [undefined, [9, 5], [2, 4], [12, 4, 2, 4]];

/** @param {HTMLElement} stage */
export const sizeOf = (stage) => ({ width: Math.max(60, stage.clientWidth), height: Math.max(40, stage.clientHeight) });

/** @param {Record<string, string>} palette @param {{size: number, family: string}} font @returns {import("uplot").Axis} */
export const axisOf = ({ muted, line }, { size, family }) => ({
  stroke: muted,
  font: `${Math.round(size)}px ${family}`, // uPlot accepts whole pixels only
  grid: { stroke: line, width: 1 },
  ticks: { stroke: line, width: 1, size: 5 },
});

/** Between a label and the plot: a tick, the gap behind it, and some space. */
const BESIDE_LABEL = 14;

/** The widest of the labels, in pixels. @param {import("uplot")} plot @param {string[]} labels @param {number} axis */
function widest({ ctx, axes }, labels, axis) {
  ctx.save();
  ctx.font = /** @type {[string]} */ (/** @type {unknown} */ (axes[axis].font))[0];
  const width = Math.max(0, ...labels.map((label) => Math.max(...label.split("\n").map((line) => ctx.measureText(line).width))));
  ctx.restore();
  return width / uPlot.pxRatio;
}

/** A size that grows at once and shrinks only by a lot, so that nothing jumps. @param {number} least */
function calm(least) {
  let size = least;
  return (/** @type {number} */ wanted) => (size = wanted > size || wanted < 0.75 * size ? Math.max(least, Math.ceil(wanted)) : size);
}

/**
 * The axis beside a plot: the ticks of the current scale, as wide as its labels. uPlot itself only sees 0 to 1, so it never meets a range
 * that it cannot handle.
 * @param {Record<string, string>} palette @param {{size: number, family: string}} font
 * @param {() => import("../scale.js").Scale} scale @param {(value: number) => string} label @param {number} [gap] between two labels, in units of the type size
 * @returns {import("uplot").Axis}
 */
export function valueAxisOf(palette, font, scale, label, gap = 2.4) {
  const fitted = calm(font.size * 4);
  /** @type {number[]} */
  let ticks = [];
  return {
    ...axisOf(palette, font),
    splits: (plot) => {
      ticks = scale().ticks(plot.bbox.height / uPlot.pxRatio, font.size * gap);
      return ticks.map((tick) => scale().at(tick));
    },
    values: () => ticks.map(label),
    size: (plot, labels, axis) => fitted(labels ? widest(plot, labels, axis) + BESIDE_LABEL : 0),
  };
}

/** Shows new data and redraws the axes: uPlot sees no change in an axis from 0 to 1. @param {import("uplot")} plot @param {import("uplot").AlignedData} data */
export function show(plot, data) {
  lookAtScreen();
  plot.setData(data);
  plot.redraw(false, true);
}

/** From 0 to 1, the range of a `Scale`. @type {import("uplot").Scale} */
export const UNIT = { range: () => [0, 1] };

/** Columns of values as their places on a scale. @param {(number | null | undefined)[][]} columns @param {import("../scale.js").Scale} scale */
export const placed = (columns, scale) =>
  columns.map((column) =>
    column.map((value) => {
      const at = value == null ? NaN : scale.at(value);
      return Number.isNaN(at) ? null : at;
    }),
  );

/** Space above a plot, and to its right for half of the last label. @param {{size: number}} font @param {number} above @returns {import("uplot").Padding} */
export function paddingOf({ size }, above) {
  const fitted = calm(size * 1.4);
  const right = (/** @type {import("uplot")} */ plot) => fitted(widest(plot, /** @type {{_values?: string[]}} */ (plot.axes[0])._values ?? [], 0) / 2 + 4);
  return [size * above, right, 0, 0];
}

/**
 * The axis below a plot: whole steps.
 * @param {Record<string, string>} palette @param {{size: number, family: string}} font @param {import("../numbers.js").Numbers} numbers
 * @returns {import("uplot").Axis}
 */
export const stepAxisOf = (palette, font, numbers) => ({
  ...axisOf(palette, font),
  space: font.size * 4.2,
  size: font.size * 2,
  values: (_, steps) => steps.map((step) => (Number.isInteger(step) ? numbers.count(step) : "")),
});

/** The stage of a plot: it takes the focus, and the keys with it. @param {() => import("uplot") | null} plot @param {(event: KeyboardEvent) => void} press */
export function stageOf(plot, press) {
  const stage = element("div", "chart-stage");
  stage.tabIndex = 0;
  stage.setAttribute("role", "img");
  stage.addEventListener("keydown", press);
  stage.addEventListener("blur", () => {
    const drawn = plot();
    if (drawn) leaveCursor(drawn);
  });
  return stage;
}

/** Gives a plot another size, or another resolution if its enlargement has changed. @param {import("uplot")} plot @param {{width: number, height: number}} size */
export function fit(plot, size) {
  const { width, height, ctx, root } = plot;
  const sharp = Math.abs(ctx.canvas.width - width * sharpness(root)) <= 2;
  if (!sharp || size.width !== width || size.height !== height) plot.setSize(size);
}

/** @param {string} key shared by the plots with a common cursor @returns {import("uplot").Cursor} */
export const cursorOf = (key) => ({
  sync: { key, setSeries: false },
  y: false,
  drag: { x: false, y: false },
  points: { size: 8 },
  bind: {
    // uPlot ignores scaled ancestors, so it gets the pointer's position without them.
    mousemove: (plot, over, move) => (event) => {
      const { x, y } = placeIn(over, event);
      return move(/** @type {MouseEvent} */ ({ type: event.type, clientX: plot.rect.left + x, clientY: plot.rect.top + y }));
    },
    mousedown: () => null, // no dragging
    dblclick: () => null,
  },
});

/** Gives an enlarged canvas a matching resolution; uPlot uses the ratio of the screen that it knows. @param {import("uplot")} plot */
export function sharpen({ ctx, root }) {
  const { canvas } = ctx;
  const more = sharpness(root) / uPlot.pxRatio;
  if (more === 1) return;
  [canvas.width, canvas.height] = [canvas.width * more, canvas.height * more];
  ctx.scale(more, more);
}

/**
 * @param {import("uplot")} plot
 * @param {KeyboardEvent} event
 * @returns {boolean} whether the cursor has moved to another step, whose values can be announced
 */
export function moveCursor(plot, event) {
  const last = plot.data[0].length - 1;
  if (last < 0 || event.ctrlKey || event.altKey || event.metaKey) return false;
  const at = plot.cursor.idx ?? last;
  const stride = Math.max(1, Math.round(last / STRIDES));
  const to = { ArrowLeft: at - stride, ArrowRight: at + stride, Home: 0, End: last, Escape: -1 }[event.key];
  if (to === undefined || (event.key === "Escape" && plot.cursor.idx == null)) return false;
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "Escape") {
    leaveCursor(plot);
    return false;
  }
  const step = plot.data[0][clamp(to, 0, last)];
  plot.setCursor({ left: plot.valToPos(step, "x"), top: plot.over.clientHeight / 2 });
  return true;
}

/** @param {import("uplot")} plot */
export const leaveCursor = (plot) => plot.setCursor({ left: -10, top: -10 });
