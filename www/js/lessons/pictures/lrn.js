// @ts-check
/** One pixel's channels before LRN and after it: with the paper's alpha, and with an alpha that moves up to 1. */
import { channelsAt, lrn, neighbours, placeOf } from "../../drill/arithmetic.js";
import { h, setAttribute, setText } from "../../kit/dom.js";
import { number } from "../../kit/format.js";
import settings from "../run/lessons.json" with { type: "json" };
import { ReadingPicture } from "./reading.js";
import { label, rect, segment, unknown } from "./shapes.js";

const { k, beta } = settings.lessons["lrn-competition"].numbers;
/** Neighbouring channels, as in the paper; its alpha; and the alpha at the end. */
const [N, PAPER, STRONG] = [5, 1e-4, 1];
/** What the constant alone leaves of a response. */
const CONSTANT = k ** -beta;
/** Channels that are drawn, around the strongest one. */
const SHOWN = 16;
/** How long alpha moves, ms. */
const DURATION = 4000;
/** Share of a bar's place that it fills. */
const FILLED = 0.76;
/** Steps before what LRN does is shown. */
const BEFORE = ["question", "predict"];
/** The slider's ends are powers of ten. */
const ENDS = [PAPER, STRONG].map(Math.log10);

/** What LRN makes of responses. @param {ArrayLike<number>} responses @param {number} alpha */
export const after = (responses, alpha) => Array.from(responses, (_, at) => lrn(responses, at, { n: N, k, alpha, beta }).value);

/**
 * The pixel at which strong responses press hardest on their neighbours: where the largest responses keep the most different shares.
 * @param {Float32Array} values @param {import("../../worker/types.js").Shape} shape
 */
export function strongest(values, shape) {
  let [best, pixel] = [-1, 0];
  for (let at = 0; at < shape.height * shape.width; at++) {
    const responses = channelsAt(values, shape, placeOf(at, shape.width));
    const left = after(responses, STRONG).map((value, i) => (responses[i] > 0 ? value / responses[i] : 0));
    const sum = responses.reduce((total, x) => total + x, 0);
    const mean = responses.reduce((total, x, i) => total + x * left[i], 0) / (sum || 1);
    const apart = responses.reduce((total, x, i) => total + x * Math.abs(left[i] - mean), 0);
    if (apart > best) [best, pixel] = [apart, at];
  }
  return placeOf(pixel, shape.width);
}

export class LrnPicture extends ReadingPicture {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    super(panel);
    this.alpha = PAPER;
    /** Where the responses are read. @type {import("../../drill/arithmetic.js").Place | undefined} */
    this.pixel = undefined;
    this.started = false;
    this.frame = 0;
    this.value = h("output", { class: "figure" });
    this.input = h("input", { type: "range", min: ENDS[0], max: ENDS[1], step: 0.1, oninput: () => this.move(10 ** Number(this.input.value)) });
    this.controls = h("label", { class: "picture-slider" }, h("span", null, "α"), this.input, this.value);
    this.show();
  }

  get layer() {
    return this.layers.find(({ kind }) => kind === "activation");
  }

  get open() {
    return !BEFORE.includes(this.panel.step ?? "");
  }

  /** @returns {unknown[]} */
  get from() {
    return [...super.from, this.alpha];
  }

  /** The responses around the strongest, in order, and the index of the strongest. */
  get responses() {
    if (!this.reading) return { all: new Float32Array(), strong: -1 };
    const { values, shape } = this.reading;
    const all = channelsAt(values, shape, (this.pixel ??= strongest(values, shape)));
    const top = all.indexOf(Math.max(...all));
    const from = Math.max(0, Math.min(all.length - SHOWN, top - SHOWN / 2));
    return { all: all.slice(from, from + SHOWN), strong: top - from };
  }

  /** @param {NonNullable<ReadingPicture["reading"]>} reading */
  take(reading) {
    if (reading !== this.reading) this.pixel = undefined;
    super.take(reading);
  }

  /** The shares that the paper's alpha leaves, and those that the strong one leaves: smallest and largest of all channels that respond. @returns {Record<string, number>} */
  get values() {
    const { all } = this.responses;
    if (!this.open || !all.some((response) => response > 0)) return {};
    const left = (/** @type {number} */ alpha) => after(all, alpha).flatMap((value, at) => (all[at] > 0 ? [value / all[at]] : []));
    const [paper, strong] = [left(PAPER), left(STRONG)];
    const two = (/** @type {number} */ x) => Number(x.toPrecision(2));
    return {
      paper_least: two(Math.min(...paper)),
      paper_most: two(Math.max(...paper)),
      strong_least: two(Math.min(...strong)),
      strong_most: two(Math.max(...strong)),
    };
  }

  get words() {
    const { paper_least, paper_most, strong_least, strong_most } = this.values;
    if (strong_most === undefined) return this.say("lrn.empty");
    return this.say("lrn.words", {
      paper_least: number(paper_least),
      paper_most: number(paper_most),
      strong_least: number(strong_least),
      strong_most: number(strong_most),
    });
  }

  update() {
    if (this.open && this.reading && !this.started) this.begin();
    setAttribute(this.input, "disabled", !this.open);
    setAttribute(this.input, "aria-label", this.say("lrn.alpha"));
    super.update();
  }

  /** Moves alpha from the paper's to the strong one. */
  begin() {
    this.started = true;
    if (this.panel.shell.context.chartOptions().reducedMotion) return this.move(STRONG);
    const start = performance.now();
    const frame = (/** @type {number} */ now) => {
      const share = Math.min(1, Math.max(0, now - start) / DURATION);
      this.move(10 ** (ENDS[0] + share * (ENDS[1] - ENDS[0])));
      if (share < 1) this.frame = requestAnimationFrame(frame);
    };
    this.frame = requestAnimationFrame(frame);
  }

  /** @param {number} alpha */
  move(alpha) {
    this.alpha = alpha;
    this.show();
    this.update();
  }

  show() {
    this.input.value = String(Math.log10(this.alpha));
    setText(this.value, number(Number(this.alpha.toPrecision(2))));
  }

  destroy() {
    cancelAnimationFrame(this.frame);
  }

  /** @param {import("./picture.js").Box} box */
  draw({ width, height, text }) {
    const { all, strong } = this.responses;
    const alpha = number(Number(this.alpha.toPrecision(2)));
    const panels = [
      { title: this.say("lrn.before"), bars: Array.from(all) },
      { title: this.panel.word("lanes.paper"), bars: this.open ? after(all, PAPER) : null },
      { title: `α = ${alpha}`, bars: this.open ? after(all, this.alpha) : null },
    ];
    const gap = 1.2 * text;
    const wide = (width - gap * (panels.length - 1)) / panels.length;
    const [top, bottom] = [2.4 * text, height - 1.9 * text];
    const high = Math.max(1e-9, ...all);
    const each = wide / Math.max(1, all.length);
    const tall = (/** @type {number} */ value) => ((bottom - top) * value) / high;
    const [first, end] = neighbours(strong, N, all.length);
    const kind = (/** @type {number} */ at) => (at === strong ? "pic-lane-2" : at >= first && at < end ? "pic-lane-3" : "pic-weight");
    const nodes = panels.flatMap(({ title, bars }, at) => {
      const from = at * (wide + gap);
      /** @type {Node[]} */
      const parts = [label(from, 1.05 * text, title, { size: 1.15 * text, weight: 700, limit: wide })];
      if (all.length === 0) return parts;
      if (at > 0) for (let i = 0; i < all.length; i++) parts.push(rect(from + i * each, bottom - tall(all[i]), FILLED * each, tall(all[i]), "pic-outline"));
      if (bars) bars.forEach((value, i) => parts.push(rect(from + i * each, bottom - tall(value), FILLED * each, tall(value), kind(i))));
      else parts.push(unknown(from + wide / 2, (top + bottom) / 2, text));
      if (at === 1 && this.expected) parts.push(...this.ghost(from, all, { wide, each, top, bottom, tall, text }));
      // What would be left if every response were divided by the same number.
      if (at > 0 && bars)
        all.forEach((value, i) => {
          if (value > 0)
            parts.push(
              segment(from + i * each - 1, bottom - tall(CONSTANT * value), from + (i + FILLED) * each + 1, bottom - tall(CONSTANT * value), "pic-tick"),
            );
        });
      parts.push(segment(from, bottom, from + wide, bottom, "pic-axis"));
      return parts;
    });
    if (all.length === 0)
      return [
        ...nodes,
        label(width / 2, height / 2, this.panel.say(this.panel.stuck ? "probe.no_engine" : "probe.waiting"), { size: text, anchor: "middle", limit: width }),
      ];
    nodes.push(...this.ends({ panels: panels.map(({ bars }) => bars), all, strong, first, end, wide, gap, each, bottom, text, height }));
    return nodes;
  }

  /**
   * What is left of the strongest response and of its weakest neighbour, in numbers.
   * @param {{panels: (number[] | null)[], all: Float32Array, strong: number, first: number, end: number, wide: number, gap: number, each: number, bottom: number, text: number, height: number}} frame
   */
  ends({ panels, all, strong, wide, gap, bottom, text }) {
    const nodes = [label(0, bottom + 1.35 * text, this.say("lrn.channels"), { size: text, class: "pic-muted", limit: wide - text })];
    panels.forEach((bars, at) => {
      if (at === 0 || !bars || !all.some((response, i) => response > 0 && i !== strong)) return;
      const left = bars.flatMap((value, i) => (all[i] > 0 && i !== strong ? [value / all[i]] : []));
      const [least, most] = [Math.min(...left), Math.max(...left)];
      const words =
        most - least < 0.02
          ? this.say("lrn.all", { share: number(Number(most.toPrecision(2))) })
          : this.say("lrn.range", { least: number(Number(least.toPrecision(2))), most: number(Number(most.toPrecision(2))) });
      nodes.push(label(at * (wide + gap), bottom + 1.35 * text, words, { size: 1.1 * text, weight: 700, limit: wide }));
    });
    return nodes;
  }

  /**
   * What one expects of the paper's constants.
   * @param {number} from @param {Float32Array} all @param {{wide: number, each: number, top: number, bottom: number, tall: (value: number) => number, text: number}} frame
   */
  ghost(from, all, { wide, each, top, bottom, tall, text }) {
    const bars = this.expected === "nothing" ? Array.from(all) : after(all, this.expected === "constant" ? 0 : STRONG);
    return [
      ...bars.map((value, i) => rect(from + i * each - 1, bottom - tall(value), FILLED * each + 2, tall(value), "pic-expected pic-hollow")),
      label(from + wide, top + text, this.say("expected"), { size: text, weight: 700, anchor: "end", class: "pic-ink-expected" }),
    ];
  }
}
