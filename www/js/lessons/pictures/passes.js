// @ts-check
/** How soon each network learns: its training error with the mark that it has to reach, and below it the same on the complete data set. */
import { integer, number, percent } from "../../kit/format.js";
import { COMPLETE, SEEDS, STEPS, passesOf } from "../run/figure_1.js";
import { errorAtEnd, stepsTo } from "../run/measure.js";
import settings from "../run/lessons.json" with { type: "json" };
import { Picture } from "./picture.js";
import { dot, label, line, rect, segment, spread, widthOf } from "./shapes.js";

const { right, batches: BATCHES, near, far } = settings.lessons["figure-1"].numbers;
const MARK = 1 - right;
/** Errors at the ends of the axis, and its grid lines. */
const [LOW, HIGH] = [0.25, 0.92];
const LINES = [0.3, 0.6, 0.9];
/** Steps between two points of a line, and before its first one: the mean of a few batches says little. */
const [STRIDE, FIRST] = [8, 24];
/** How many times as long as ReLU tanh takes in the paper. */
const PAPER = 6;
/** What each prediction says of the steps of tanh, relative to those of ReLU. The longest bar is a little longer than the paper's. */
const LONGEST = PAPER + 0.4;
const EXPECTED = /** @type {Record<string, [number, number]>} */ ({ six: [far, LONGEST], longer: [near, far], same: [1 / near, near], shorter: [0, 1 / near] });
const TANH = 1;
/** The height of a row of bars, in sizes of the words, and the share of it that a bar fills. */
const [ROW, BAR] = [1.4, 0.62];

/** The error over the last `BATCHES` batches. @param {import("../run/measure.js").Lane | undefined} lane @returns {[number, number][]} */
function smoothed(lane) {
  const rows = lane?.records ?? [];
  /** @type {[number, number][]} */
  const points = [];
  let sum = 0;
  rows.forEach(([step, , accuracy], at) => {
    sum += accuracy - (rows[at - BATCHES]?.[2] ?? 0);
    if (at >= FIRST && (at % STRIDE === 0 || at === rows.length - 1)) points.push([step, 1 - sum / Math.min(BATCHES, at + 1)]);
  });
  return points;
}

export class PassesPicture extends Picture {
  /** @returns {unknown[]} */
  get from() {
    return (this.run?.lanes ?? []).map(({ records }) => (this.ended ? "ended" : Math.floor(records.length / STRIDE)));
  }

  /** What was measured before stays hidden until the run on show has ended. */
  get ended() {
    const { run, panel } = this;
    return run !== undefined && (panel.lesson?.lanes ?? []).every((_, lane) => Number.isFinite(errorAtEnd(run, lane, BATCHES)));
  }

  /** The step at which each network has reached the mark: 0 if it has not yet. */
  get reached() {
    const { run } = this;
    return (this.panel.lesson?.lanes ?? []).map((_, lane) => (run ? stepsTo(run, lane, right, BATCHES) : 0));
  }

  get words() {
    const { reached, ended } = this;
    if (!ended) return this.say("passes.empty");
    const list = reached.map((step, lane) => `${this.name(lane)} ${this.stepOf(step)}`).join(this.panel.say("guide.comma"));
    return this.say("passes.words", { list, mark: percent(MARK) });
  }

  /** A step, or that the run's steps were not enough. @param {number} step */
  stepOf(step) {
    if (step > 0) return integer(step);
    return this.ended ? `> ${integer(this.panel.lesson?.until ?? 0)}` : "…";
  }

  /** @param {import("./picture.js").Box} box */
  draw({ width, height, text }) {
    const below = height - text * (1.7 + ROW * (this.panel.lesson?.lanes.length ?? 0) + ROW);
    return [...this.curves(width, below, text), ...this.bars(width, below, text)];
  }

  /** The training error of the networks that train here. @param {number} width @param {number} height @param {number} text */
  curves(width, height, text) {
    const { run, reached, panel } = this;
    const until = panel.lesson?.until ?? 1;
    const lines = (panel.lesson?.lanes ?? []).map((_, lane) => smoothed(run?.lanes[lane]));
    const names = lines.map((_, lane) => `${this.name(lane)}: ${this.stepOf(reached[lane])}`);
    const right = width - Math.max(...names.map((name) => widthOf(name, 1.1 * text)), widthOf(`${this.name(2)}: > 1,000`, 1.1 * text)) - 0.7 * text;
    const [left, top, bottom] = [widthOf("45 %", text) + 0.4 * text, 0.4 * text, height - 1.7 * text];
    const x = (/** @type {number} */ step) => left + ((right - left) * step) / until;
    const y = (/** @type {number} */ error) => bottom - ((bottom - top) * (Math.max(LOW, Math.min(HIGH, error)) - LOW)) / (HIGH - LOW);
    const word = { size: text, class: "pic-muted" };
    const nodes = LINES.flatMap((error) => [
      segment(left, y(error), right, y(error), "pic-grid"),
      label(left - 0.3 * text, y(error) + 0.35 * text, percent(error), { ...word, anchor: "end" }),
    ]);
    nodes.push(segment(left, y(MARK), right, y(MARK), "pic-rule"));
    nodes.push(label(left - 0.3 * text, y(MARK) + 0.35 * text, percent(MARK), { size: text, weight: 700, anchor: "end" }));
    nodes.push(label(left, bottom + 1.2 * text, this.say("passes.axis", { steps: integer(until) }), { ...word, limit: right - left }));
    lines.forEach((points, lane) => {
      const drawn = points.map(([step, error]) => /** @type {[number, number]} */ ([x(step), y(error)]));
      nodes.push(line(drawn, `pic-stroke-${lane + 1} pic-thick pic-dash-${lane + 1}`));
    });
    if (this.ended) nodes.push(...this.seeds(x, y(MARK), text));
    reached.forEach((step, lane) => step > 0 && nodes.push(dot(x(step), y(MARK), 0.42 * text, `pic-live pic-lane-${lane + 1}`)));
    const ends = lines.map((points, lane) => y(points.at(-1)?.[1] ?? HIGH - 0.12 * (lane + 1)));
    spread(ends, 1.5 * text, top + 0.8 * text, bottom - 0.4 * text).forEach((at, lane) => {
      nodes.push(label(right + 0.5 * text, at + 0.4 * text, names[lane], { size: 1.1 * text, weight: 700, class: `pic-ink-${lane + 1}` }));
    });
    return nodes;
  }

  /** Where other seeds reach the mark: a row a network, above it and below it. @param {(step: number) => number} x @param {number} y @param {number} text */
  seeds(x, y, text) {
    const rows = STEPS.flatMap((steps, lane) => steps.map((step) => dot(x(step), y + (lane === 0 ? -0.75 : 0.75) * text, 0.22 * text, `pic-lane-${lane + 1}`)));
    // Above the dots, right of where the lines come down.
    return [...rows, label(x(Math.min(...STEPS[0])), y - 1.5 * text, this.say("passes.seeds", { count: SEEDS }), { size: text, class: "pic-muted" })];
  }

  /** Passes over the complete data set, beside the paper's. @param {number} width @param {number} top @param {number} text */
  bars(width, top, text) {
    const { ended } = this;
    const { passes, limit, mark } = COMPLETE;
    const names = [...passes.map((_, lane) => this.name(lane)), this.say("passes.paper")];
    const left = Math.max(...names.map((name) => widthOf(name, text))) + 0.4 * text;
    const sixfold = this.say("passes.times", { times: PAPER });
    const wide = width - left - widthOf(sixfold, text) - 0.5 * text;
    const x = (/** @type {number} */ times) => left + (wide * times) / LONGEST;
    const relu = passesOf(0);
    const first = top + 1.7 * text;
    const nodes = [label(0, top + 1.1 * text, this.say("passes.complete", { mark: percent(mark) }), { size: text, weight: 700, limit: width })];
    names.forEach((name, at) => {
      const [y, tall] = [first + at * ROW * text, BAR * ROW * text];
      const base = y + tall / 2 + 0.36 * text;
      const own = passes[at] ?? [];
      const paper = at === passes.length;
      nodes.push(label(0, base, name, { size: text, weight: paper ? 500 : 700, class: paper ? "" : `pic-ink-${at + 1}`, limit: left }));
      const times = paper ? PAPER : own.length > 0 ? passesOf(at) / relu : limit / relu;
      if (paper) nodes.push(rect(left, y, x(times) - left, tall, "pic-minus"));
      else if (ended) nodes.push(rect(left, y, x(times) - left, tall, `pic-lane-${at + 1}${own.length > 0 ? "" : " pic-soft"}`));
      if (ended) nodes.push(...own.map((passes) => dot(x(passes / relu), y + tall / 2, 0.22 * text, "pic-seed")));
      const told = paper ? sixfold : !ended ? "?" : own.length > 0 ? number(Math.round(10 * passesOf(at)) / 10) : `> ${limit}`;
      const end = Math.max(x(times), ...own.map((passes) => x(passes / relu)));
      const range = at === TANH ? EXPECTED[this.expected]?.map(x) : undefined;
      const free = this.clear(ended || paper ? end : left, range, told, text);
      nodes.push(label(free, base, told, { size: text, weight: 700 }));
      if (range) nodes.push(...this.ghost(range, { y, tall, text, free: free + widthOf(told, text) + 0.6 * text, width }));
    });
    nodes.push(segment(left, first - 0.3 * text, left, first + names.length * ROW * text - 0.3 * text, "pic-axis"));
    return nodes;
  }

  /** Where words after a bar begin: beyond what one expected, if they would stand in it. @param {number} end @param {number[] | undefined} range @param {string} words @param {number} text */
  clear(end, range, words, text) {
    const from = end + 0.5 * text;
    return range && range[0] < from + widthOf(words, text) && range[1] > from - 0.2 * text ? range[1] + 0.4 * text : from;
  }

  /**
   * How long one expects tanh to take, relative to ReLU. The words stand in the row, or below it if it has no room.
   * @param {number[]} range @param {{y: number, tall: number, text: number, free: number, width: number}} row
   */
  ghost([from, to], { y, tall, text, free, width }) {
    const words = this.say("expected");
    const place = Math.max(free, from + 0.4 * text);
    const fits = place + widthOf(words, text) <= width;
    const base = y + tall / 2 + 0.36 * text;
    const look = { size: text, weight: 700, class: "pic-ink-expected" };
    return [
      rect(from, y - 0.12 * text, to - from, tall + 0.24 * text, "pic-expected"),
      fits ? label(place, base, words, look) : label(width, base + ROW * text, words, { ...look, anchor: /** @type {const} */ ("end") }),
    ];
  }
}
