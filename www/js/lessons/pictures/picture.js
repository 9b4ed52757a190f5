// @ts-check
/** A lesson's picture: one drawing that shows the claim. It fills the page while the lesson is open. */
import { setAttribute, svg } from "../../kit/dom.js";
import { endsOf, same } from "../run/measure.js";
import { boxOf } from "./shapes.js";

/** @typedef {import("./shapes.js").Box} Box */

export class Picture {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    this.panel = panel;
    this.element = svg("svg", { class: "lesson-picture", role: "img" });
    /** Controls below the drawing. @type {HTMLElement | null} */
    this.controls = null;
    this.width = 0;
    this.height = 0;
    /** What the last drawing was made from. @type {unknown[]} */
    this.drawn = [];
  }

  // ---- overridden by pictures ------------------------------------------------------------------------------------------

  /** @param {Box} _box @returns {Node[]} */
  draw(_box) {
    return [];
  }

  /** What the drawing depends on, besides its size, the prediction and the run's first and last snapshots. @returns {unknown[]} */
  get from() {
    return [];
  }

  /** The picture in words. */
  get words() {
    return "";
  }

  /** Numbers that the claim may quote, besides those of the run. @returns {Record<string, number>} */
  get values() {
    return {};
  }

  /** What the worker reads for it. @returns {import("../../worker/types.js").Unit | null} */
  get unit() {
    return null;
  }

  /** @param {import("../../worker/types.js").UnitReading} _reading */
  receive(_reading) {}

  destroy() {}

  // ---- for pictures ----------------------------------------------------------------------------------------------------

  /** The run on show. */
  get run() {
    return this.panel.shownRun;
  }

  /** The runs with other seeds than the one on show. */
  get others() {
    const { replay, ran, seed } = this.panel;
    const own = replay?.file.seed ?? seed;
    return ran.filter((result) => result.seed !== own).map((result) => result.run);
  }

  /** What one expects, if one has predicted. */
  get expected() {
    return this.panel.choices.get(this.panel.lesson?.name ?? "") ?? "";
  }

  /** A text of pictures. @param {string} key @param {Record<string, unknown>} [fields] */
  say(key, fields) {
    return this.panel.say(`pictures.${key}`, fields);
  }

  /** A network's name in the lesson. @param {number} lane */
  name(lane) {
    return this.panel.word(`lanes.${this.panel.lesson?.lanes[lane]}`);
  }

  // ---- drawing ---------------------------------------------------------------------------------------------------------

  /** @param {number} width @param {number} height pixels */
  resize(width, height) {
    Object.assign(this, { width, height });
    this.update();
  }

  /** Draws if anything is new. */
  update() {
    const { width, height, panel } = this;
    if (width < 1 || height < 1) return;
    const from = [width, height, panel.shell.context.t.language, this.expected, panel.lesson?.name, ...endsOf(this.run), ...this.from];
    if (same(from, this.drawn)) return;
    this.drawn = from;
    setAttribute(this.element, "viewBox", `0 0 ${width} ${height}`);
    this.element.replaceChildren(...this.draw(boxOf(width, height)));
    setAttribute(this.element, "aria-label", this.words);
  }
}
