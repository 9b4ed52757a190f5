// One quantity's plot: its curves over the steps and a legend with their live values. uPlot draws; this file decides what.

import uPlot from "uplot";
import { faint, laneColour } from "../colours.js";
import { element } from "../frame.js";
import { gapAt, shadeGap, valueAt, writeGaps } from "./gap.js";
import { drawExplosions, drawMarks, drawPast } from "./marks.js";
import { DASHES, UNIT, axisOf, cursorOf, fit, moveCursor, paddingOf, placed, sharpen, show, sizeOf, stageOf, valueAxisOf } from "./plot.js";
import { Scale, curveScale, differenceRange, extent, together } from "../scale.js";
import { Series, align } from "./series.js";
import { Track } from "./track.js";

/** One quantity's plot with its legend of live values. */
export class Pane {
  /**
   * @param {import("./types.js").Frame} curves
   * @param {import("./types.js").Quantity} quantity
   * @param {string} sync key of the cursor that the panes share
   */
  constructor(curves, quantity, sync) {
    this.curves = curves;
    this.quantity = quantity;
    this.sync = sync;
    this.tracks = [new Track()];
    this.root = element("div", "chart-pane");
    this.legend = element("div", "chart-legend");
    this.keyRow = element("span", "chart-keys");
    this.title = element("span", "chart-title");
    this.stepText = element("span", "chart-at");
    this.log = this.toggle(() => curves.logLoss(!curves.logarithmic));
    this.difference = this.toggle(() => curves.showDifferences(!curves.differences));
    this.gap = this.toggle(() => curves.showGap(!curves.gap));
    /** @type {{root: HTMLElement, label: HTMLElement, value: HTMLElement}[]} */
    this.keys = [];
    this.stage = stageOf(
      () => this.plot,
      (event) => this.press(event),
    );
    this.root.append(this.legend, this.stage);
    /** @type {uPlot | null} */
    this.plot = null;
    /** The scale of the drawn values. */
    this.scale = new Scale([0, 1]);
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

  /** @param {number[]} lanes the previous index of each network */
  keep(lanes) {
    this.tracks = lanes.map((lane) => this.tracks[lane] ?? new Track());
  }

  /** Forgets everything after a step. @param {number} lane @param {number} step @param {Float32Array} rows its training steps up to there */
  cut(lane, step, rows) {
    const column = this.quantity === "loss" ? 1 : 2;
    this.tracks[lane]?.cut(
      step,
      [...rows].filter((_, at) => at % 3 === column),
    );
  }

  /** @param {import("./types.js").CurvesData} data */
  push({ training, test, fit, lane = 0 }) {
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
    for (let i = 0; fit && i + 2 < fit.length; i += 3) track.fit.push(fit[i], fit[i + column]);
  }

  /** The curves in drawing order. @returns {{series: Series, lane: number, what: "raw" | "smooth" | "test" | "apart"}[]} */
  get curvesShown() {
    const { tracks, curves } = this;
    if (tracks.length === 1) return /** @type {const} */ (["raw", "smooth", "test"]).map((what) => ({ series: tracks[0][what], lane: 0, what }));
    if (curves.differences) return tracks.slice(1).map(({ apart }, at) => ({ series: apart.series, lane: at + 1, what: "apart" }));
    return tracks.flatMap((track, lane) => /** @type {const} */ (["smooth", "test"]).map((what) => ({ series: track[what], lane, what })));
  }

  /** The data for uPlot: steps, and each curve's places on the scale, which is renewed here. @returns {uPlot.AlignedData} */
  get data() {
    this.scale = this.scaleNow();
    const [steps, ...columns] = align(this.curvesShown.map(({ series }) => series));
    return /** @type {uPlot.AlignedData} */ ([steps, ...placed(columns, this.scale)]);
  }

  build() {
    const { t } = this.curves;
    this.plot?.destroy();
    const { differences, logarithmic, gap } = this.curves;
    this.log.textContent = t("charts.curves.log");
    this.log.setAttribute("aria-pressed", String(logarithmic));
    this.log.hidden = this.quantity !== "loss" || differences;
    this.difference.textContent = t("charts.curves.difference");
    this.difference.title = t("charts.curves.difference_help", { lane: this.curves.lanes[0] });
    this.difference.setAttribute("aria-pressed", String(differences));
    this.difference.hidden = this.quantity !== "loss" || this.tracks.length === 1;
    this.gap.textContent = t("charts.curves.gap");
    this.gap.title = t("charts.curves.gap_help");
    this.gap.setAttribute("aria-pressed", String(gap));
    this.gap.hidden = this.quantity !== "loss" || differences;
    this.title.textContent = t(`charts.curves.${this.quantity}`);
    this.buildKeys();
    this.stage.setAttribute("aria-label", t("charts.curves.label", { quantity: t(`charts.curves.${this.quantity}`) }));
    this.plot = new uPlot(this.plotOptions(), this.data, this.stage);
    this.showValues();
  }

  /** One key per curve, or one per network if there are several. */
  buildKeys() {
    const { lanes, t, palette } = this.curves;
    const train = t("charts.curves.train");
    const smoothed = () => element("span", "chart-smoothed", t("charts.curves.smoothed"));
    const names = lanes.length === 1 ? [train, t("charts.curves.test")] : lanes;
    const many = lanes.length > 1;
    this.keys = names.map((name, at) => {
      const root = element("span", many ? "chart-key chart-key-lane" : `chart-key chart-key-${["train", "test"][at]}`);
      const [swatch, label, value] = [element("i", "chart-swatch"), element("span", "", many ? String(at + 1) : name), element("span", "chart-value")];
      if (many) {
        // `1 no norm, ReLU`: the key has the number already.
        label.append(element("span", "chart-lane-name", name.replace(/^\d+/, "")));
        root.title = name;
        swatch.style.background = "none";
        swatch.style.borderTop = `3px ${["solid", "dashed", "dotted", "double"][at]} ${laneColour(palette, at)}`;
      }
      if (name === train) label.append(smoothed());
      root.append(swatch, label, value);
      return { root, label, value };
    });
    // With several networks: explains the two values of each key.
    const about = element("span", "chart-about", train);
    about.append(smoothed(), this.curves.differences ? "" : ` · ${t("charts.curves.test")}`);
    this.keyRow.replaceChildren(...(many ? [about] : []), ...this.keys.map(({ root }) => root));
    const toggles = [this.difference, this.gap, this.log];
    this.legend.replaceChildren(this.title, ...(many ? [...toggles, this.keyRow] : [this.keyRow, ...toggles]), this.stepText);
  }

  /** @returns {uPlot.Options} */
  plotOptions() {
    const { palette, font, numbers } = this.curves;
    const axis = axisOf(palette, font);
    const label = (/** @type {number} */ value) => (this.quantity === "accuracy" ? numbers.wholePercent(value) : numbers.number(value));
    return {
      ...this.size(),
      padding: paddingOf(font, 1.6),
      legend: { show: false },
      cursor: cursorOf(this.sync),
      scales: {
        x: { time: false, range: (_, low, high) => stepRange(low ?? 0, this.lastStep) },
        y: UNIT,
      },
      axes: [
        {
          ...axis,
          space: () => font.size * (this.showsEpochs ? 6.5 : 4.2),
          size: () => font.size * (this.showsEpochs ? 3.4 : 2.2),
          values: (_, steps) => steps.map((step) => this.stepLabel(step)),
          lineGap: 1.2,
        },
        valueAxisOf(palette, font, () => this.scale, label),
      ],
      series: [{}, ...this.curvesShown.map(({ what, lane }) => this.strokeOf(what, lane))],
      hooks: {
        setSize: [sharpen],
        drawAxes: [(plot) => this.drawGaps(plot)],
        setCursor: [() => this.showValues()],
        draw: [
          (plot) => this.writeGaps(plot),
          (plot) => drawMarks(plot, this.curves),
          (plot) => drawExplosions(plot, this),
          (plot) => drawPast(plot, this.curves),
        ],
      },
    };
  }

  /** @param {"raw" | "smooth" | "test" | "apart"} what @param {number} lane @returns {uPlot.Series} */
  strokeOf(what, lane) {
    const { palette } = this.curves;
    const many = this.tracks.length > 1;
    const spanGaps = true; // curves have their points at different steps
    const none = { show: false };
    if (what === "raw") return { stroke: faint(palette.train), width: 1, spanGaps, points: none };
    const stroke = !many && what === "test" ? palette.test : this.colour(lane);
    const dash = many ? DASHES[lane] : undefined;
    if (what === "test")
      return {
        stroke: many ? faint(stroke) : stroke,
        width: many ? 1 : 2,
        spanGaps,
        points: { show: true, size: 7, width: 1.5, stroke, fill: palette.surface },
      };
    return { stroke, width: 2.5, spanGaps, dash, points: none };
  }

  /** The colour of a network. @param {number} lane */
  colour(lane) {
    const { palette } = this.curves;
    return this.tracks.length > 1 ? laneColour(palette, lane) : palette.train;
  }

  /** The scale of the strong curves; the faint noise of single batches may leave the picture. */
  scaleNow() {
    const { differences } = this.curves;
    const logarithmic = this.curves.logarithmic && !differences && this.quantity === "loss";
    const strong = this.curvesShown.filter(({ what }) => what !== "raw");
    const networks = this.tracks.map((_, at) =>
      extent(
        strong.filter(({ lane }) => lane === at).flatMap(({ series }) => series.y),
        logarithmic,
      ),
    );
    // The first network's difference from itself is 0. Compared with it, a difference that has exploded leaves the picture.
    if (differences) networks[0] = { low: 0, high: 0 };
    const ends = together(networks, logarithmic);
    return differences ? new Scale(differenceRange(ends.low, ends.high)) : curveScale(this.quantity, ends, logarithmic);
  }

  /** The last step of any network: a diverged network and its difference end early. */
  get lastStep() {
    return Math.max(0, ...this.tracks.flatMap(({ raw, test }) => [raw, test].map(({ x }) => x.at(-1) ?? 0)));
  }

  /** Epochs are written below the steps after the first epoch, where there is room. */
  get showsEpochs() {
    const { stepsPerEpoch, options } = this.curves;
    return stepsPerEpoch > 0 && this.lastStep >= stepsPerEpoch && !options.compact && this.height > 13 * this.curves.font.size;
  }

  /** @param {number} step */
  stepLabel(step) {
    const { numbers, stepsPerEpoch, t } = this.curves;
    if (!Number.isInteger(step)) return "";
    if (!this.showsEpochs) return numbers.count(step);
    return `${numbers.count(step)}\n${t("charts.epoch", { epoch: numbers.tenth(step / stepsPerEpoch) })}`;
  }

  /** Measured only when the layout may have changed, as measuring forces a layout. */
  size() {
    this.height = this.stage.clientHeight;
    return sizeOf(this.stage);
  }

  resize() {
    const size = this.size();
    if (this.root.hidden) return;
    if (!this.plot) return;
    fit(this.plot, size);
  }

  /** @param {boolean} near otherwise only the values in words are updated */
  draw(near) {
    if (near && this.plot) show(this.plot, this.data);
    this.showValues();
  }

  /** Below the curves: the area between training and test. @param {uPlot} plot */
  drawGaps(plot) {
    if (this.showsGaps)
      this.tracks.forEach(({ base, test }, lane) => shadeGap(plot, this.scale.curve(base), this.scale.curve(test), { colour: this.colour(lane), lane }));
  }

  /** Over the curves: the gap's size at the newest evaluation. @param {uPlot} plot */
  writeGaps(plot) {
    if (!this.showsGaps) return;
    const sizes = this.tracks.map((track, lane) => {
      const { step, size } = this.gapOf(track);
      const place = (/** @type {Series} */ series) => valueAt(this.scale.curve(series), step);
      return { step, size, text: this.format(size), training: place(track.base), test: place(track.test), colour: this.colour(lane) };
    });
    writeGaps(
      plot,
      sizes.filter(({ size }) => Number.isFinite(size)),
      this.curves,
    );
  }

  get showsGaps() {
    return this.curves.gap && !this.curves.differences;
  }

  /** How far test is behind training, at a step or at the newest evaluation. @param {Track} track @param {number | null} [step] @returns {{step: number, size: number}} */
  gapOf({ base, test }, step) {
    const at = step ?? test.x.at(-1) ?? NaN;
    const gap = gapAt(base, test, at);
    return { step: at, size: this.quantity === "accuracy" ? -gap : gap };
  }

  /** The step at the cursor, else of the snapshot on show; null: the latest. @returns {number | null} */
  get step() {
    const index = this.plot?.cursor.idx;
    return index == null ? this.curves.past : (this.plot?.data[0][index] ?? null);
  }

  /** @param {number} value */
  format(value) {
    const { numbers } = this.curves;
    return this.quantity === "accuracy" ? numbers.percent(value) : numbers.live(value);
  }

  /** The values at that step. */
  showValues() {
    const { numbers, t } = this.curves;
    const { step } = this;
    const at = (/** @type {Series} */ series) => {
      const index = step == null ? series.x.length - 1 : nearest(series.x, step);
      return index < 0 ? "–" : this.format(series.y[index]);
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
    if (!this.plot || !moveCursor(this.plot, event)) return;
    this.curves.spoken.textContent = `${this.stepText.textContent}: ${this.describeValues()}`;
  }

  describeValues() {
    const { t } = this.curves;
    const values = this.keys.map(({ root, label, value }) => `${root.title || label.textContent} ${value.textContent}`).join(", ");
    return [`${t(`charts.curves.${this.quantity}`)}: ${values}.`, ...this.describeGaps()].join(" ");
  }

  /** One sentence per network whose curves are both known. */
  describeGaps() {
    const { t, lanes, numbers } = this.curves;
    if (!this.showsGaps) return [];
    const found = this.tracks.map((track, lane) => ({ lane, ...this.gapOf(track, this.step) })).filter(({ size }) => Number.isFinite(size));
    return found.map(({ lane, step, size }) =>
      t(`charts.curves.gap_${lanes.length > 1 ? "of" : "at"}`, { lane: lanes[lane], size: this.format(size), step: numbers.count(step) }),
    );
  }

  describe() {
    return this.describeValues();
  }
}

/** @param {Node} node @param {string} text */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** From the start of the run, unless the run was resumed far from it. @param {number} low @param {number} high @returns {[number, number]} */
const stepRange = (low, high) => [low < 0.2 * high || low <= 1 ? 0 : low, Math.max(high, low + 10)];

/** Index of the last x not above `value`, or of the first if all are above; -1 for no x. @param {number[]} xs @param {number} value */
function nearest(xs, value) {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return Math.max(low - 1, xs.length ? 0 : -1);
}
