// The size of each step relative to the weights that it changes: one curve per network on a logarithmic axis, and as a thin line
// the value that a rule predicts for one of them.

import uPlot from "uplot";
import { laneColour } from "../colours.js";
import { Frame, element } from "../frame.js";
import { DASHES, UNIT, cursorOf, fit, moveCursor, paddingOf, placed, sharpen, show, sizeOf, stageOf, stepAxisOf, valueAxisOf } from "./plot.js";
import { Scale, extent } from "../scale.js";

/** Digits of a value: it varies by more from batch to batch. */
const DIGITS = 2;
/** Space above and below the curves, as a factor. */
const MARGIN = 1.25;

/**
 * @typedef {{name: string, steps: number[], values: number[]}} Curve values above 0; NaN where nothing was measured
 * @typedef {{curves: Curve[], rule: Curve | null, until: number, of: string}} UpdatesData one curve per network; `of`: the quantity, in words
 * @typedef {(key: string, fields?: Record<string, unknown>) => string} Say
 */

export class Updates extends Frame {
  /** @param {HTMLElement} host @param {import("../frame.js").ChartOptions} options @param {Say} say texts: label, empty, at */
  constructor(host, options, say) {
    super(host, options, "updates");
    this.say = say;
    this.values = element("div", "percentiles-values");
    this.stage = stageOf(
      () => this.plot,
      (event) => this.press(event),
    );
    this.empty = element("p", "chart-note");
    this.enter(this.values, this.stage, this.empty);
    /** @type {UpdatesData} */
    this.data = { curves: [], rule: null, until: 10, of: "" };
    /** The cell for each curve's value. @type {HTMLElement[]} */
    this.cells = [];
    this.step = element("span", "percentiles-step");
    /** @type {(number | undefined)[][]} values of each curve */
    this.rows = [];
    this.scale = new Scale([1e-4, 1e-2], true);
    this.plot = this.make();
    this.observer.observe(this.root);
    this.refreshTheme();
  }

  /** All drawn curves; the rule comes last. */
  get all() {
    return [...this.data.curves, ...(this.data.rule ? [this.data.rule] : [])];
  }

  /** @param {UpdatesData} data kept, not copied */
  update(data) {
    const before = this.all.map(({ name }) => name).join("\n");
    this.data = data;
    if (this.all.map(({ name }) => name).join("\n") === before) this.draw();
    else this.build();
  }

  /** Colours, type and language are built into the plot, so it is rebuilt. */
  restyled() {
    this.build();
  }

  build() {
    this.plot.destroy();
    this.plot = this.make();
    this.values.replaceChildren();
    this.cells = this.all.map(({ name }, at) => {
      const [key, number] = [element("span", "updates-key"), element("b", "")];
      const isLane = at < this.data.curves.length;
      const label = element("span", isLane ? "lane-name" : "updates-rule", name);
      if (isLane) label.dataset.lane = String(at + 1);
      key.append(label, " ", number);
      this.values.append(key);
      return number;
    });
    this.values.append(this.step);
    this.stage.setAttribute("aria-label", this.say("label"));
    this.empty.textContent = this.say("empty");
    this.draw();
  }

  make() {
    const { palette, font, numbers } = this;
    const { curves, rule } = this.data;
    const none = { show: false };
    /** @type {uPlot.Series[]} */
    const series = curves.map((_, lane) => ({ stroke: laneColour(palette, lane), width: 2, dash: DASHES[lane], points: none, spanGaps: true }));
    if (rule) series.push({ stroke: palette.ink, width: 1, points: none, spanGaps: true });
    return new uPlot(
      {
        ...sizeOf(this.stage),
        padding: paddingOf(font, 0.6),
        legend: none,
        cursor: cursorOf(this.id),
        scales: { x: { time: false, range: () => [0, this.data.until] }, y: UNIT },
        axes: [
          stepAxisOf(palette, font, numbers),
          valueAxisOf(
            palette,
            font,
            () => this.scale,
            (value) => value.toExponential(0).replace("+", ""),
            1.5,
          ),
        ],
        series: [{}, ...series],
        hooks: { setSize: [sharpen], setCursor: [() => this.showValues()] },
      },
      this.table,
      this.stage,
    );
  }

  /** Every step with a snapshot of any network, and the values there. @returns {uPlot.AlignedData} */
  get table() {
    const steps = [...new Set(this.all.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
    this.rows = this.all.map((curve) => {
      const at = new Map(curve.steps.map((step, i) => [step, curve.values[i]]));
      return steps.map((step) => at.get(step));
    });
    const { low, high } = extent(
      this.all.flatMap(({ values }) => values),
      true,
    );
    this.scale = new Scale(low <= high ? [low / MARGIN, high * MARGIN] : [1e-4, 1e-2], true);
    return /** @type {uPlot.AlignedData} */ ([steps, ...placed(this.rows, this.scale)]);
  }

  draw() {
    const { table } = this;
    const steps = table[0].length;
    this.empty.hidden = steps > 0;
    this.stage.hidden = this.values.hidden = steps === 0;
    fit(this.plot, sizeOf(this.stage));
    show(this.plot, table);
    this.showValues();
    const ends = [...new Set([0, steps - 1])].filter((at) => at >= 0);
    this.summary.textContent = [this.data.of, ...ends.map((at) => this.sentence(at))].join(" ");
  }

  resized() {
    fit(this.plot, sizeOf(this.stage));
  }

  /** The value of each curve at a snapshot. @param {number} at @returns {string[]} */
  written(at) {
    return this.rows.map((row) => (Number.isFinite(row[at]) ? this.numbers.number(Number(Number(row[at]).toPrecision(DIGITS))) : "–"));
  }

  /** Shows the values at the cursor, else at the newest snapshot. */
  showValues() {
    if (!this.plot) return; // uPlot reports its cursor before the plot is set
    const at = this.plot.cursor.idx ?? this.plot.data[0].length - 1;
    const values = at < 0 ? [] : this.written(at);
    this.cells.forEach((number, which) => (number.textContent = values[which] ?? "–"));
    this.step.textContent = at < 0 ? "" : this.options.t("charts.step", { step: this.numbers.count(this.plot.data[0][at]) });
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (moveCursor(this.plot, event)) this.spoken.textContent = this.sentence(this.plot.cursor.idx ?? 0);
  }

  /** @param {number} at */
  sentence(at) {
    const values = this.written(at)
      .map((value, which) => `${this.all[which].name} ${value}`)
      .join(", ");
    return this.say("at", { step: this.numbers.count(this.plot.data[0][at]), values });
  }

  destroy() {
    super.destroy();
    this.plot.destroy();
  }
}
