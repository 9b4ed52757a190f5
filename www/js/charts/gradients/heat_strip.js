// One layer over the whole run: one column per snapshot, darker where more values lie, with the percentiles as lines.

import { BIN, FLOOR, GRADIENT_BINS, gradientAt, percentile } from "../rows.js";
import { decade } from "../numbers.js";
import { clamp, linearTicks, logTicks, placeMarks } from "../scale.js";

const TOP = 2; // log10: the strip shows the floor to 100, and more only once values reach it

export class HeatStrip {
  /** @param {import("./types.js").RidgesChart} chart */
  constructor(chart) {
    this.chart = chart;
    /** One pixel per bin and column; drawn once, then stretched. */
    this.image = document.createElement("canvas");
    this.painted = 0;
    /** @type {unknown} */
    this.paintedFor = null;
    this.box = { left: 0, right: 0, top: 0, bottom: 0 };
    this.end = TOP;
    /** Exponents of the axis. @type {number[]} */
    this.ticks = [];
  }

  /** The image must be repainted: other colours, another layer, merged columns. */
  forget() {
    this.paintedFor = null;
  }

  get history() {
    const { history, source, layer } = this.chart;
    return history[source][layer ?? 0];
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    const columns = this.history?.columns ?? [];
    if (!columns.length) return;
    const { width, height, font, palette } = this.chart;
    this.chart.type();
    this.end = columns.some((column) => column.row[136] > TOP) ? 7.2 : TOP;
    const [top, bottom] = [font.size * 2.9, height - font.size * 2.4];
    this.ticks = logTicks(-12, this.end, bottom - top, font.size * 1.9);
    this.box = { left: this.chart.widest(this.ticks.map(decade)) + 10, right: width - 8, top, bottom };
    this.paintImage(columns);
    const { left, right } = this.box;
    ctx.imageSmoothingEnabled = false;
    const shownTop = this.y(FLOOR + GRADIENT_BINS * BIN);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, right - left, bottom - top);
    ctx.clip();
    columns.forEach((column, index) => {
      const x = this.x(column.step);
      const next = index + 1 < columns.length ? this.x(columns[index + 1].step) : right;
      ctx.drawImage(this.image, index, 0, 1, GRADIENT_BINS, x, shownTop, Math.max(1, next - x), bottom - shownTop);
    });
    this.drawLines(ctx, columns);
    ctx.restore();
    this.drawAxes(ctx);
    this.drawMarks(ctx);
    this.drawPast(ctx);
    if (this.chart.cell && columns[this.chart.cell.column]) {
      ctx.strokeStyle = palette.ink;
      const x = this.middle(this.chart.cell.column);
      stroke(ctx, [
        [x, top],
        [x, bottom],
      ]);
    }
  }

  /** @param {import('../rows.js').History["columns"]} columns */
  paintImage(columns) {
    const { history, chart } = this;
    const { palette } = chart;
    const key = `${history.stride} ${chart.source} ${chart.layer} ${palette.gradient}`;
    if (this.paintedFor !== key || this.image.width !== history.capacity) {
      this.paintedFor = key;
      this.painted = 0;
      [this.image.width, this.image.height] = [history.capacity, GRADIENT_BINS];
    }
    const ctx = this.image.getContext("2d");
    if (!ctx) return;
    // The last column may still collect snapshots, so it is repainted.
    for (let index = Math.max(0, this.painted - 1); index < columns.length; index++) {
      ctx.clearRect(index, 0, 1, GRADIENT_BINS);
      const { bins, total } = gradientAt(columns[index].row, 0);
      for (let bin = 0; bin < GRADIENT_BINS; bin++) {
        if (bins[bin] === 0) continue;
        ctx.globalAlpha = clamp(Math.sqrt(bins[bin] / total / 0.16), 0.06, 1);
        ctx.fillStyle = palette.gradient;
        ctx.fillRect(index, GRADIENT_BINS - 1 - bin, 1, 1);
      }
    }
    this.painted = columns.length;
  }

  get span() {
    const columns = this.history.columns;
    const last = columns[columns.length - 1].step;
    const before = columns.length > 1 ? columns[columns.length - 2].step : last - 1;
    return { start: columns[0].step, end: Math.max(this.chart.latest?.step ?? 0, last) + Math.max(1, last - before) };
  }

  /** @param {number} step */
  x(step) {
    const { start, end } = this.span;
    return this.box.left + ((step - start) / (end - start)) * (this.box.right - this.box.left);
  }

  /** @param {number} index of a column */
  middle(index) {
    const columns = this.history.columns;
    const next = index + 1 < columns.length ? columns[index + 1].step : this.span.end;
    return this.x((columns[index].step + next) / 2);
  }

  /** @param {number} exponent */
  y(exponent) {
    return this.box.bottom - ((exponent - FLOOR) / (this.end - FLOOR)) * (this.box.bottom - this.box.top);
  }

  /** Percentiles 5 and 95 thin, the median thick. @param {CanvasRenderingContext2D} ctx @param {import('../rows.js').History["columns"]} columns */
  drawLines(ctx, columns) {
    ctx.strokeStyle = this.chart.palette.ink;
    ctx.lineJoin = "round";
    for (const [slot, width, alpha] of [
      [134, 1, 0.5],
      [136, 1, 0.5],
      [135, 2, 0.9],
    ]) {
      ctx.lineWidth = width;
      ctx.globalAlpha = alpha;
      ctx.beginPath();
      let drawing = false;
      columns.forEach((column, index) => {
        const exponent = column.row[slot];
        if (!Number.isFinite(exponent)) {
          drawing = false;
          return;
        }
        const [x, y] = [this.middle(index), this.y(clamp(exponent, FLOOR, this.end))];
        if (drawing) ctx.lineTo(x, y);
        else ctx.moveTo(x, y);
        drawing = true;
      });
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    ctx.lineWidth = 1;
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawAxes(ctx) {
    const { palette, font, numbers, t, data, layer, source } = this.chart;
    const { left, right, top, bottom } = this.box;
    ctx.strokeStyle = palette.line;
    ctx.fillStyle = palette.muted;
    ctx.textAlign = "right";
    for (const exponent of this.ticks) {
      const y = Math.round(this.y(exponent)) + 0.5;
      ctx.globalAlpha = 0.7;
      stroke(ctx, [
        [left, y],
        [right, y],
      ]);
      ctx.globalAlpha = 1;
      ctx.fillText(decade(exponent), left - 8, y);
    }
    ctx.strokeStyle = palette.muted;
    ctx.setLineDash([4, 3]);
    stroke(ctx, [
      [left, bottom + 0.5],
      [right, bottom + 0.5],
    ]);
    ctx.setLineDash([]);
    ctx.textAlign = "center";
    const { start, end } = this.span;
    for (const step of linearTicks(start, end, Math.floor((right - left) / (font.size * 6)))) {
      if (!Number.isInteger(step)) continue;
      const x = clamp(this.x(step), left, right);
      stroke(ctx, [
        [x, bottom],
        [x, bottom + 4],
      ]);
      const label = numbers.count(step);
      ctx.fillText(label, Math.min(x, this.chart.width - ctx.measureText(label).width / 2), bottom + font.size);
    }
    ctx.fillText(t("charts.ridges.steps"), (left + right) / 2, bottom + font.size * 2);
    ctx.textAlign = "left";
    ctx.fillText(`${data?.layers[layer ?? 0] ?? ""} · ${t(`charts.ridges.axis_${source}`)}`, left, font.size * 0.75);
  }

  /** Changed switches. @param {CanvasRenderingContext2D} ctx */
  drawMarks(ctx) {
    const { palette, font, latest } = this.chart;
    const { left, right, top, bottom } = this.box;
    const { start, end } = this.span;
    const events = (latest?.events ?? []).filter((event) => event.step >= start && event.step <= end);
    const spots = events.map((event) => ({ x: this.x(event.step) - left, width: ctx.measureText(event.label).width + 8 }));
    const places = placeMarks(spots, 1, right - left);
    ctx.strokeStyle = ctx.fillStyle = palette.mark;
    events.forEach((event, index) => {
      const x = Math.round(left + spots[index].x) + 0.5;
      ctx.setLineDash([3, 3]);
      stroke(ctx, [
        [x, top - 4],
        [x, bottom],
      ]);
      ctx.setLineDash([]);
      if (places[index].row >= 0) ctx.fillText(event.label, left + places[index].left + 4, top - font.size * 0.75);
    });
  }

  /** The snapshot that the other charts show. @param {CanvasRenderingContext2D} ctx */
  drawPast(ctx) {
    const { past, palette } = this.chart;
    if (!past) return;
    const x = Math.round(this.x(past.step)) + 0.5;
    ctx.strokeStyle = palette.ink;
    ctx.lineWidth = 2;
    stroke(ctx, [
      [x, this.box.top - 6],
      [x, this.box.bottom],
    ]);
    ctx.lineWidth = 1;
  }

  describe() {
    const { t, numbers, latest: data, layer } = this.chart;
    const columns = this.history?.columns ?? [];
    if (!columns.length || !data) return "";
    const [first, last] = [columns[0], columns[columns.length - 1]];
    return t("charts.ridges.change", {
      layer: data.layers[layer ?? 0],
      first: numbers.power(first.row[135]),
      start: numbers.count(first.step),
      last: numbers.power(last.row[135]),
      end: numbers.count(data.step),
    });
  }

  grid() {
    return { rows: 1, columns: this.history?.columns.length ?? 0 };
  }

  /** @param {number} x @param {number} y */
  cellAt(x, y) {
    const { left, right, top, bottom } = this.box;
    if (x < left || x > right || y < top || y > bottom || !this.history?.columns.length) return null;
    const { start, end } = this.span;
    const step = start + ((x - left) / (right - left)) * (end - start);
    let column = this.history.columns.length - 1;
    while (column > 0 && this.history.columns[column].step > step) column--;
    return { row: 0, column };
  }

  /** @param {import('../canvas.js').Cell} cell */
  tipOf(cell) {
    const column = this.history?.columns[cell.column];
    if (!column) return null;
    const { t, numbers } = this.chart;
    const g = gradientAt(column.row, 0);
    const [p5, p50, p95] = [0.05, 0.5, 0.95].map((q) => numbers.power(percentile(g.bins, g.below * g.total, g.above * g.total, q)));
    const lines = [
      t("charts.step", { step: numbers.count(column.step) }),
      t("charts.ridges.percentiles", { p5, p50, p95 }),
      t("charts.ridges.lost", { zero: numbers.percent(g.zero), below: numbers.percent(g.below) }),
    ];
    if (g.nan + g.inf > 0) lines.push(t("charts.ridges.broken", { nan: numbers.count(g.nan), inf: numbers.count(g.inf) }));
    return { x: this.middle(cell.column), y: (this.box.top + this.box.bottom) / 2, lines };
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {number[][]} points */
function stroke(ctx, points) {
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.stroke();
}
