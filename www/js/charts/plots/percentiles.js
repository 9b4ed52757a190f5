// Percentiles of a distribution over the steps: a band from 5 % to 95 % with the median. Each network has a separate plot, all on
// one scale.

import uPlot from "uplot";
import { faint, laneColour } from "../colours.js";
import { Frame, element } from "../frame.js";
import { UNIT, cursorOf, fit, moveCursor, paddingOf, placed, sharpen, show, sizeOf, stageOf, stepAxisOf, valueAxisOf } from "./plot.js";
import { Scale, extent } from "../scale.js";

/** The share of values below each curve, in the order of the data. */
export const SHARES = [0.05, 0.5, 0.95];
/** End of the step axis before the first run. */
const STEPS = 10;
/** Digits of a value: the histogram's bins resolve no more. */
const DIGITS = 2;

/**
 * @typedef {object} Lane One network.
 * @property {string} name
 * @property {number[]} steps ascending
 * @property {number[][]} values (SHARES, steps); NaN where nothing was measured
 *
 * @typedef {{lanes: Lane[], until: number, of: string}} PercentilesData until: end of the step axis; of: the quantity, in words
 */

export class Percentiles extends Frame {
  /** @param {HTMLElement} host @param {import("../frame.js").ChartOptions} options */
  constructor(host, options) {
    super(host, options, "percentiles");
    this.plots = element("div", "percentiles-lanes");
    this.empty = element("p", "chart-note");
    this.enter(this.plots, this.empty);
    /** @type {PercentilesData} */
    this.data = { lanes: [], until: STEPS, of: "" };
    /** @type {Plot[]} */
    this.lanes = [];
    this.observer.observe(this.root);
    this.refreshTheme();
  }

  /** @param {PercentilesData} data kept, not copied */
  update(data) {
    const names = (/** @type {PercentilesData} */ { lanes }) => lanes.map(({ name }) => name).join("\n");
    const same = names(data) === names(this.data);
    this.data = data;
    if (same) this.draw();
    else this.build();
  }

  /** Colours, type and language are built into uPlot's axes, so the plots are rebuilt. */
  restyled() {
    this.build();
  }

  build() {
    for (const { plot } of this.lanes) plot.destroy();
    this.plots.replaceChildren();
    this.lanes = this.data.lanes.map((_, lane) => new Plot(this, lane));
    this.empty.textContent = this.options.t("charts.percentiles.empty");
    this.draw();
  }

  draw() {
    this.empty.hidden = this.data.lanes.some(({ steps }) => steps.length > 0);
    this.plots.hidden = !this.empty.hidden;
    for (const lane of this.lanes) lane.draw();
    this.summary.textContent = [this.data.of, ...this.lanes.flatMap((lane) => lane.describe())].join(" ");
  }

  resized() {
    for (const lane of this.lanes) lane.resize();
  }

  /** One scale for all networks, so that they can be compared. */
  get scale() {
    const { low, high } = extent(this.data.lanes.flatMap(({ values }) => values.flat()));
    if (low > high) return new Scale([0, 1]);
    const [start, end] = [Math.min(0, low), Math.max(0, high)];
    const margin = 0.06 * (end - start || 1);
    return new Scale([start < 0 ? start - margin : 0, end + margin]);
  }

  /** @returns {[number, number]} */
  stepRange() {
    return [0, Math.max(this.data.until, ...this.data.lanes.map(({ steps }) => steps.at(-1) ?? 0))];
  }

  destroy() {
    super.destroy();
    for (const { plot } of this.lanes) plot.destroy();
  }
}

/** The percentiles of one network. */
class Plot {
  /** @param {Percentiles} chart @param {number} lane */
  constructor(chart, lane) {
    this.chart = chart;
    this.lane = lane;
    this.values = element("div", "percentiles-values");
    this.numbers = SHARES.map((share) => {
      const number = element("b", "");
      const key = element("span", "");
      key.append(`${100 * share}\u00a0% `, number);
      this.values.append(key);
      return number;
    });
    const name = element("span", "lane-name", this.data.name);
    name.dataset.lane = String(lane + 1);
    const legend = element("div", "percentiles-legend");
    this.step = element("span", "percentiles-step");
    legend.append(name, this.step);
    this.stage = stageOf(
      () => this.plot,
      (event) => this.press(event),
    );
    this.scale = chart.scale;
    this.stage.setAttribute("aria-label", chart.options.t("charts.percentiles.label", { lane: this.data.name }));
    this.root = element("div", "percentiles-lane");
    this.root.append(legend, this.values, this.stage);
    chart.plots.append(this.root);
    this.plot = new uPlot(this.plotOptions(), this.table, this.stage);
  }

  get data() {
    return this.chart.data.lanes[this.lane];
  }

  /** @returns {uPlot.AlignedData} */
  get table() {
    const { steps, values } = this.data;
    this.scale = this.chart.scale;
    return /** @type {uPlot.AlignedData} */ ([steps, ...placed(values, this.scale)]);
  }

  /** @returns {uPlot.Options} */
  plotOptions() {
    const { chart } = this;
    const { palette, font, numbers } = chart;
    const stroke = laneColour(palette, this.lane);
    const none = { show: false };
    return {
      ...sizeOf(this.stage),
      padding: paddingOf(font, 0.6),
      legend: none,
      cursor: cursorOf(chart.id),
      scales: { x: { time: false, range: () => chart.stepRange() }, y: UNIT },
      axes: [
        stepAxisOf(palette, font, numbers),
        valueAxisOf(
          palette,
          font,
          () => this.scale,
          (value) => numbers.number(value),
          2,
        ),
      ],
      bands: [{ series: [3, 1], fill: faint(stroke) }],
      series: [{}, ...SHARES.map((share) => ({ stroke, width: share === 0.5 ? 2.5 : 1.2, points: none }))],
      hooks: { setSize: [sharpen], setCursor: [() => this.showValues()] },
    };
  }

  draw() {
    show(this.plot, this.table);
    this.showValues();
  }

  resize() {
    fit(this.plot, sizeOf(this.stage));
  }

  /** The index at the cursor, else of the newest snapshot. */
  get at() {
    return this.plot?.cursor.idx ?? this.data.steps.length - 1;
  }

  /** The three values at a snapshot. @param {number} at @returns {string[]} */
  written(at) {
    return this.data.values.map((row) => this.chart.numbers.number(Number(row[at].toPrecision(DIGITS))));
  }

  showValues() {
    const { at, data, chart } = this;
    const values = at < 0 ? [] : this.written(at);
    this.numbers.forEach((number, which) => (number.textContent = values[which] ?? "–"));
    this.step.textContent = at < 0 ? "" : chart.options.t("charts.step", { step: chart.numbers.count(data.steps[at]) });
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (moveCursor(this.plot, event)) this.chart.spoken.textContent = this.sentence(this.at);
  }

  /** @param {number} at */
  sentence(at) {
    const [p5, p50, p95] = this.written(at);
    return this.chart.options.t("charts.percentiles.at", { lane: this.data.name, step: this.chart.numbers.count(this.data.steps[at]), p5, p50, p95 });
  }

  /** Describes the first and the newest snapshot. */
  describe() {
    const last = this.data.steps.length - 1;
    return last < 0 ? [] : [...new Set([0, last])].map((at) => this.sentence(at));
  }
}
