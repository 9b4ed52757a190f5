// @ts-check
/** From LeNet to AlexNet: what each change adds to the test accuracy, or takes from it, as a waterfall. */
import { number, percent } from "../../kit/format.js";
import { LEVELS, MEASURED, RUNGS, SEEDS, gainOf, points, rungsOf } from "../run/ladder.js";
import { test } from "../run/measure.js";
import { Picture } from "./picture.js";
import { dot, label, rect, segment, told, widthOf } from "./shapes.js";

/** Test accuracies at the ends of the axis: guessing among ten classes, and more than any rung reaches. */
const [LOW, HIGH] = [0.1, Math.max(...MEASURED.flat()) + 0.02];
/** Grid lines. */
const LINES = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8].filter((line) => line < HIGH);
/** Shares of a row: its bar, and the height over which the dots of the seeds are spread. */
const [BAR, DOTS] = [0.66, 0.5];

/** @typedef {{x: (accuracy: number) => number, left: number, right: number, top: number, row: number, text: number}} Frame */

/** A change in points, with its sign. @param {number} share */
const signed = (share) => `${share < 0 ? "−" : "+"}${number(Math.abs(points(share)))}`;

export class LadderPicture extends Picture {
  /** Accuracies on the way, of each network that trains here, with each seed; the run on show first. */
  get seen() {
    const runs = [this.run, ...this.others];
    return (this.panel.lesson?.lanes ?? []).map((name, lane) => ({
      rung: RUNGS.indexOf(name),
      accuracies: runs.map((run) => run?.lanes[lane]?.evaluations.at(-1)?.accuracy ?? NaN),
    }));
  }

  /** What was measured before stays hidden until the run on show has ended. */
  get ended() {
    const { run, panel } = this;
    return run !== undefined && (panel.lesson?.lanes ?? []).every((_, lane) => Number.isFinite(test(run, lane).accuracy));
  }

  /** @returns {unknown[]} */
  get from() {
    return [this.ended, ...this.seen.flatMap(({ accuracies }) => accuracies)];
  }

  get words() {
    if (!this.ended) return this.say("ladder.empty");
    const list = RUNGS.map((name, rung) => `${this.say(`ladder.${name}`)} ${rung > 0 ? `${signed(gainOf(rung))}, ` : ""}${percent(LEVELS[rung])}`);
    return this.say("ladder.words", { list: list.join(this.panel.say("guide.comma")), count: SEEDS });
  }

  /** @param {import("./picture.js").Box} box */
  draw({ width, height, text }) {
    const { ended, seen } = this;
    const names = RUNGS.map((name) => this.say(`ladder.${name}`));
    const left = Math.max(...names.map((name) => widthOf(name, 1.05 * text))) + 0.5 * text;
    const ends = [width - widthOf("56 %", 1.05 * text) - 0.4 * text, width];
    const right = ends[0] - widthOf("+10.0", 1.15 * text) - 0.3 * text;
    const [top, bottom] = [1.5 * text, height - 1.5 * text];
    /** @type {Frame} */
    const frame = { x: (accuracy) => left + ((right - left) * (accuracy - LOW)) / (HIGH - LOW), left, right, top, row: (bottom - top) / RUNGS.length, text };
    const nodes = [...this.legend(text, width), ...this.axis(frame, bottom, height), ...this.ghost(frame, width)];
    if (ended) nodes.push(...RUNGS.flatMap((_, rung) => this.bar(rung, frame)));
    names.forEach((name, rung) => {
      const lane = this.laneOf(rung);
      const y = top + (rung + 0.5) * frame.row + 0.36 * text;
      const own = seen[lane - 1]?.accuracies[0] ?? NaN;
      nodes.push(label(0, y, name, { size: 1.05 * text, weight: lane > 0 ? 700 : 500, class: lane > 0 ? `pic-ink-${lane}` : "", limit: left }));
      if (rung > 0) nodes.push(label(ends[0], y, ended ? signed(gainOf(rung)) : "?", { size: 1.15 * text, weight: 700, anchor: "end" }));
      const level = ended ? percent(LEVELS[rung]) : told(own, percent);
      nodes.push(label(ends[1], y, level, { size: 1.05 * text, anchor: "end", class: "pic-muted" }));
    });
    // The last change of the paper's own.
    const whole = top + (RUNGS.indexOf("lrn") + 0.5) * frame.row + 0.36 * text;
    nodes.push(label(left + 0.4 * text, whole, this.say("ladder.alexnet"), { size: text, weight: 700 }));
    return [...nodes, ...this.dots(frame)];
  }

  /** The network that trains here, counted from 1; 0 for none. @param {number} rung */
  laneOf(rung) {
    return (this.panel.lesson?.lanes.indexOf(RUNGS[rung]) ?? -1) + 1;
  }

  /** Which dot is what. @param {number} text @param {number} width */
  legend(text, width) {
    const words = [this.say("ladder.run"), this.say("ladder.seeds", { count: SEEDS })];
    const second = widthOf(words[0], text) + 2.6 * text;
    return [
      dot(0.6 * text, 0.65 * text, 0.5 * text, "pic-live pic-paper"),
      label(1.5 * text, text, words[0], { size: text, class: "pic-muted" }),
      dot(second, 0.65 * text, 0.22 * text, "pic-seed"),
      label(second + 0.6 * text, text, words[1], { size: text, class: "pic-muted", limit: width - second - 0.6 * text }),
    ];
  }

  /** @param {Frame} frame @param {number} bottom @param {number} height */
  axis({ x, left, right, top, text }, bottom, height) {
    const under = height - 0.35 * text;
    const word = { size: text, class: "pic-muted" };
    const chance = `${this.say("curves.chance")} ${percent(LOW)}`;
    const half = widthOf(percent(LINES[0]), text) / 2;
    // A number at each line that leaves room between it and the words before.
    let free = left + widthOf(chance, text);
    const numbers = LINES.filter((line) => {
      const fits = x(line) - half > free;
      if (fits) free = x(line) + half + text;
      return fits;
    });
    return [
      ...LINES.map((line) => segment(x(line), top, x(line), bottom, "pic-grid")),
      ...numbers.map((line) => label(x(line), under, percent(line), { ...word, anchor: "middle" })),
      label(0, under, this.say("ladder.axis"), { ...word, limit: left - 0.3 * text }),
      label(left, under, chance, word),
      segment(left, top, left, bottom, "pic-axis"),
      segment(right, top, right, bottom, "pic-grid"),
    ];
  }

  /** From the rung before to this one: filled if it adds, hollow if it takes away. @param {number} rung @param {Frame} frame */
  bar(rung, { x, top, row }) {
    const [from, to] = [rung === 0 ? LOW : LEVELS[rung - 1], LEVELS[rung]];
    const y = top + (rung + (1 - BAR) / 2) * row;
    const lane = this.laneOf(rung);
    const name = from > to ? "pic-minus" : lane > 0 ? `pic-lane-${lane}` : "pic-weight";
    const bar = rect(x(Math.min(from, to)), y, x(Math.max(from, to)) - x(Math.min(from, to)), BAR * row, name);
    return rung < RUNGS.length - 1 ? [bar, segment(x(to), y + BAR * row, x(to), y + row, "pic-step")] : [bar];
  }

  /** The seeds that were measured before, and on top the networks that train here. @param {Frame} frame */
  dots({ x, top, row, text }) {
    const middle = (/** @type {number} */ rung) => top + (rung + 0.5) * row;
    const before = MEASURED.flatMap((of, rung) =>
      of.map((accuracy, at) => dot(x(accuracy), middle(rung) + DOTS * row * (at / (SEEDS - 1) - 0.5), 0.19 * text, "pic-seed")),
    );
    const here = this.seen.flatMap(({ rung, accuracies }, lane) =>
      accuracies
        .map((accuracy, at) => ({
          accuracy,
          node: dot(x(Math.max(LOW, accuracy)), middle(rung), (at === 0 ? 0.5 : 0.32) * text, `pic-live pic-lane-${lane + 1}`),
        }))
        .filter(({ accuracy }) => Number.isFinite(accuracy))
        .map(({ node }) => node)
        .reverse(),
    );
    return [...(this.ended ? before : []), ...here];
  }

  /** The changes that one expects to add most: the words stand before the bar, or above all rungs if they are too long. @param {Frame} frame @param {number} width */
  ghost({ x, left, top, row, text }, width) {
    const rungs = rungsOf(this.expected);
    if (rungs.length === 0) return [];
    const words = this.say("expected");
    const look = { size: text, weight: 700, class: "pic-ink-expected" };
    const fits = widthOf(words, text) + 0.8 * text < x(LEVELS[rungs[0] - 1]) - left;
    return [
      rect(1, top + rungs[0] * row + 1, width - 2, rungs.length * row - 2, "pic-expected"),
      fits
        ? label(left + 0.4 * text, top + (rungs[0] + 0.5) * row + 0.36 * text, words, look)
        : label(width - 2, text, words, { ...look, anchor: /** @type {const} */ ("end") }),
    ];
  }
}
