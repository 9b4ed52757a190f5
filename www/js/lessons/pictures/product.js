// @ts-check
/** The product of weights, layer by layer: conv1's gradient relative to that of the unchanged weights, a stair for each layer crossed. */
import { fraction } from "../../kit/format.js";
import { at } from "../run/measure.js";
import { Picture } from "./picture.js";
import { area, label, line, rect, segment } from "./shapes.js";

/** The network with unchanged weights, the halved and the doubled ones; and their factors. */
const [ONE, HALF, DOUBLE] = [0, 1, 2];
const FACTORS = [1, 0.5, 2];
/** The axis before the run, as a power of two. */
const STAIRS = 15;
/** The stairs with their factor: where the words of the networks leave room. */
const MARKED = [8, 10, 12];
/** What each prediction says of conv1's gradient with halved weights. */
const EXPECTED = /** @type {Record<string, [number, number]>} */ ({ half: [0.35, 0.7], hundredth: [1e-3, 0.1], vanished: [0, 1e-3] });

export class ProductPicture extends Picture {
  /** Each network's gradient relative to the first one's, first layer to last. */
  get ratios() {
    const { run } = this;
    const hidden = run?.names.slice(0, -1) ?? [];
    const gradient = (/** @type {number} */ lane, /** @type {string} */ name) => at(run?.lanes[lane], "first", name, "activation");
    return FACTORS.map((_, lane) => hidden.map((name) => gradient(lane, name) / gradient(ONE, name)));
  }

  /** @returns {Record<string, number>} */
  get values() {
    const ratios = this.ratios[HALF];
    const half = ratios[0] ?? NaN;
    return { half_part: half, half_layer: half ** (1 / ratios.length), count_layers: ratios.length };
  }

  get words() {
    const [one] = this.ratios;
    if (!(one.length > 0)) return this.say("product.empty");
    return this.say("product.words", { half: fraction(this.ratios[HALF][0]), double: fraction(this.ratios[DOUBLE][0]), layers: one.length });
  }

  /** @param {import("./picture.js").Box} box */
  draw({ width, height, text }) {
    const { ratios, run } = this;
    const far = Math.max(
      STAIRS,
      ...ratios
        .flat()
        .map((ratio) => Math.abs(Math.log2(ratio)))
        .filter(Number.isFinite),
    );
    const [top, bottom] = [1.7 * text, height - 3.1 * text];
    const middle = (top + bottom) / 2;
    const place = (/** @type {number} */ ratio) => middle - ((bottom - top) / 2 / far) * Math.max(-far, Math.min(far, Math.log2(ratio)));
    const nodes = [segment(0, middle, width, middle, "pic-grid")];
    const count = ratios[ONE].length || STAIRS;
    const each = width / count;
    ratios.forEach((row, lane) => {
      const stairs = /** @type {[number, number][]} */ (
        row.flatMap((ratio, layer) => [
          [layer * each, place(ratio)],
          [(layer + 1) * each, place(ratio)],
        ])
      );
      if (lane !== ONE && stairs.length > 0) nodes.push(area([...stairs, [width, middle], [0, middle]], `pic-lane-${lane + 1} pic-faint`));
      nodes.push(line(stairs, `pic-stroke-${lane + 1} pic-thick`));
    });
    for (const lane of [HALF, DOUBLE])
      for (const layer of MARKED.filter((layer) => layer < ratios[lane].length)) {
        const y = place(ratios[lane][layer]) + (lane === HALF ? 1.3 : -0.5) * text;
        nodes.push(
          label((layer + 0.5) * each, y, FACTORS[lane] === 2 ? "× 2" : "× ½", { size: text, weight: 700, anchor: "middle", class: `pic-ink-${lane + 1}` }),
        );
      }
    const name = (/** @type {number} */ lane) =>
      this.say("product.end", { lane: this.name(lane), ratio: ratios[lane].length > 0 ? fraction(ratios[lane][0]) : "?" });
    const ends = [middle - 0.45 * text, bottom + 1.15 * text, top - 0.4 * text];
    ends.forEach((y, lane) => nodes.push(label(0, y, name(lane), { size: 1.2 * text, weight: 700, class: `pic-ink-${lane + 1}`, limit: width })));
    const range = EXPECTED[this.expected];
    if (range) {
      const [low, high] = range.map((x) => place(Math.max(2 ** -far, x)));
      const wide = Math.max(each, 1.2 * text);
      nodes.push(rect(1, high, wide, Math.max(0.5 * text, low - high), "pic-expected"));
      nodes.push(label(wide + 0.4 * text, (low + high) / 2 + 0.35 * text, this.say("expected"), { size: text, weight: 700, class: "pic-ink-expected" }));
    }
    nodes.push(label(0, height - 0.4 * text, run?.names[0] ?? "conv1", { size: text, class: "pic-muted" }));
    nodes.push(label(width, height - 0.4 * text, this.say("product.way"), { size: text, anchor: "end", class: "pic-muted", limit: width - 4 * text }));
    return nodes;
  }
}
