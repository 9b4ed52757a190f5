// What all plots of uPlot have in common: their size, how axes look, and a cursor that keys move.

import { clamp } from "./canvas.js";

/** Presses of an arrow key from one end to the other. */
const STRIDES = 50;

/** Networks side by side differ in more than their colours. */
export const DASHES = [undefined, [9, 5], [2, 4], [12, 4, 2, 4]];

/** @param {HTMLElement} stage */
export const sizeOf = (stage) => ({ width: Math.max(60, stage.clientWidth), height: Math.max(40, stage.clientHeight) });

/** @param {Record<string, string>} palette @param {{size: number, family: string}} font @returns {import("uplot").Axis} */
export const axisOf = ({ muted, line }, { size, family }) => ({
  stroke: muted, font: `${Math.round(size)}px ${family}`, // uPlot reads whole pixels only
  grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 5 },
});

/**
 * The axis below a plot: whole steps.
 * @param {Record<string, string>} palette @param {{size: number, family: string}} font @param {import("./scale.js").Numbers} numbers
 * @returns {import("uplot").Axis}
 */
export const stepAxisOf = (palette, font, numbers) => ({
  ...axisOf(palette, font), space: font.size * 4.2, size: font.size * 2,
  values: (_, steps) => steps.map((step) => (Number.isInteger(step) ? numbers.count(step) : "")),
});

/** Gives a plot the size of its stage. @param {import("uplot")} plot @param {HTMLElement} stage */
export function fit(plot, stage) {
  const size = sizeOf(stage);
  if (size.width !== plot.width || size.height !== plot.height) plot.setSize(size);
}

/** @param {string} key of the plots that share it @returns {import("uplot").Cursor} */
export const cursorOf = (key) => ({ sync: { key, setSeries: false }, y: false, drag: { x: false, y: false }, points: { size: 8 } });

/**
 * @param {import("uplot")} plot
 * @param {KeyboardEvent} event
 * @returns {boolean} whether the cursor stands at another step now, whose values can be told
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
