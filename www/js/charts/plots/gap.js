// The gap between a network's training curve and its test curve: its size and its shading.

import uPlot from "uplot";

/** @typedef {{x: number[], y: number[]}} Curve x ascending */

/** Opacity of a shaded area's fill and hatching. The areas of several networks overlap. */
const [FILL, HATCH] = [0.13, 0.45];
/** Pixels between the lines of the hatching. */
const SPACING = 8;
/** Hatching directions, so that not only colour tells networks apart: unit vectors, y down. */
const DIRECTIONS = [
  [Math.SQRT1_2, -Math.SQRT1_2],
  [Math.SQRT1_2, Math.SQRT1_2],
  [0, 1],
  [1, 0],
];

/** A curve's value at x, interpolated linearly; NaN outside the curve. @param {Curve} curve @param {number} at */
export function valueAt({ x, y }, at) {
  let [low, high] = [0, x.length - 1];
  if (!(at >= x[low] && at <= x[high])) return NaN;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < at) low = middle + 1;
    else high = middle;
  }
  if (x[low] === at) return y[low];
  return y[low - 1] + ((y[low] - y[low - 1]) * (at - x[low - 1])) / (x[low] - x[low - 1]);
}

/** Test minus training. @param {Curve} training smoothed @param {Curve} test @param {number} step */
export const gapAt = (training, test, step) => valueAt(test, step) - valueAt(training, step);

/**
 * The area between both curves, from the first to the newest step at which both are known: closed outlines. It is
 * interrupted where one of them is not finite.
 * @param {Curve} training smoothed @param {Curve} test
 * @returns {[x: number, y: number][][]}
 */
export function gapAreas(training, test) {
  const from = Math.max(training.x[0], test.x[0]);
  const to = Math.min(training.x[training.x.length - 1], test.x[test.x.length - 1]);
  const steps = [...new Set([from, ...training.x, ...test.x, to])].filter((x) => x >= from && x <= to).sort((a, b) => a - b);
  /** @type {{there: [number, number][], back: [number, number][]}[]} */
  const areas = [];
  let going = false;
  for (const x of steps) {
    const [upper, lower] = [valueAt(test, x), valueAt(training, x)];
    const known = Number.isFinite(upper) && Number.isFinite(lower);
    if (known && !going) areas.push({ there: [], back: [] });
    going = known;
    if (!known) continue;
    const { there, back } = areas[areas.length - 1];
    there.push([x, upper]);
    back.push([x, lower]);
  }
  return areas.filter(({ there }) => there.length > 1).map(({ there, back }) => [...there, ...back.reverse()]);
}

/**
 * Fills and hatches the area in a plot.
 * @param {import("uplot")} plot @param {Curve} training smoothed, as places on the scale @param {Curve} test as places on the scale
 * @param {{colour: string, lane: number}} how
 */
export function shadeGap(plot, training, test, { colour, lane }) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.beginPath();
  for (const area of gapAreas(training, test)) {
    area.forEach(([x, y], at) => ctx[at === 0 ? "moveTo" : "lineTo"](plot.valToPos(x, "x", true), plot.valToPos(y, "y", true)));
    ctx.closePath();
  }
  ctx.fillStyle = ctx.strokeStyle = colour;
  ctx.globalAlpha = FILL;
  ctx.fill();
  ctx.clip();
  ctx.globalAlpha = HATCH;
  hatch(ctx, bbox, DIRECTIONS[lane % DIRECTIONS.length]);
  ctx.restore();
}

/**
 * Writes the sizes, each left of a line from curve to curve. Where two would overlap, the lower one moves down. In a low plot they would
 * cover the curves, so none is written.
 * @param {import("uplot")} plot
 * @param {{step: number, training: number, test: number, text: string, colour: string}[]} sizes training, test: places on the scale
 * @param {import("./types.js").Style} style
 */
export function writeGaps(plot, sizes, { font, palette }) {
  const { ctx } = plot;
  const ratio = uPlot.pxRatio;
  const line = 1.25 * font.size * ratio;
  if (plot.bbox.height < 2 * sizes.length * line) return;
  ctx.save();
  ctx.font = `600 ${font.size * ratio}px ${font.family}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  const placed = sizes.map(({ step, training, test, ...how }) => {
    const [from, to] = [training, test].map((value) => plot.valToPos(value, "y", true));
    return { ...how, x: plot.valToPos(step, "x", true), from, to, y: (from + to) / 2 };
  });
  let free = -Infinity;
  for (const { x, from, to, y, text, colour } of placed.sort((a, b) => a.y - b.y)) {
    ctx.fillStyle = ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5 * ratio;
    ctx.beginPath();
    ctx.moveTo(x, from);
    ctx.lineTo(x, to);
    ctx.stroke();
    free = Math.max(y, free);
    ctx.strokeStyle = palette.surface;
    ctx.lineWidth = 4 * ratio;
    const end = x - 0.5 * font.size * ratio;
    ctx.strokeText(text, end, free);
    ctx.fillText(text, end, free);
    free += line;
  }
  ctx.restore();
}

/** Hatches the whole plot, so that the lines stay in place while an area grows. @param {CanvasRenderingContext2D} ctx @param {import("uplot").BBox} box @param {number[]} direction */
function hatch(ctx, { left, top, width, height }, [dx, dy]) {
  const ratio = uPlot.pxRatio;
  const length = width + height;
  ctx.lineWidth = ratio;
  ctx.beginPath();
  // Lines side by side, from the middle to both sides.
  const [x, y] = [left + width / 2, top + height / 2];
  for (let across = -length; across <= length; across += SPACING * ratio) {
    ctx.moveTo(x - across * dy - length * dx, y + across * dx - length * dy);
    ctx.lineTo(x - across * dy + length * dx, y + across * dx + length * dy);
  }
  ctx.stroke();
}
