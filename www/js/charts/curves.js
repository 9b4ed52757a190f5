// Loss and accuracy over the run, training and test. uPlot draws; this file decides what.

import uPlot from "uplot";
import { clamp, element, languageOf, readPalette, whenNear } from "./canvas.js";
import { Record } from "./record.js";
import { Numbers, accuracyRange, lossRange, placeMarks } from "./scale.js";
import { SMOOTHING, Series, Smooth, align } from "./series.js";

/**
 * @typedef {object} CurvesData What is new since the last update.
 * @property {Float32Array} [training] rows of step, loss, accuracy (of the batch)
 * @property {Float32Array} [test] rows of step, loss, accuracy
 * @property {{step: number, label: string}[]} [events] all flipped switches so far, oldest first
 * @property {number} [stepsPerEpoch] 0 or none: no epochs are shown
 * @property {boolean} [restart] forget the run so far first
 */

/** @typedef {"loss" | "accuracy"} Quantity */
const QUANTITIES = /** @type {Quantity[]} */ (["loss", "accuracy"]);
/** Points kept of each curve; older ones are thinned, their extremes kept. */
const CAPACITY = 2000;
/** Steps of the accuracy's axis, so that no label is rounded. */
const WHOLE_PERCENTS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const SUMMARY_EVERY = 2000;
let nextId = 0;

export class Curves {
  /**
   * @param {HTMLElement} host
   * @param {import('./canvas.js').ChartOptions & {show?: Quantity[]}} options
   */
  constructor(host, options) {
    this.host = host;
    this.options = options;
    this.root = element("div", "chart chart-curves");
    this.summary = element("p", "chart-words");
    this.spoken = element("p", "chart-words");
    this.spoken.setAttribute("aria-live", "polite");
    const sync = `chart-curves-${nextId++}`;
    this.panes = QUANTITIES.map((quantity) => new Pane(this, quantity, sync));
    this.root.append(...this.panes.map((pane) => pane.root), this.summary, this.spoken);
    host.append(this.root);
    /** @type {{step: number, label: string}[]} */
    this.events = [];
    /** For export, rows of step, loss, accuracy: 1.5 MB and 0.2 MB at most. */
    this.training = new Record(3, 2 ** 17);
    this.test = new Record(3, 2 ** 14);
    this.stepsPerEpoch = 0;
    this.logarithmic = false;
    this.frame = 0;
    this.summaryTimer = 0;
    this.palette = readPalette(this.root);
    this.numbers = new Numbers();
    this.font = { family: "sans-serif", size: 14 };
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.root);
    // A legend that takes another line leaves less to its plot.
    for (const pane of this.panes) this.observer.observe(pane.stage);
    this.near = true;
    this.sight = whenNear(this.root, (near) => {
      this.near = near;
      if (near) this.invalidate();
    });
    this.refreshTheme();
  }

  get t() {
    return this.options.t;
  }

  /** @param {CurvesData} data */
  update(data) {
    if (data.restart) for (const part of [...this.panes, this.training, this.test]) part.clear();
    if (data.stepsPerEpoch !== undefined) this.stepsPerEpoch = data.stepsPerEpoch;
    if (data.events) this.events = data.events;
    if (data.training) this.training.push(data.training);
    if (data.test) this.test.push(data.test);
    for (const pane of this.panes) pane.push(data);
    this.invalidate();
  }

  /** @param {boolean} on */
  logLoss(on) {
    this.logarithmic = on;
    this.refreshTheme();
  }

  /** Both plots where there is room for both, else the first. */
  arrange() {
    const { clientWidth, clientHeight } = this.root;
    const beside = clientWidth >= 32 * this.font.size && clientWidth > 1.1 * clientHeight;
    this.root.classList.toggle("chart-beside", beside);
    const both = beside || clientHeight >= 24 * this.font.size;
    const shown = this.options.show ?? (both ? QUANTITIES : QUANTITIES.slice(0, 1));
    this.root.classList.toggle("chart-compact", Boolean(this.options.compact) || clientWidth < 21 * this.font.size);
    this.root.classList.toggle("chart-single", shown.length === 1);
    for (const pane of this.panes) pane.root.hidden = !shown.includes(pane.quantity);
  }

  /** Colours, type and language are built into uPlot's axes, so the plots are made anew. */
  refreshTheme() {
    this.palette = readPalette(this.root);
    const style = getComputedStyle(this.root);
    this.font = { family: style.fontFamily, size: parseFloat(style.fontSize) || 14 };
    this.numbers = new Numbers(this.options.language || languageOf(this.host));
    this.arrange();
    for (const pane of this.panes) pane.build();
    this.invalidate();
  }

  resize() {
    if (!this.palette.ink) return this.refreshTheme(); // made before it was put into the page
    this.arrange();
    for (const pane of this.panes) pane.resize();
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.summaryTimer);
    this.frame = -1;
    this.observer.disconnect();
    this.sight.disconnect();
    for (const pane of this.panes) pane.plot?.destroy();
    this.root.remove();
  }

  invalidate() {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      for (const pane of this.panes) if (!pane.root.hidden) pane.draw(this.near);
      this.summaryTimer ||= window.setTimeout(() => {
        this.summaryTimer = 0;
        this.summary.textContent = this.panes.map((pane) => pane.describe()).join(" ");
      }, SUMMARY_EVERY);
    });
  }
}

/** One quantity's plot with its legend of live values. */
class Pane {
  /**
   * @param {Curves} curves
   * @param {Quantity} quantity
   * @param {string} sync key of the cursor that the panes share
   */
  constructor(curves, quantity, sync) {
    this.curves = curves;
    this.quantity = quantity;
    this.sync = sync;
    this.raw = new Series(CAPACITY);
    this.smooth = new Series(CAPACITY);
    this.test = new Series(CAPACITY);
    this.smoothing = new Smooth(SMOOTHING);
    this.root = element("div", "chart-pane");
    this.legend = element("div", "chart-legend");
    this.title = element("span", "chart-title");
    this.stepText = element("span", "chart-at");
    this.log = /** @type {HTMLButtonElement} */ (element("button", "chart-toggle"));
    this.log.type = "button";
    this.log.hidden = quantity !== "loss";
    this.log.addEventListener("click", () => curves.logLoss(!curves.logarithmic));
    this.values = ["train", "test"].map((name) => ({ name, label: element("span", ""), value: element("span", "chart-value") }));
    this.legend.append(this.title);
    for (const { name, label, value } of this.values) {
      const item = element("span", `chart-key chart-key-${name}`);
      item.append(element("i", "chart-swatch"), label, value);
      this.legend.append(item);
    }
    this.legend.append(this.stepText, this.log);
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

  clear() {
    for (const part of [this.raw, this.smooth, this.test, this.smoothing]) part.clear();
  }

  /** @param {CurvesData} data */
  push({ training, test }) {
    const column = this.quantity === "loss" ? 1 : 2;
    for (let i = 0; training && i + 2 < training.length; i += 3) {
      this.raw.push(training[i], training[i + column]);
      this.smooth.push(training[i], this.smoothing.push(training[i + column]));
    }
    for (let i = 0; test && i + 2 < test.length; i += 3) this.test.push(test[i], test[i + column]);
  }

  /** @returns {uPlot.AlignedData} */
  get data() {
    return /** @type {uPlot.AlignedData} */ (align([this.raw, this.smooth, this.test]));
  }

  build() {
    const { t } = this.curves;
    this.plot?.destroy();
    this.log.textContent = t("charts.curves.log");
    this.log.setAttribute("aria-pressed", String(this.curves.logarithmic));
    this.title.textContent = t(`charts.curves.${this.quantity}`);
    for (const { name, label } of this.values) label.textContent = t(`charts.curves.${name}`);
    this.stage.setAttribute("aria-label", t("charts.curves.label", { quantity: t(`charts.curves.${this.quantity}`) }));
    this.plot = new uPlot(this.plotOptions(), this.data, this.stage);
    this.showValues();
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
    const log = logarithmic && !accuracy;
    const spanGaps = true; // the three curves have their points at different steps
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
      series: [
        {},
        { stroke: faint(palette.train), width: 1, spanGaps, points: { show: false } },
        { stroke: palette.train, width: 2.5, spanGaps, points: { show: false } },
        {
          stroke: palette.test,
          width: 2,
          spanGaps,
          points: { show: true, size: 7, width: 1.5, stroke: palette.test, fill: palette.surface },
        },
      ],
      hooks: { draw: [(plot) => this.drawMarks(plot)], setCursor: [() => this.showValues()] },
    };
  }

  /** Of what is drawn strongly; the faint noise of single batches may leave the picture. @returns {[number, number]} */
  range() {
    let [low, high] = [Infinity, -Infinity];
    for (const y of [...this.smooth.y, ...this.test.y]) {
      if (y < low) low = y;
      if (y > high && y < Infinity) high = y;
    }
    return this.quantity === "accuracy" ? accuracyRange(high) : lossRange(low, high);
  }

  /** Epochs stand below the steps once there has been one, where there is room. */
  get showsEpochs() {
    const { stepsPerEpoch, options } = this.curves;
    const last = this.raw.x.at(-1) ?? 0;
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

  /** The values at the cursor, else the latest. */
  showValues() {
    const { numbers, t } = this.curves;
    const index = this.plot?.cursor.idx;
    const step = index == null ? null : this.plot?.data[0][index];
    const format = (/** @type {number} */ value) => (this.quantity === "accuracy" ? numbers.percent(value) : numbers.live(value));
    [this.smooth, this.test].forEach((series, which) => {
      const at = step == null ? series.x.length - 1 : nearest(series.x, step);
      setText(this.values[which].value, at < 0 ? "–" : format(series.y[at]));
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
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") return plot.setCursor({ left: -10, top: -10 });
    const step = plot.data[0][clamp(to, 0, last)];
    plot.setCursor({ left: plot.valToPos(step, "x"), top: plot.over.clientHeight / 2 });
    this.curves.spoken.textContent = `${this.stepText.textContent}: ${this.describeValues()}`;
  }

  describeValues() {
    const { t } = this.curves;
    const values = this.values.map(({ name, value }) => `${t(`charts.curves.${name}`)} ${value.textContent}`).join(", ");
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
