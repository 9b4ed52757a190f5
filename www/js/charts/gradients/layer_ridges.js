// All layers at one step: one ridge per layer, the first on top, and a line through the medians that shows how the gradient flows.

import { hatch } from "../canvas.js";
import { BIN, CEILING, FLOOR, GRADIENT_BINS, GRADIENT_ROW, density, gradientAt, vigour } from "../rows.js";
import { decade } from "../numbers.js";
import { clamp, logTicks } from "../scale.js";

/** How far the highest ridge rises above its row. */
const OVERLAP = 0.7;

export class LayerRidges {
  /** @param {import("./types.js").RidgesChart} chart */
  constructor(chart) {
    this.chart = chart;
    this.curve = new Float32Array(GRADIENT_BINS);
    this.box = { left: 0, floor: 0, right: 0, top: 0, bottom: 0, row: 0, words: 0 };
  }

  /** The layers by name, with their gradients. */
  gradients() {
    const { data, source } = this.chart;
    return data ? data.layers.map((name, index) => ({ name, ...gradientAt(data[source], index) })) : [];
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    const { chart } = this;
    const gradients = this.gradients();
    this.layout(
      ctx,
      gradients.map((g) => g.name),
    );
    this.scale(gradients);
    this.drawAxis(ctx);
    gradients.forEach((gradient, index) => this.drawRow(ctx, gradient, index));
    this.drawMedians(ctx, gradients);
    this.drawWords(ctx, gradients);
    const { cell } = chart;
    if (cell) {
      ctx.strokeStyle = chart.palette.ink;
      ctx.globalAlpha = 0.5;
      const x = this.x(FLOOR + (cell.column + 0.5) * BIN);
      const y = this.base(cell.row);
      line(ctx, x, y, x, y - this.box.row);
      ctx.globalAlpha = 1;
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {string[]} names */
  layout(ctx, names) {
    const { width, height, font } = this.chart;
    this.chart.type(1, "600");
    const label = this.chart.widest(names);
    const wide = width > 34 * font.size;
    // Networks side by side: only the first one names the layers.
    const left = this.chart.leader ? 0 : Math.ceil(label + font.size * 0.8);
    const narrow = width < 14 * font.size;
    const widest = this.chart.t("charts.ridges.below", { percent: this.chart.numbers.percent(0.998) });
    const words = wide ? Math.ceil(ctx.measureText(widest).width) + 14 : 0;
    this.chart.type();
    const gutter = narrow ? font.size * 1.4 : Math.ceil(ctx.measureText(this.chart.numbers.percent(1)).width) + 12;
    const bottom = height - Math.round(font.size * 2.7);
    const title = this.keyInside ? font.size * 1.5 : 2;
    // The first ridge rises above its row as well.
    const row = (bottom - title) / (Math.max(1, names.length) + OVERLAP);
    const top = Math.round(bottom - row * names.length);
    this.box = { left, floor: left + gutter, right: width - Math.max(words, font.size), top, bottom, row, words };
  }

  /** @param {ReturnType<LayerRidges["gradients"]>} gradients */
  scale(gradients) {
    let high = -Infinity;
    let peak = 0;
    for (const { p95, above, bins, total } of gradients) {
      high = Math.max(high, above > 0 ? CEILING : p95);
      density(bins, total, this.curve);
      for (const share of this.curve) peak = Math.max(peak, share);
    }
    this.chart.scale.fit(this, high, peak);
  }

  /** The right end of the axis, log10. */
  get end() {
    return this.chart.scale.end;
  }

  /** @param {number} exponent log10|g| */
  x(exponent) {
    const { floor, right } = this.box;
    return floor + ((exponent - FLOOR) / (this.end - FLOOR)) * (right - floor);
  }

  /** @param {number} index */
  base(index) {
    return this.box.top + (index + 1) * this.box.row;
  }

  /** @param {CanvasRenderingContext2D} ctx */
  drawAxis(ctx) {
    const { palette, font, t, options } = this.chart;
    const { left, floor, right, top, bottom } = this.box;
    ctx.lineWidth = 1;
    ctx.textAlign = "center";
    this.chart.type();
    // The floor is named first, in every picture.
    const gone = t("charts.ridges.gone");
    const named = Math.max(floor - 4, ctx.measureText(gone).width);
    let edge = named + 4; // of the previous label
    // Charts side by side all have the labels that fit into the first.
    const { box } = (this.chart.leader ?? this.chart).ridges;
    for (const exponent of logTicks(-12, this.end, box.right - box.floor, font.size * 5.4)) {
      const x = Math.round(this.x(exponent)) + 0.5;
      ctx.strokeStyle = palette.line;
      line(ctx, x, top, x, bottom + 4);
      ctx.fillStyle = palette.muted;
      const width = ctx.measureText(decade(exponent)).width;
      const start = exponent === -12 ? Math.max(x, edge) : x - width / 2; // room for the gutter's word
      if (start < edge || start + width > right + font.size) continue;
      edge = start + width + 4;
      ctx.textAlign = "left";
      ctx.fillText(decade(exponent), start, bottom + font.size * 0.9);
    }
    // The floor: a line with a name, as everything to its left has practically vanished.
    ctx.strokeStyle = palette.muted;
    ctx.setLineDash([4, 3]);
    line(ctx, floor + 0.5, top - font.size * 0.4, floor + 0.5, bottom + 4);
    ctx.setLineDash([]);
    ctx.fillStyle = palette.muted;
    ctx.textAlign = "right";
    ctx.fillText(gone, named, bottom + font.size * 0.9);
    const what = t(`charts.ridges.${options.compact ? "short" : "axis"}_${this.chart.source}`);
    const scaled = t("charts.ridges.scale", { what });
    const title = [scaled, what, ""].find((text) => ctx.measureText(text).width < this.chart.width) ?? "";
    ctx.textAlign = "center";
    const room = ctx.measureText(title).width / 2;
    ctx.fillText(title, clamp((floor + right) / 2, room, Math.max(room, this.chart.width - room)), bottom + font.size * 2.1);
    this.drawBeforeKey(ctx);
  }

  /** A slide has no bar above the chart to explain the dashed curves. */
  get keyInside() {
    return this.chart.compared !== null && Boolean(this.chart.bar?.hidden);
  }

  /** The key of the dashed curves. @param {CanvasRenderingContext2D} ctx */
  drawBeforeKey(ctx) {
    const { beforeText: label, palette, font, width } = this.chart;
    if (!this.keyInside) return;
    const x = Math.max(0, width - ctx.measureText(label).width - 2);
    const y = font.size * 0.75;
    ctx.textAlign = "left";
    ctx.fillText(label, x, y);
    ctx.strokeStyle = palette.ink;
    ctx.setLineDash([5, 3]);
    line(ctx, Math.max(0, x - 32), y, Math.max(0, x - 8), y);
    ctx.setLineDash([]);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {ReturnType<LayerRidges["gradients"]>[number]} gradient
   * @param {number} index
   */
  drawRow(ctx, gradient, index) {
    const { palette, past, source, compared: before } = this.chart;
    const ghosts = past ? [] : this.chart.ghosts;
    const { left, floor, right, row } = this.box;
    const y = Math.round(this.base(index)) - 0.5;

    ctx.strokeStyle = palette.gradient;
    ctx.lineWidth = 1;
    ghosts.forEach((ghost, age) => {
      if (ghost[source].length <= index * GRADIENT_ROW) return;
      const old = gradientAt(ghost[source], index);
      ctx.globalAlpha = 0.1 + (0.3 * age) / Math.max(1, ghosts.length);
      this.trace(ctx, old, y, false);
      ctx.stroke();
    });

    // A ridge far to the left is also pale.
    const strength = vigour(gradient.p50);
    this.trace(ctx, gradient, y, true);
    ctx.globalAlpha = 0.75;
    ctx.fillStyle = palette.surface;
    ctx.fill();
    ctx.globalAlpha = 0.15 + 0.75 * strength;
    ctx.fillStyle = palette.gradient;
    ctx.fill();
    this.trace(ctx, gradient, y, false);
    ctx.globalAlpha = 0.5 + 0.5 * strength;
    ctx.strokeStyle = palette["gradient-ink"];
    ctx.lineWidth = 1.5;
    ctx.stroke();

    if (before && before[source].length > index * GRADIENT_ROW) {
      ctx.globalAlpha = 0.7;
      ctx.strokeStyle = palette.ink;
      ctx.lineWidth = 1.25;
      ctx.setLineDash([5, 3]);
      this.trace(ctx, gradientAt(before[source], index), y, false);
      ctx.stroke();
      ctx.setLineDash([]);
    }

    ctx.globalAlpha = 1;
    ctx.lineWidth = 1;
    ctx.strokeStyle = palette.line;
    line(ctx, left, y, right, y);
    this.drawGutter(ctx, gradient.below + gradient.zero, floor, y, row);
  }

  /**
   * The share of values that are zero or below the floor; full height is all of them.
   * @param {CanvasRenderingContext2D} ctx @param {number} share @param {number} floor @param {number} y @param {number} row
   */
  drawGutter(ctx, share, floor, y, row) {
    if (!(share > 0)) return;
    const { palette, numbers, font } = this.chart;
    const width = floor - this.box.left - 6;
    const height = Math.max(1.5, share * row * 0.86);
    ctx.globalAlpha = 0.16;
    ctx.fillStyle = palette.ink;
    ctx.fillRect(floor - width, y - height, width, height);
    ctx.globalAlpha = 0.7;
    ctx.strokeStyle = palette.muted;
    hatch(ctx, floor - width, y - height, width, height);
    ctx.globalAlpha = 1;
    if (share < 0.005 || row < font.size || width < 2 * font.size) return;
    this.chart.type();
    ctx.textAlign = "right";
    ctx.lineWidth = 4;
    ctx.lineJoin = "round";
    ctx.strokeStyle = palette.surface;
    ctx.fillStyle = palette.ink;
    const text = numbers.percent(share);
    ctx.strokeText(text, floor - 4, y - row * 0.42);
    ctx.fillText(text, floor - 4, y - row * 0.42);
    ctx.lineWidth = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {{bins: Float32Array, total: number}} gradient
   * @param {number} y baseline
   * @param {boolean} closed
   */
  trace(ctx, gradient, y, closed) {
    const { row, floor, right } = this.box;
    const curve = density(gradient.bins, gradient.total, this.curve);
    const rise = (row * (1 + OVERLAP) - 2) / this.chart.scale.peak;
    let [first, last] = [0, GRADIENT_BINS - 1];
    while (first < last && curve[first] === 0) first++;
    while (last > first && curve[last] === 0) last--;
    ctx.beginPath();
    const start = Math.max(floor, this.x(FLOOR + first * BIN));
    ctx.moveTo(start, y);
    for (let bin = first; bin <= last; bin++) {
      ctx.lineTo(Math.min(right, this.x(FLOOR + (bin + 0.5) * BIN)), y - curve[bin] * rise);
    }
    ctx.lineTo(Math.min(right, this.x(FLOOR + (last + 1) * BIN)), y);
    if (closed) ctx.closePath();
  }

  /** @param {CanvasRenderingContext2D} ctx @param {ReturnType<LayerRidges["gradients"]>} gradients */
  drawMedians(ctx, gradients) {
    const { palette } = this.chart;
    const points = gradients.map((g, index) => ({ x: this.x(clamp(g.p50, FLOOR, this.end)), y: this.base(index), g }));
    const seen = points.filter((point) => Number.isFinite(point.x));
    ctx.strokeStyle = palette.ink;
    ctx.globalAlpha = 0.55;
    ctx.lineWidth = 2;
    ctx.lineJoin = "round";
    ctx.beginPath();
    for (const { x, y } of seen) ctx.lineTo(x, y - 3);
    ctx.stroke();
    ctx.globalAlpha = 1;
    for (const { x, y, g } of seen) {
      ctx.lineWidth = 3;
      ctx.strokeStyle = palette["gradient-ink"];
      line(ctx, this.x(clamp(g.p5, FLOOR, this.end)), y - 3, this.x(clamp(g.p95, FLOOR, this.end)), y - 3);
      ctx.fillStyle = palette.ink;
      ctx.beginPath();
      ctx.arc(x, y - 3, 4, 0, 7);
      ctx.fill();
      ctx.lineWidth = 1.5;
      ctx.strokeStyle = palette.surface;
      ctx.stroke();
    }
    ctx.lineWidth = 1;
  }

  /** Names on the left, figures on the right. @param {CanvasRenderingContext2D} ctx @param {ReturnType<LayerRidges["gradients"]>} gradients */
  drawWords(ctx, gradients) {
    const { palette, width, font } = this.chart;
    const { row, right, words } = this.box;
    const scale = clamp(row / (font.size * 1.05), 0.75, 1); // a deep network has low rows
    const two = row > font.size * 2.5;
    gradients.forEach((gradient, index) => {
      const y = this.base(index);
      ctx.textAlign = "left";
      ctx.fillStyle = palette.ink;
      this.chart.type(scale, "600");
      if (!this.chart.leader) ctx.fillText(gradient.name, 0, y - row * 0.32);
      const { alarm, lines } = this.words(gradient);
      const shown = two && words ? lines.slice(0, 2) : lines.slice(0, 1);
      shown.forEach((text, at) => {
        const alarmed = at === 0 && alarm;
        ctx.fillStyle = alarmed ? palette.bad : palette.muted;
        this.chart.type(scale, alarmed ? "600" : "");
        if (words) ctx.fillText(text, right + 12, y - row * 0.32 + (at - (shown.length - 1) / 2) * font.size * 1.2, words - 12);
        else if (gradient.nan + gradient.inf > 0 && at === 0) {
          ctx.textAlign = "right";
          ctx.lineWidth = 5;
          ctx.strokeStyle = palette.surface;
          ctx.strokeText(text, width, y - row * 0.55, width); // condensed where a network's chart is narrow
          ctx.fillText(text, width, y - row * 0.55, width);
        }
      });
    });
  }

  /** The most important words first: NaN and Inf, then the vanished share, then where the rest lies. @param {ReturnType<LayerRidges["gradients"]>[number]} g */
  words(g) {
    const { numbers, t } = this.chart;
    const alarms = [];
    const others = [];
    if (g.nan > 0) alarms.push(t("charts.ridges.nan", { count: numbers.count(g.nan) }));
    if (g.inf > 0) alarms.push(t("charts.ridges.inf", { count: numbers.count(g.inf) }));
    if (Number.isFinite(g.p50)) others.push(t("charts.ridges.median", { value: numbers.power(g.p50) }));
    if (g.below >= 0.005) (g.below > 0.05 ? alarms : others).push(t("charts.ridges.below", { percent: numbers.percent(g.below) }));
    if (g.zero >= 0.005) (g.zero > 0.95 ? alarms : others).push(t("charts.ridges.zero", { percent: numbers.percent(g.zero) }));
    return { alarm: alarms.length > 0, lines: [...alarms, ...others] };
  }

  describe() {
    const { t, numbers, data, source } = this.chart;
    if (!data) return "";
    const layers = this.gradients().map((g) => `${g.name}: ${this.words(g).lines.join(", ")}`);
    return [t(`charts.ridges.axis_${source}`), t("charts.step", { step: numbers.count(data.step) }), ...layers].join(". ");
  }

  grid() {
    return { rows: this.chart.data?.layers.length ?? 0, columns: GRADIENT_BINS };
  }

  /** @param {number} x @param {number} y */
  cellAt(x, y) {
    const { floor, right, top, bottom, row } = this.box;
    if (y < top - row || y > bottom || x < floor || x > right) return null;
    const exponent = FLOOR + ((x - floor) / (right - floor)) * (this.end - FLOOR);
    const column = clamp(Math.floor((exponent - FLOOR) / BIN), 0, GRADIENT_BINS - 1);
    return { row: clamp(Math.floor((y - top) / row), 0, this.grid().rows - 1), column };
  }

  /** @param {import('../canvas.js').Cell} cell */
  tipOf(cell) {
    const { t, numbers } = this.chart;
    const g = this.gradients()[cell.row];
    if (!g) return null;
    const from = FLOOR + cell.column * BIN;
    const lines = [
      t("charts.ridges.bin", {
        layer: g.name,
        from: numbers.power(from),
        to: numbers.power(from + BIN),
        percent: numbers.percent(g.bins[cell.column] / Math.max(1, g.total)),
      }),
      t("charts.ridges.percentiles", { p5: numbers.power(g.p5), p50: numbers.power(g.p50), p95: numbers.power(g.p95) }),
      t("charts.ridges.norm", { norm: numbers.number(g.norm), count: numbers.count(g.total) }),
      t("charts.ridges.lost", { zero: numbers.percent(g.zero), below: numbers.percent(g.below) }),
    ];
    if (g.nan + g.inf > 0) lines.push(t("charts.ridges.broken", { nan: numbers.count(g.nan), inf: numbers.count(g.inf) }));
    return { x: Math.min(this.box.right, this.x(from + BIN / 2)), y: this.base(cell.row) - this.box.row, lines };
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function line(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}
