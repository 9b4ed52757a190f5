// @ts-check
/** The mask, and the gap: the units that a step leaves on, and the distance from training to test loss, without dropout and with it. */
import { maskOf } from "../../drill/mask.js";
import { number } from "../../kit/format.js";
import { latest } from "../run/measure.js";
import { Picture } from "./picture.js";
import { dot, label, rect, segment, told, unknown, widthOf } from "./shapes.js";

/** The layer whose mask is drawn, its units in a recording, which does not hold its shapes, and how many stand in a row. */
const [LAYER, UNITS, ROW] = ["fc6.dropout", 64, 8];
/** The axis reaches at least this far. */
const LOSS = 2.5;
/** Share of a unit's place that it fills. */
const FILLED = 0.8;
/** p without a network to read it from. */
const P = [0, 0.5];
/** What each prediction says of the gap with dropout, relative to that without. */
const EXPECTED = /** @type {Record<string, number>} */ ({ smaller: 0.5, same: 1, larger: 1.5 });

export class DropoutPicture extends Picture {
  /** Each network's losses so far, its step and its p. */
  get seen() {
    const { run, panel } = this;
    const { replay, session } = panel;
    return P.map((p, lane) => {
      const own = run?.lanes[lane];
      const side = replay ? replay.recorded.state.lanes[lane] : session.state.lanes[lane];
      const step = own?.records.at(-1)?.[0] ?? 0;
      const tested = own?.evaluations.at(-1);
      // Before the first evaluation there is only the loss of the steps, in which units are off.
      const off = !tested?.train;
      return { train: tested?.train?.loss ?? latest(own), off, test: tested?.loss ?? NaN, step, p: own && side ? Number(side.config.dropout) : p };
    });
  }

  /** @returns {unknown[]} */
  get from() {
    return this.seen.flatMap(({ train, test, step, p }) => [train, test, step, p]);
  }

  get words() {
    const [without, with_] = this.seen;
    if (!Number.isFinite(with_.test)) return this.say("dropout.empty");
    return this.say("dropout.words", { without: told(without.test - without.train), with: told(with_.test - with_.train) });
  }

  /** @param {import("./picture.js").Box} box */
  draw({ width, height, text }) {
    const { seen } = this;
    const bottom = height - 1.6 * text;
    const row = bottom / P.length;
    const side = Math.min(row - 1.9 * text, 0.3 * width);
    const left = side + 1.4 * text;
    const far = Math.max(LOSS, ...seen.flatMap(({ train, test }) => [train, test]).filter(Number.isFinite)) * 1.02;
    const place = (/** @type {number} */ loss) => left + ((width - left - 0.6 * text) * loss) / far;
    const ticks = Array.from({ length: Math.floor(far) + 1 }, (_, tick) => tick);
    const nodes = ticks.flatMap((tick) => [
      segment(place(tick), 0.4 * text, place(tick), bottom, "pic-grid"),
      label(place(tick), height - 0.35 * text, String(tick), { size: text, anchor: tick === 0 ? "start" : "middle", class: "pic-muted" }),
    ]);
    nodes.push(label(0, height - 0.35 * text, this.say("dropout.axis"), { size: text, class: "pic-muted", limit: left - text }));
    seen.forEach((_, lane) => {
      const from = lane * row;
      const kept = this.kept(lane);
      const on = kept.filter(Boolean).length;
      const title = this.seen[lane].step > 0 ? this.say("dropout.on", { lane: this.name(lane), on, units: UNITS }) : this.name(lane);
      nodes.push(label(0, from + 1.1 * text, title, { size: 1.2 * text, weight: 700, class: `pic-ink-${lane + 1}`, limit: width }));
      nodes.push(...this.mask(kept, lane, from + 1.6 * text, side), ...this.gap(lane, from + 1.5 * text + side / 2, { left, width, text, place }));
    });
    return nodes;
  }

  /** Whether the last step left each unit on. @param {number} lane */
  kept(lane) {
    const { step, p } = this.seen[lane];
    return maskOf(LAYER, UNITS, this.panel.replay?.file.seed ?? this.panel.seed, Math.max(0, step - 1), p);
  }

  /** @param {boolean[]} kept @param {number} lane @param {number} top @param {number} side */
  mask(kept, lane, top, side) {
    const each = side / ROW;
    return kept.map((on, unit) =>
      rect((unit % ROW) * each + 1, top + Math.floor(unit / ROW) * each + 1, FILLED * each, FILLED * each, on ? `pic-lane-${lane + 1}` : "pic-off"),
    );
  }

  /**
   * From the training loss to the test loss.
   * @param {number} lane @param {number} middle @param {{left: number, width: number, text: number, place: (loss: number) => number}} frame
   */
  gap(lane, middle, { left, width, text, place }) {
    const { train, test } = this.seen[lane];
    const colour = lane + 1;
    const radius = 0.55 * text;
    if (!Number.isFinite(train)) return [unknown((left + width) / 2, middle, text)];
    const nodes = [...this.ghost(lane, middle, { width, text, place })];
    /** The name and value of an end, on its own side of it, and where it begins and ends. @param {number} loss @param {string} key @param {boolean} back */
    const end = (loss, key, back) => {
      const x = place(loss);
      const { off, p } = this.seen[lane];
      const words = `${this.say(key === "train" && off && p > 0 ? "dropout.train_off" : `dropout.${key}`)} ${told(loss)}`;
      const wide = widthOf(words, text);
      const from = Math.max(left, Math.min(width - wide, back ? x + radius - wide : x - radius));
      return { words, from, to: from + wide };
    };
    const name = (/** @type {ReturnType<typeof end>} */ { words, from, to }, back = true, lines = 0.95) =>
      label(back ? to : from, middle - lines * text, words, { size: text, anchor: back ? "end" : "start", class: "pic-muted" });
    if (!Number.isFinite(test)) return [...nodes, name(end(train, "train", true)), dot(place(train), middle, radius, `pic-lane-${colour}`)];
    const [low, high] = [Math.min(train, test), Math.max(train, test)].map(place);
    const words = this.say("dropout.gap", { gap: number(Math.round(100 * (test - train)) / 100) });
    const half = widthOf(words, 1.35 * text) / 2;
    nodes.push(rect(low, middle - 0.45 * text, high - low, 0.9 * text, `pic-lane-${colour} pic-soft`));
    nodes.push(dot(place(train), middle, radius, `pic-lane-${colour}`), dot(place(test), middle, radius, `pic-ring-${colour}`));
    const ends = [end(train, "train", train <= test), end(test, "test", test < train)];
    // Where both do not fit beside each other, one stands higher.
    const meet = ends[0].to > ends[1].from && ends[1].to > ends[0].from;
    nodes.push(name(ends[0], train <= test), name(ends[1], test < train, meet ? 2.1 : 0.95));
    const centre = Math.min(width - half, Math.max(left + half, (low + high) / 2));
    return [...nodes, label(centre, middle + 1.85 * text, words, { size: 1.35 * text, weight: 700, anchor: "middle" })];
  }

  /** The gap that one expects with dropout. @param {number} lane @param {number} middle @param {{width: number, text: number, place: (loss: number) => number}} frame */
  ghost(lane, middle, { width, text, place }) {
    const [without, own] = this.seen;
    const gap = (without.test - without.train) * (EXPECTED[this.expected] ?? NaN);
    if (lane !== 1 || !(gap > 0)) return [];
    const [from, to] = [own.train, own.train + gap].map(place);
    return [
      rect(from, middle - 0.7 * text, Math.min(width, to) - from, 1.4 * text, "pic-expected"),
      label(Math.min(width, to), middle + 3.1 * text, this.say("expected"), { size: text, weight: 700, anchor: "end", class: "pic-ink-expected" }),
    ];
  }
}
