// Training and test curves of loss and accuracy, for one network or several side by side.

import { Frame, element } from "../frame.js";
import { Pane } from "./pane.js";
import { Record } from "../record.js";

/** @typedef {import("./types.js").CurvesData} CurvesData @typedef {import("./types.js").Quantity} Quantity */
const QUANTITIES = /** @type {Quantity[]} */ (["loss", "accuracy"]);

/** Rows of step, loss, accuracy: 1.5 MB and 0.2 MB at most. */
const newRecords = () => ({ training: new Record(3, 2 ** 17), test: new Record(3, 2 ** 14), fit: new Record(3, 2 ** 14) });

export class Curves extends Frame {
  /**
   * @param {HTMLElement} host
   * @param {import("../frame.js").ChartOptions & {show?: Quantity[]}} options
   */
  constructor(host, options) {
    super(host, options, "curves");
    this.options = options;
    this.panes = QUANTITIES.map((quantity) => new Pane(this, quantity, this.id));
    this.enter(...this.panes.map((pane) => pane.root));
    /** @type {{step: number, label: string}[]} */
    this.events = [];
    /** For export, one per network. */
    this.records = [newRecords()];
    this.stepsPerEpoch = 0;
    /** @type {number | null} the step of the snapshot that the other charts show */
    this.past = null;
    this.logarithmic = false;
    /** Names of the networks side by side. */
    this.lanes = [""];
    /** Shows the differences from the first network. */
    this.differences = false;
    /** Shades the area between training and test. */
    this.gap = false;
    this.observer.observe(this.root);
    this.sight.observe(this.root);
    this.refreshTheme();
  }

  /** @param {CurvesData} data */
  update(data) {
    if (data.lanes && data.lanes.join("\n") !== this.lanes.join("\n")) this.rename(data.lanes, data.kept);
    if (data.restart) {
      for (const pane of this.panes) pane.clear();
      this.records = this.lanes.map(newRecords);
    }
    if (data.stepsPerEpoch !== undefined) this.stepsPerEpoch = data.stepsPerEpoch;
    if (data.events) this.events = data.events;
    const record = this.records[data.lane ?? 0];
    if (data.training) record?.training.push(data.training);
    if (data.test) record?.test.push(data.test);
    if (data.fit) record?.fit.push(data.fit);
    for (const pane of this.panes) pane.push(data);
    this.invalidate();
  }

  /** A network continues from this step: everything later is forgotten, and so is the evaluation at this step, which will be repeated. @param {number} lane @param {number} step */
  cut(lane, step) {
    const record = this.records[lane];
    if (!record) return;
    record.training.cut(step);
    record.test.cut(step - 1);
    record.fit.cut(step - 1);
    for (const pane of this.panes) pane.cut(lane, step, record.training.rows.subarray(-1000 * 3));
    this.invalidate();
  }

  /** Shows a cursor at a step, and the values there; null: the newest. @param {number | null} step */
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
  rename(lanes, kept = lanes.map((_, lane) => lane)) {
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

  /** Shows both plots where there is room, else the first. */
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

  /** Colours, type and language are built into uPlot's axes, so the plots are rebuilt. */
  restyled() {
    this.arrange();
    for (const pane of this.panes) {
      pane.build();
      // A legend with another line leaves less room for its plot. Observe again, as the plot's size may differ from the size reported last.
      this.observer.unobserve(pane.stage);
      if (this.palette.ink) this.observer.observe(pane.stage);
    }
    this.invalidate();
  }

  resized() {
    this.arrange();
    for (const pane of this.panes) pane.resize();
  }

  destroy() {
    super.destroy();
    for (const pane of this.panes) pane.plot?.destroy();
  }

  redraw() {
    for (const pane of this.panes) if (!pane.root.hidden) pane.draw(this.near);
    this.describeSoon();
  }

  describe() {
    return this.panes.map((pane) => pane.describe()).join(" ");
  }
}
