// @ts-check
/** The same loss, a sixteenth of the step: a layer's weights, and one step of them, for weights times 1 and times 4. */
import { fraction } from "../../kit/format.js";
import { at } from "../run/measure.js";
import { LAYER, RATE, SCALE, relativeUpdate } from "../run/updates.js";
import { Picture } from "./picture.js";
import { label, rect, told, widthOf } from "./shapes.js";

/** The networks with batch normalisation. */
const LANES = [0, 1];
/** What each prediction says of the relative step with the larger weights. */
const EXPECTED = /** @type {Record<string, number>} */ ({ same: 1, quarter: 1 / SCALE, sixteenth: 1 / SCALE ** 2 });

export class ScalePicture extends Picture {
  /** The first step: its loss, the size of the weights, that of the step, and their ratio. */
  get seen() {
    const { run } = this;
    return LANES.map((lane) => {
      const own = run?.lanes[lane];
      return {
        loss: own?.records[0]?.[1] ?? NaN,
        weights: at(own, "first", LAYER, "size"),
        step: RATE * at(own, "first", LAYER, "weight"),
        relative: own?.first ? relativeUpdate(own.first, LAYER) : NaN,
      };
    });
  }

  /** @returns {unknown[]} */
  get from() {
    return this.seen.map(({ loss }) => loss);
  }

  /** @returns {Record<string, number>} */
  get values() {
    const [small, large] = this.seen;
    return { update_part: large.relative / small.relative };
  }

  get words() {
    const [small, large] = this.seen;
    if (!Number.isFinite(large.relative)) return this.say("scale.empty");
    return this.say("scale.words", { small_loss: told(small.loss), large_loss: told(large.loss), ratio: fraction(large.relative / small.relative) });
  }

  /** @param {import("./picture.js").Box} box */
  draw({ width, height, text }) {
    const [small, large] = this.seen;
    const known = Number.isFinite(large.relative);
    const half = height / 2;
    /** One column for the names and losses, one for bars. */
    const left = Math.max(...LANES.map((lane) => widthOf(this.name(lane), 1.15 * text)), widthOf(this.say("scale.loss"), text), 3.6 * text) + 0.8 * text;
    const unit = (width - left) / (SCALE * 1.12);
    const thick = Math.min(2.6 * text, half / 4.6);
    const nodes = LANES.flatMap((lane) => {
      const { loss, weights, step, relative } = this.seen[lane];
      const from = lane * half + 0.2 * text;
      const [wide, long] = [(known ? weights / small.weights : [1, SCALE][lane]) * unit, (known ? step / small.step : 0) * unit];
      const colour = lane + 1;
      const under = from + 2.2 * text + thick;
      const row = [
        label(0, from + 1.1 * text, this.name(lane), { size: 1.15 * text, weight: 700, class: `pic-ink-${colour}` }),
        label(0, from + 2.6 * text, this.say("scale.loss"), { size: text, class: "pic-muted" }),
        label(0, from + 4.4 * text, known ? told(loss) : "?", { size: 1.7 * text, weight: 700 }),
        label(left, from + 0.9 * text, this.say("scale.weights", { factor: [1, SCALE][lane] }), { size: text, class: "pic-muted", limit: width - left }),
        rect(left, from + 1.2 * text, wide, thick, "pic-weight"),
        label(left, under + 0.95 * text, this.say("scale.step"), { size: text, class: "pic-muted", limit: width - left }),
        rect(left, under + 1.25 * text, long, thick, `pic-lane-${colour}`),
      ];
      const words = known
        ? lane === 0
          ? this.say("scale.whole")
          : this.say("scale.part", { step: fraction(step / small.step), factor: SCALE, ratio: fraction(relative / small.relative) })
        : "?";
      row.push(
        label(left + long + 0.5 * text, under + 1.25 * text + thick / 2 + 0.42 * text, words, { size: 1.2 * text, weight: 700, limit: width - left - long }),
      );
      if (lane === 1 && this.expected) row.push(...this.ghost(left, under + 1.25 * text, unit, thick, text));
      return row;
    });
    // The same loss.
    if (known) nodes.push(label(0, half - 0.55 * text, "=", { size: 1.7 * text, weight: 700 }));
    return nodes;
  }

  /** The step that one expects. @param {number} left @param {number} top @param {number} unit @param {number} thick @param {number} text */
  ghost(left, top, unit, thick, text) {
    return [
      rect(left, top, SCALE * EXPECTED[this.expected] * unit, thick, "pic-expected"),
      label(left, top + thick + 1.05 * text, this.say("expected"), { size: text, weight: 700, class: "pic-ink-expected" }),
    ];
  }
}
