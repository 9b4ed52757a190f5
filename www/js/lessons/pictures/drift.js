// @ts-check
/** Drift against loss: one dot a network, and a small one for each further seed. */
import { number } from "../../kit/format.js";
import { drift } from "../run/drift.js";
import seeds from "../run/seeds.json" with { type: "json" };
import { latest, loss as lossOf } from "../run/measure.js";
import { Picture } from "./picture.js";
import { dot, label, rect, segment, told, unknown, widthOf } from "./shapes.js";

/** The networks: without normalisation, with it, and with noise after it. */
const [NONE, BN, NOISY] = [0, 1, 2];
/** Losses and movements with each of several seeds, measured natively: a row a network. */
const { loss: LOSSES, moved: MOVED } = seeds["covariate-shift"];
/** The axes reach at least this far. */
const [DRIFT, LOSS] = [1.3, 2.4];

export class DriftPicture extends Picture {
  /** Each network's drift and loss so far, the run on show first; once it has ended, those with other seeds too. */
  get dots() {
    const { run, panel } = this;
    const ended = run !== undefined && LOSSES.every((_, lane) => Number.isFinite(lossOf(run, lane)));
    return (panel.lesson?.lanes ?? []).map((_, lane) => {
      const own = { drift: drift(run?.lanes[lane]), loss: latest(run?.lanes[lane]) };
      const here = this.others.map((other) => ({ drift: drift(other.lanes[lane]), loss: lossOf(other, lane) }));
      return [own, ...here, ...(ended ? LOSSES[lane].map((loss, at) => ({ drift: MOVED[lane][at], loss })) : [])];
    });
  }

  /** @returns {unknown[]} */
  get from() {
    return this.dots.flat().flatMap(({ drift, loss }) => [drift, loss]);
  }

  get words() {
    const dots = this.dots.map(([own]) => own);
    if (!dots.some(({ drift }) => Number.isFinite(drift))) return this.say("drift.empty");
    return dots.map(({ drift, loss }, lane) => this.say("drift.words", { name: this.name(lane), drift: told(drift), loss: told(loss) })).join(" ");
  }

  /** @param {import("./picture.js").Box} box */
  draw({ width, height, text }) {
    const { dots } = this;
    const all = dots.flat().filter(({ drift, loss }) => Number.isFinite(drift) && Number.isFinite(loss));
    const far = Math.max(DRIFT, ...all.map(({ drift }) => drift)) * 1.08;
    const high = Math.max(LOSS, ...all.map(({ loss }) => loss));
    const low = Math.min(1.4, ...all.map(({ loss }) => loss)) * 0.85;
    const [left, right, top, bottom] = [2.3 * text, width - 0.5 * text, 1.6 * text, height - 3 * text];
    const x = (/** @type {number} */ moved) => left + ((right - left) * moved) / far;
    const y = (/** @type {number} */ loss) => bottom - ((bottom - top) * (loss - low)) / (high - low);
    const nodes = [segment(left, top, left, bottom, "pic-axis"), segment(left, bottom, right, bottom, "pic-axis")];
    for (let tick = Math.ceil(2 * low) / 2; tick <= high; tick += 0.5) {
      nodes.push(segment(left, y(tick), right, y(tick), "pic-grid"));
      nodes.push(label(left - 0.3 * text, y(tick) + 0.35 * text, number(tick), { size: text, anchor: "end", class: "pic-muted" }));
    }
    for (let tick = 0; tick <= far; tick += 0.5)
      nodes.push(label(x(tick), bottom + 1.15 * text, number(tick), { size: text, anchor: "middle", class: "pic-muted" }));
    nodes.push(label(0, 0.95 * text, this.say("drift.loss"), { size: text, weight: 700, limit: width }));
    nodes.push(label(right, height - 0.45 * text, this.say("drift.moved"), { size: text, weight: 700, anchor: "end", limit: width }));
    const known = (/** @type {number} */ lane) => Number.isFinite(dots[lane]?.[0].drift) && Number.isFinite(dots[lane]?.[0].loss);
    if (all.length === 0) return [...nodes, unknown((left + right) / 2, (top + bottom) / 2, text)];
    if (known(NONE) && this.expected) nodes.push(...this.ghost(dots[NONE][0].loss, { left, right, top, bottom, x, y, text, drift: dots[NOISY][0].drift }));
    // Were movement the cause, all networks would lie near one line.
    if (known(NONE) && known(BN)) nodes.push(...this.rule(dots[BN][0], dots[NONE][0], { x, y, right, top, text, high, far }));
    dots.forEach((runs, lane) => {
      const drawn = runs.map(({ drift, loss }, at) => dot(x(drift), y(loss), (at === 0 ? 0.75 : 0.3) * text, `pic-lane-${lane + 1} pic-edge`));
      nodes.push(...drawn.filter((_, at) => Number.isFinite(runs[at].drift) && Number.isFinite(runs[at].loss)).reverse());
      if (!known(lane)) return;
      // The name stands below all of its dots.
      const half = widthOf(this.name(lane), 1.25 * text) / 2;
      const middle = runs.reduce((sum, { drift }) => sum + x(drift), 0) / runs.length;
      const under = Math.max(y(runs[0].loss) + 0.75 * text, ...runs.map(({ loss }) => y(loss) + 0.3 * text));
      const place = Math.max(left + half, Math.min(right - half, middle));
      nodes.push(label(place, under + 1.2 * text, this.name(lane), { size: 1.25 * text, weight: 700, anchor: "middle", class: `pic-ink-${lane + 1}` }));
    });
    return nodes;
  }

  /**
   * The line through the networks with BN and without.
   * @param {{drift: number, loss: number}} from @param {{drift: number, loss: number}} to
   * @param {{x: (moved: number) => number, y: (loss: number) => number, right: number, top: number, text: number, high: number, far: number}} frame
   */
  rule(from, to, { x, y, text, high, far }) {
    const slope = (to.loss - from.loss) / (to.drift - from.drift);
    if (!(slope > 0)) return [];
    const end = Math.min(far, to.drift + (high - to.loss) / slope);
    const at = from.loss + slope * (end - from.drift);
    return [
      segment(x(from.drift), y(from.loss), x(end), y(at), "pic-rule"),
      label(x(end) - 1.2 * text, y(at) + 0.9 * text, this.say("drift.rule"), { size: text, anchor: "end", class: "pic-muted" }),
    ];
  }

  /**
   * Where one expects the network with noise: below the loss without normalisation, at it, or above it.
   * @param {number} none @param {{left: number, right: number, top: number, bottom: number, x: (moved: number) => number, y: (loss: number) => number, text: number, drift: number}} frame
   */
  ghost(none, { right, top, bottom, x, y, text, drift }) {
    const middle = y(none);
    const centre = Math.min(right - 3 * text, x(Number.isFinite(drift) ? drift : DRIFT));
    const spans = /** @type {Record<string, [number, number]>} */ ({
      faster: [middle + 0.4 * text, bottom],
      same: [middle - 0.8 * text, middle + 0.8 * text],
      slower: [top, middle - 0.4 * text],
    });
    const [from, to] = spans[this.expected] ?? [middle, middle];
    const words = { size: text, weight: 700, class: "pic-ink-expected" };
    return [
      rect(centre - 2.6 * text, from, 5.2 * text, to - from, "pic-expected"),
      this.expected === "same"
        ? label(centre, from - 0.4 * text, this.say("expected"), { ...words, anchor: "middle" })
        : label(centre - 2.9 * text, to - 0.3 * text, this.say("expected"), { ...words, anchor: "end" }),
    ];
  }
}
