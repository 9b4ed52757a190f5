// @ts-check
/** The gradient on its way back: a bar a layer, the networks side by side. */
import { fraction } from "../../kit/format.js";
import { at, lastHidden } from "../run/measure.js";
import { Picture } from "./picture.js";
import { label, rect, segment, unknown, widthOf } from "./shapes.js";

/** The axis reaches at least down to this share, and never below the second. */
const [LOW, LOWEST] = [1e-3, 1e-12];
/** Share of a bar's place that it fills. */
const FILLED = 0.8;
/** What each prediction says of conv1's gradient with sigmoid, relative to ReLU. */
const EXPECTED = /** @type {Record<string, [number, number]>} */ ({ larger: [10, 100], same: [0.1, 10], smaller: [1e-3, 0.1], vanished: [0, 1e-3] });
/** The network that the prediction is about, and the one it is compared with. */
const [OF, THAN] = [1, 0];

export class GradientsPicture extends Picture {
  /** Each network's gradient at each layer, as a share of what leaves the last hidden layer. */
  get shares() {
    const { run } = this;
    const hidden = run?.names.slice(0, -1) ?? [];
    return (this.panel.lesson?.lanes ?? []).map((_, lane) => {
      const own = run?.lanes[lane];
      const last = run && at(own, "first", lastHidden(run), "activation");
      return hidden.map((name) => at(own, "first", name, "activation") / Number(last));
    });
  }

  /** @returns {Record<string, number>} */
  get values() {
    const [relu, sigmoid] = this.shares.map(([first]) => first ?? NaN);
    return { relu_part: relu, sigmoid_part: sigmoid };
  }

  get words() {
    const shares = this.shares.map(([first]) => first);
    if (!shares.some(Number.isFinite)) return this.say("gradients.empty");
    return this.say("gradients.words", { list: shares.map((share, lane) => `${this.name(lane)} ${fraction(share)}`).join(this.panel.say("guide.comma")) });
  }

  /** @param {import("./picture.js").Box} box */
  draw({ width, height, text }) {
    const { shares, run } = this;
    const all = shares.flat().filter((share) => share > 0);
    const low = Math.max(LOWEST, Math.min(LOW, 10 ** Math.floor(Math.log10(Math.min(...all, LOW)))));
    const high = Math.max(1, ...all.filter(Number.isFinite));
    const [top, bottom] = [3.1 * text, height - 2.5 * text];
    const place = (/** @type {number} */ share) =>
      bottom - ((bottom - top) * (Math.log10(Math.max(share, low)) - Math.log10(low))) / (Math.log10(high) - Math.log10(low));
    const axis = [1, 1e-3, 1e-6, 1e-9].filter((tick) => tick >= low);
    const left = Math.max(...axis.map((tick) => widthOf(tickWords(tick), text))) + 0.3 * text;
    const gap = text;
    const wide = (width - left - gap * (shares.length - 1)) / shares.length;
    const nodes = axis.flatMap((tick) => [
      segment(left, place(tick), width, place(tick), "pic-grid"),
      label(left - 0.3 * text, place(tick) + 0.35 * text, tickWords(tick), { anchor: "end", size: text, class: "pic-muted" }),
    ]);
    shares.forEach((row, lane) => {
      const from = left + lane * (wide + gap);
      nodes.push(label(from, 1.05 * text, this.name(lane), { size: 1.15 * text, weight: 700, class: `pic-ink-${lane + 1}`, limit: wide }));
      row.forEach((share, layer) => {
        const each = wide / row.length;
        nodes.push(rect(from + layer * each, place(share), FILLED * each, bottom - place(share), `pic-lane-${lane + 1}`));
      });
      if (lane === OF) nodes.push(...this.ghost(from, wide / Math.max(1, row.length || 11), place, low, high, text, shares[THAN]?.[0]));
      if (row.length > 0) {
        nodes.push(label(from, 2.5 * text, fraction(row[0]), { size: 1.35 * text, weight: 700, limit: wide }));
        nodes.push(label(from, bottom + 1.1 * text, run?.names[0] ?? "", { size: text }));
        nodes.push(
          label(from + wide, bottom + 1.1 * text, lastHidden(/** @type {import("../run/measure.js").Run} */ (run)) ?? "", { size: text, anchor: "end" }),
        );
      } else nodes.push(unknown(from + wide / 2, (top + bottom) / 2, text));
    });
    nodes.push(segment(left, bottom, width, bottom, "pic-axis"));
    const under = { size: text, class: "pic-muted" };
    const way = this.say("gradients.way");
    nodes.push(label(width, height - 0.35 * text, way, { ...under, anchor: "end", limit: width }));
    const last = run && lastHidden(run);
    if (last) nodes.push(label(0, height - 0.35 * text, this.say("gradients.axis", { layer: last }), { ...under, limit: width - widthOf(way, text) - text }));
    return nodes;
  }

  /**
   * Where one expects the bar of conv1.
   * @param {number} from @param {number} each @param {(share: number) => number} place @param {number} low @param {number} high @param {number} text @param {number} [than]
   */
  ghost(from, each, place, low, high, text, than = 1) {
    const range = EXPECTED[this.expected];
    if (!range) return [];
    const [bottom, upper] = range.map((x) => place(Math.min(high, Math.max(low, x * (than > 0 ? than : 1)))));
    const tall = Math.max(0.4 * text, bottom - upper);
    const top = place(high);
    return [
      rect(from - 1, bottom - tall, Math.max(each, text), tall, "pic-expected"),
      label(from, bottom - tall > top + 1.2 * text ? bottom - tall - 0.35 * text : bottom + 1.1 * text, this.say("expected"), {
        size: text,
        weight: 700,
        class: "pic-ink-expected",
      }),
    ];
  }
}

/** A power of ten. @param {number} tick */
const tickWords = (tick) => (tick === 1 ? "1" : `10⁻${"⁰¹²³⁴⁵⁶⁷⁸⁹"[Math.round(-Math.log10(tick))]}`);
