// One quantity's plot: its curves over the steps and a legend of their live values. uPlot draws; this file decides what.

import uPlot from "uplot";
import { clamp, element } from "./canvas.js";
import { accuracyRange, differenceRange, lossRange, placeMarks } from "./scale.js";
import { Series, align } from "./series.js";
import { Track } from "./track.js";

/** Steps of the accuracy's axis, so that no label is rounded. */
const WHOLE_PERCENTS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
/** Networks side by side differ in more than their colours. */
const DASHES = [undefined, [9, 5], [2, 4], [12, 4, 2, 4]];

/** One quantity's plot with its legend of live values. */
export class Pane {
  /**
   * @param {import("./curves.js").Curves} curves
   * @param {import("./curves.js").Quantity} quantity
   * @param {string} sync key of the cursor that the panes share
   */
  constructor(curves, quantity, sync) {
    this.curves = curves;
    this.quantity = quantity;
    this.sync = sync;
    this.tracks = [new Track()];
    this.root = element("div", "chart-pane");
    this.legend = element("div", "chart-legend");
    this.title = element("span", "chart-title");
    this.stepText = element("span", "chart-at");
    this.log = this.toggle(() => curves.logLoss(!curves.logarithmic));
    this.difference = this.toggle(() => curves.showDifferences(!curves.differences));
    /** @type {{root: HTMLElement, label: HTMLElement, value: HTMLElement}[]} */
    this.keys = [];
    this.stage = element("div", "chart-stage");
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "img");
    this.stage.addEventListener("keydown", (event) => this.press(event));
    this.stage.addEventListener("blur", () => this.plot?.setCursor({ left: -10, top: -10 }));
    this.root.append(this.legend, this.stage);
    /** @type {uPlot | null} */
    this.plot = null;
    this.height = 0;
  }

  /** @param {() => void} onclick */
  toggle(onclick) {
    const button = /** @type {HTMLButtonElement} */ (element("button", "chart-toggle"));
    button.type = "button";
    button.addEventListener("click", onclick);
    return button;
  }

  clear() {
    this.tracks = this.tracks.map(() => new Track());
  }

  /** @param {number[]} lanes the place that each network had */
  keep(lanes) {
    this.tracks = lanes.map((lane) => this.tracks[lane] ?? new Track());
  }

  /** @param {import("./curves.js").CurvesData} data */
  push({ training, test, lane = 0 }) {
    const track = this.tracks[lane];
    if (!track) return;
    const column = this.quantity === "loss" ? 1 : 2;
    for (let i = 0; training && i + 2 < training.length; i += 3) {
      const smooth = track.push(training[i], training[i + column]);
      for (const [other, { apart }] of this.tracks.entries()) {
        if (other > 0 && (lane === 0 || lane === other)) apart.push(lane === 0 ? 0 : 1, training[i], smooth);
      }
    }
    for (let i = 0; test && i + 2 < test.length; i += 3) track.test.push(test[i], test[i + column]);
  }

  /** What is drawn, one after the other. @returns {{series: Series, lane: number, what: "raw" | "smooth" | "test" | "apart"}[]} */
  get curvesShown() {
    const { tracks, curves } = this;
    if (tracks.length === 1) return /** @type {const} */ (["raw", "smooth", "test"]).map((what) => ({ series: tracks[0][what], lane: 0, what }));
    if (curves.differences) return tracks.slice(1).map(({ apart }, at) => ({ series: apart.series, lane: at + 1, what: "apart" }));
    return tracks.flatMap((track, lane) => /** @type {const} */ (["smooth", "test"]).map((what) => ({ series: track[what], lane, what })));
  }

  /** @returns {uPlot.AlignedData} */
  get data() {
    return /** @type {uPlot.AlignedData} */ (align(this.curvesShown.map(({ series }) => series)));
  }

  build() {
    const { t } = this.curves;
    this.plot?.destroy();
    const { differences, logarithmic } = this.curves;
    this.log.textContent = t("charts.curves.log");
    this.log.setAttribute("aria-pressed", String(logarithmic));
    this.log.hidden = this.quantity !== "loss" || differences;
    this.difference.textContent = t("charts.curves.difference");
    this.difference.title = t("charts.curves.difference_help", { lane: this.curves.lanes[0] });
    this.difference.setAttribute("aria-pressed", String(differences));
    this.difference.hidden = this.quantity !== "loss" || this.tracks.length === 1;
    this.title.textContent = t(`charts.curves.${this.quantity}`);
    this.buildKeys();
    this.stage.setAttribute("aria-label", t("charts.curves.label", { quantity: t(`charts.curves.${this.quantity}`) }));
    this.plot = new uPlot(this.plotOptions(), this.data, this.stage);
    this.showValues();
  }

  /** A key a curve, or, of networks side by side, a key a network. */
  buildKeys() {
    const { lanes, t, palette } = this.curves;
    const names = lanes.length === 1 ? ["train", "test"].map((name) => t(`charts.curves.${name}`)) : lanes;
    const many = lanes.length > 1;
    this.keys = names.map((name, at) => {
      const root = element("span", many ? "chart-key chart-key-lane" : `chart-key chart-key-${["train", "test"][at]}`);
      const [swatch, label, value] = [element("i", "chart-swatch"), element("span", "", many ? String(at + 1) : name), element("span", "chart-value")];
      if (many) {
        // `1 no norm, ReLU`: the number is there already.
        label.append(element("span", "chart-lane-name", name.replace(/^\d+/, "")));
        root.title = name;
        swatch.style.background = "none";
        swatch.style.borderTop = `3px ${["solid", "dashed", "dotted", "double"][at]} ${laneColour(palette, at)}`;
      }
      root.append(swatch, label, value);
      return { root, label, value };
    });
    const keys = this.keys.map(({ root }) => root);
    const toggles = [this.difference, this.log];
    this.legend.replaceChildren(this.title, ...(many ? [...toggles, ...keys] : [...keys, ...toggles]), this.stepText);
  }

  /** @returns {uPlot.Options} */
  plotOptions() {
    const { palette, font, numbers, logarithmic } = this.curves;
    const type = `${Math.round(font.size)}px ${font.family}`; // uPlot reads whole pixels only
    const axis = {
      stroke: palette.muted,
      font: type,
      grid: { stroke: palette.line, width: 1 },
      ticks: { stroke: palette.line, width: 1, size: 5 },
    };
    const accuracy = this.quantity === "accuracy";
    const log = logarithmic && !accuracy && !this.curves.differences;
    return {
      ...this.size(),
      padding: [font.size * 1.6, font.size * 2, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: this.sync, setSeries: false }, y: false, drag: { x: false, y: false }, points: { size: 8 } },
      scales: {
        x: { time: false, range: (_, low, high) => stepRange(low ?? 0, high ?? 0) },
        y: log ? { distr: 3 } : { range: () => this.range() },
      },
      axes: [
        {
          ...axis,
          space: () => font.size * (this.showsEpochs ? 6.5 : 4.2),
          size: () => font.size * (this.showsEpochs ? 3.4 : 2.2),
          values: (_, steps) => steps.map((step) => this.stepLabel(step)),
          lineGap: 1.2,
        },
        {
          ...axis,
          space: font.size * 2.4,
          size: font.size * (accuracy ? 4.2 : 4),
          ...(accuracy ? { incrs: WHOLE_PERCENTS } : {}),
          values: (_, values) =>
            values.map((value) => (value === null ? "" : accuracy ? `${numbers.whole.format(value * 100)}\u00a0%` : numbers.number(value))),
        },
      ],
      series: [{}, ...this.curvesShown.map(({ what, lane }) => this.strokeOf(what, lane))],
      hooks: { draw: [(plot) => this.drawMarks(plot), (plot) => this.drawPast(plot)], setCursor: [() => this.showValues()] },
    };
  }

  /** @param {"raw" | "smooth" | "test" | "apart"} what @param {number} lane @returns {uPlot.Series} */
  strokeOf(what, lane) {
    const { palette } = this.curves;
    const many = this.tracks.length > 1;
    const spanGaps = true; // curves have their points at different steps
    const none = { show: false };
    if (what === "raw") return { stroke: faint(palette.train), width: 1, spanGaps, points: none };
    const stroke = many ? laneColour(palette, lane) : palette[what === "test" ? "test" : "train"];
    const dash = many ? DASHES[lane] : undefined;
    if (what === "test") return { stroke: many ? faint(stroke) : stroke, width: many ? 1 : 2, spanGaps, points: { show: true, size: 7, width: 1.5, stroke, fill: palette.surface } };
    return { stroke, width: 2.5, spanGaps, dash, points: none };
  }

  /** Of what is drawn strongly; the faint noise of single batches may leave the picture. @returns {[number, number]} */
  range() {
    let [low, high] = [Infinity, -Infinity];
    for (const { series, what } of this.curvesShown) {
      if (what === "raw") continue;
      for (const y of series.y) {
        if (y < low) low = y;
        if (y > high && y < Infinity) high = y;
      }
    }
    if (this.curves.differences) return differenceRange(low, high);
    return this.quantity === "accuracy" ? accuracyRange(high) : lossRange(low, high);
  }

  /** Epochs stand below the steps once there has been one, where there is room. */
  get showsEpochs() {
    const { stepsPerEpoch, options } = this.curves;
    const last = this.tracks[0].raw.x.at(-1) ?? 0;
    return stepsPerEpoch > 0 && last >= stepsPerEpoch && !options.compact && this.height > 13 * this.curves.font.size;
  }

  /** @param {number} step */
  stepLabel(step) {
    const { numbers, stepsPerEpoch, t } = this.curves;
    if (!Number.isInteger(step)) return "";
    if (!this.showsEpochs) return numbers.count(step);
    return `${numbers.count(step)}\n${t("charts.epoch", { epoch: numbers.tenth.format(step / stepsPerEpoch) })}`;
  }

  /** Measured only when the layout may have changed, as asking makes the browser lay out. */
  size() {
    this.height = this.stage.clientHeight;
    return { width: Math.max(60, this.stage.clientWidth), height: Math.max(40, this.height) };
  }

  resize() {
    const size = this.size();
    if (this.root.hidden) return;
    if (this.plot && (size.width !== this.plot.width || size.height !== this.plot.height)) this.plot.setSize(size);
  }

  /** @param {boolean} near else the plot waits; its values are in words too */
  draw(near) {
    if (near) this.plot?.setData(this.data);
    this.showValues();
  }

  /** A line and a label where a switch was flipped. @param {uPlot} plot */
  drawMarks(plot) {
    const { events, palette, font } = this.curves;
    const { ctx, bbox } = plot;
    const { min, max } = plot.scales.x;
    if (min == null || max == null) return;
    const ratio = devicePixelRatio || 1;
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

  /** Where the record is shown. @param {uPlot} plot */
  drawPast(plot) {
    const { past, palette } = this.curves;
    if (past === null) return;
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    const x = Math.round(plot.valToPos(past, "x", true));
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = palette.ink;
    ctx.lineWidth = 2 * ratio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    for (const [dx, dy] of [[-5, 0], [5, 0], [0, 7]]) ctx.lineTo(x + dx * ratio, bbox.top + dy * ratio);
    ctx.fill();
    ctx.restore();
  }

  /** The values at the cursor, else at the step of the record that is shown, else the latest. */
  showValues() {
    const { numbers, t } = this.curves;
    const index = this.plot?.cursor.idx;
    const step = index == null ? this.curves.past : this.plot?.data[0][index];
    const format = (/** @type {number} */ value) => (this.quantity === "accuracy" ? numbers.percent(value) : numbers.live(value));
    const at = (/** @type {Series} */ series) => {
      const index = step == null ? series.x.length - 1 : nearest(series.x, step);
      return index < 0 ? "–" : format(series.y[index]);
    };
    this.keys.forEach(({ value }, key) => {
      const track = this.tracks[this.tracks.length === 1 ? 0 : key];
      if (this.tracks.length === 1) setText(value, at([track.smooth, track.test][key]));
      else if (this.curves.differences) setText(value, key === 0 ? "0" : at(track.apart.series));
      else setText(value, track.test.x.length > 0 && !this.curves.options.compact ? `${at(track.smooth)} · ${at(track.test)}` : at(track.smooth));
    });
    setText(this.stepText, step == null ? "" : t("charts.step", { step: numbers.count(step) }));
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { plot } = this;
    const last = (plot?.data[0].length ?? 0) - 1;
    if (!plot || last < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const at = plot.cursor.idx ?? last;
    const stride = Math.max(1, Math.round(last / 50));
    const to = { ArrowLeft: at - stride, ArrowRight: at + stride, Home: 0, End: last, Escape: -1 }[event.key];
    if (to === undefined || (event.key === "Escape" && plot.cursor.idx == null)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") return plot.setCursor({ left: -10, top: -10 });
    const step = plot.data[0][clamp(to, 0, last)];
    plot.setCursor({ left: plot.valToPos(step, "x"), top: plot.over.clientHeight / 2 });
    this.curves.spoken.textContent = `${this.stepText.textContent}: ${this.describeValues()}`;
  }

  describeValues() {
    const { t } = this.curves;
    const values = this.keys.map(({ root, label, value }) => `${root.title || label.textContent} ${value.textContent}`).join(", ");
    return `${t(`charts.curves.${this.quantity}`)}: ${values}.`;
  }

  describe() {
    return this.describeValues();
  }
}

/** @param {Node} node @param {string} text */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {import("./canvas.js").Palette} palette @param {number} lane */
export const laneColour = (palette, lane) => palette[/** @type {keyof typeof palette} */ (`lane-${lane + 1}`)];

/** @param {string} colour rgb(r, g, b) */
const faint = (colour) => colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.22)");

/** From the start of the run, unless it was taken up again far from there. @param {number} low @param {number} high @returns {[number, number]} */
const stepRange = (low, high) => [low < 0.2 * high || low <= 1 ? 0 : low, Math.max(high, low + 10)];

/** Index of the last x that is not above `value` (the first if all are), -1 when there is none. @param {number[]} xs @param {number} value */
function nearest(xs, value) {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return Math.max(low - 1, xs.length ? 0 : -1);
}
