// Marks over a plot of the run: changed switches, and the step that the other charts have gone back to.

import uPlot from "uplot";
import { placeMarks } from "../scale.js";

/** A line and a label where a switch was changed. @param {import("uplot")} plot @param {import("./types.js").Frame} curves */
export function drawMarks(plot, { events, palette, font }) {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales.x;
  if (min == null || max == null) return;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.font = `${font.size * ratio}px ${font.family}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.strokeStyle = ctx.fillStyle = palette.mark;
  ctx.lineWidth = 1.5 * ratio;
  const shown = events.filter(({ step }) => step >= min && step <= max);
  const spots = shown.map(({ step, label }) => ({
    x: plot.valToPos(step, "x", true) - bbox.left,
    width: ctx.measureText(label).width + 4 * ratio,
  }));
  const places = placeMarks(spots, 1, bbox.width);
  shown.forEach(({ label }, index) => {
    const x = Math.round(bbox.left + spots[index].x);
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - 4 * ratio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (places[index].row >= 0) ctx.fillText(label, bbox.left + places[index].left, bbox.top - font.size * 0.85 * ratio);
  });
  ctx.restore();
}

/**
 * An arrow where a curve leaves the picture, because it is above the axis or no longer finite; with the network's number if there are several.
 * @param {import("uplot")} plot
 * @param {{tracks: import("./track.js").Track[], scale: import("../scale.js").Scale, curves: import("./types.js").Frame, colour: (lane: number) => string}} pane
 */
export function drawExplosions(plot, pane) {
  const { ctx, bbox } = plot;
  const {
    tracks,
    scale,
    curves: { differences, font },
  } = pane;
  const size = font.size * uPlot.pxRatio;
  ctx.save();
  ctx.font = `600 ${size}px ${font.family}`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  tracks.forEach((track, lane) => {
    const { x, y } = differences ? track.apart.series : track.smooth;
    const at = y.findIndex((value) => !(scale.at(value) <= 1));
    if (at < 0) return;
    const [left, top] = [plot.valToPos(x[at], "x", true), bbox.top + lane * size * 1.1];
    ctx.fillStyle = pane.colour(lane);
    ctx.beginPath();
    for (const [dx, dy] of [
      [-0.4, 0.8],
      [0.4, 0.8],
      [0, 0],
    ])
      ctx.lineTo(left + dx * size, top + dy * size);
    ctx.fill();
    if (tracks.length > 1) ctx.fillText(String(lane + 1), left + 0.55 * size, top);
  });
  ctx.restore();
}

/** The step of the snapshot on show. @param {import("uplot")} plot @param {import("./types.js").Frame} curves */
export function drawPast(plot, { past, palette }) {
  if (past === null) return;
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const x = Math.round(plot.valToPos(past, "x", true));
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = palette.ink;
  ctx.lineWidth = 2 * ratio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.beginPath();
  for (const [dx, dy] of [
    [-5, 0],
    [5, 0],
    [0, 7],
  ])
    ctx.lineTo(x + dx * ratio, bbox.top + dy * ratio);
  ctx.fill();
  ctx.restore();
}
