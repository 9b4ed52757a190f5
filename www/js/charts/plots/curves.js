// Loss and accuracy over the run, training and test, of one network or of several side by side.

import { element, readPalette, styleOf, whenNear } from "../canvas.js";
import { whenScreenChanges } from "../../kit/place.js";
import { Pane } from "./pane.js";
import { Record } from "../record.js";
import { Numbers } from "../scale.js";

/** @typedef {import("./types.js").CurvesData} CurvesData @typedef {import("./types.js").Quantity} Quantity */
const QUANTITIES = /** @type {Quantity[]} */ (["loss", "accuracy"]);
const SUMMARY_EVERY = 2000;
let nextId = 0;

/** Rows of step, loss, accuracy: 1.5 MB and 0.2 MB at most. */
const newRecords = () => ({ training: new Record(3, 2 ** 17), test: new Record(3, 2 ** 14) });

export class Curves {
  /**
   * @param {HTMLElement} host
   * @param {import('../canvas.js').ChartOptions & {show?: Quantity[]}} options
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
    /** For export, of each network. */
    this.records = [newRecords()];
    this.stepsPerEpoch = 0;
    /** @type {number | null} the step of the record that the other charts show */
    this.past = null;
    this.logarithmic = false;
    /** What each network side by side is called. */
    this.lanes = [""];
    /** Shows how far the others are from the first one. */
    this.differences = false;
    /** Shades what lies between training and test. */
    this.gap = false;
    this.frame = 0;
    this.summaryTimer = 0;
    this.palette = readPalette(this.root);
    this.numbers = new Numbers();
    this.font = { family: "sans-serif", size: 14 };
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.root);
    this.stopWatching = whenScreenChanges(() => this.resize());
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
    if (data.lanes && data.lanes.join("\n") !== this.lanes.join("\n")) this.name(data.lanes, data.kept);
    if (data.restart) {
      for (const pane of this.panes) pane.clear();
      this.records = this.lanes.map(newRecords);
    }
    if (data.stepsPerEpoch !== undefined) this.stepsPerEpoch = data.stepsPerEpoch;
    if (data.events) this.events = data.events;
    const record = this.records[data.lane ?? 0];
    if (data.training) record?.training.push(data.training);
    if (data.test) record?.test.push(data.test);
    for (const pane of this.panes) pane.push(data);
    this.invalidate();
  }

  /** The run of a network goes on from here: what came after is forgotten, and the evaluation here, which comes again. @param {number} lane @param {number} step */
  cut(lane, step) {
    const record = this.records[lane];
    if (!record) return;
    record.training.cut(step);
    record.test.cut(step - 1);
    for (const pane of this.panes) pane.cut(lane, step, record.training.rows.subarray(-1000 * 3));
    this.invalidate();
  }

  /** A cursor, and the values there; null: the newest. @param {number | null} step */
  recall(step) {
    this.past = step;
    this.invalidate();
  }

  /** @param {boolean} on */
  logLoss(on) {
    this.logarithmic = on;
    this.refreshTheme();
  }

  /** @param {string[]} lanes @param {number[]} [kept] */
  name(lanes, kept = lanes.map((_, lane) => lane)) {
    this.lanes = lanes;
    if (lanes.length === 1) this.differences = false;
    this.records = kept.map((lane) => this.records[lane] ?? newRecords());
    for (const pane of this.panes) pane.keep(kept);
    this.refreshTheme();
  }

  /** @param {boolean} on */
  showDifferences(on) {
    this.differences = on;
    this.refreshTheme();
  }

  /** @param {boolean} on */
  showGap(on) {
    this.gap = on;
    if (on) this.differences = false;
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
    Object.assign(this, styleOf(this));
    this.arrange();
    for (const pane of this.panes) {
      pane.build();
      // A legend that takes another line leaves less to its plot. Observed anew: the plot may have another size than the stage that was reported last.
      this.observer.unobserve(pane.stage);
      if (this.palette.ink) this.observer.observe(pane.stage);
    }
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
    this.stopWatching();
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
