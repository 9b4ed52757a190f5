// @ts-check
/** Four poolings of one map: where the gradient goes, and what changes when the image is shifted by one pixel. */
import { channelOf, pooledMap } from "../../drill/arithmetic.js";
import { percent } from "../../kit/format.js";
import { svg } from "../../kit/dom.js";
import { live } from "../../kit/format.js";
import { loss } from "../run/measure.js";
import { POOLINGS, poolLayer, shareOfNone } from "../toys/pool_toy.js";
import { ReadingPicture } from "./reading.js";
import { label, rect, widthOf } from "./shapes.js";

/** Shades of a map. */
const SHADES = 4;
/** The kinds of pooling that each prediction favours: both, if neither is ahead. */
const EXPECTED = /** @type {Record<string, string[]>} */ ({ max: ["max"], avg: ["avg"], noise: ["max", "avg"] });

/**
 * How much each place of the pooled maps changes when the image is shifted by one pixel, summed over channels, and the whole change relative to
 * the maps. The edges are left out: there the shift brings in what was outside.
 * @param {Float32Array} values (height, width, channels) @param {import("../../worker/types.js").Layer} layer
 */
export function changeOf(values, { input, output, pool, kernel = 1, stride = 1, padding = 0 }) {
  const { height, width, channels } = input;
  const apart = new Float32Array(output.height * output.width);
  let [sum, size] = [0, 0];
  /** One pooled value of the image, shifted to the right. @param {number} at @param {number} channel @param {number} by */
  const pooled = (at, channel, by) => {
    const [top, left] = [Math.floor(at / output.width) * stride - padding, (at % output.width) * stride - padding - by];
    let [value, count] = [pool === "max" ? -Infinity : 0, 0];
    for (let row = Math.max(0, top); row < Math.min(height, top + kernel); row++)
      for (let column = Math.max(0, left); column < Math.min(width, left + kernel); column++, count++) {
        const x = values[(row * width + column) * channels + channel];
        value = pool === "max" ? Math.max(value, x) : value + x;
      }
    return pool === "max" ? value : value / count;
  };
  for (let at = 0; at < apart.length; at++) {
    if (at % output.width === 0 || at % output.width === output.width - 1) continue;
    for (let channel = 0; channel < channels; channel++) {
      const [own, moved] = [pooled(at, channel, 0), pooled(at, channel, 1)];
      apart[at] += Math.abs(moved - own);
      sum += (moved - own) ** 2;
      size += own ** 2;
    }
  }
  return { apart, change: Math.sqrt(sum / size) };
}

/** @typedef {{layer: import("../../worker/types.js").Layer, gradient: Float32Array, none: number, apart: Float32Array, change: number}} Column */

export class PoolingPicture extends ReadingPicture {
  /** The last result, and the reading that it was made from. @type {{of: object, map: Float32Array, shape: import("../../worker/types.js").Shape, columns: Column[]} | null} */
  made = null;

  get layer() {
    return this.layers[this.layers.findIndex(({ kind }) => kind === "pool") - 1];
  }

  /** The four poolings of the channel with the largest response. */
  get pooled() {
    const { reading } = this;
    if (!reading) return null;
    if (this.made?.of === reading) return this.made;
    const { shape, values } = reading;
    const top = values.reduce((best, x, at) => (x > values[best] ? at : best), 0);
    const map = channelOf(values, shape.channels, top % shape.channels);
    const one = { ...shape, channels: 1 };
    this.made = {
      of: reading,
      map,
      shape,
      columns: POOLINGS.map((pooling) => {
        const layer = poolLayer(one, pooling);
        const { gradient } = pooledMap(layer, map, 0);
        return { layer, gradient, none: shareOfNone(gradient), ...changeOf(values, { ...layer, input: shape }) };
      }),
    };
    return this.made;
  }

  /** @returns {unknown[]} */
  get from() {
    return [...super.from, ...POOLINGS.map((_, lane) => (this.run ? loss(this.run, lane) : NaN))];
  }

  /** @returns {Record<string, number>} */
  get values() {
    const { pooled } = this;
    if (!pooled) return {};
    const [max_overlap, max, avg_overlap] = pooled.columns;
    return { max_none_share: max_overlap.none, avg_none_share: avg_overlap.none, overlap_change_share: max_overlap.change, plain_change_share: max.change };
  }

  get words() {
    const { pooled } = this;
    if (!pooled) return this.say("pooling.empty");
    return pooled.columns
      .map(({ none, change }, lane) => this.say("pooling.words", { name: this.name(lane), none: percent(none), change: percent(change) }))
      .join(" ");
  }

  /** @param {import("./picture.js").Box} box */
  draw({ width, height, text }) {
    const { pooled, run } = this;
    if (!pooled)
      return [
        label(width / 2, height / 2, this.panel.say(this.panel.stuck ? "probe.no_engine" : "probe.waiting"), { size: text, anchor: "middle", limit: width }),
      ];
    const { map, shape, columns } = pooled;
    const gap = 0.8 * text;
    const wide = (width - gap * (columns.length - 1)) / columns.length;
    const head = [1.4, 1.2].map((lines) => lines * text);
    const side = Math.min(wide, (height - head[0] - 5.1 * text) / 2);
    const tops = [head[0] + head[1], head[0] + 2 * head[1] + side + 1.3 * text];
    const most = Math.max(...columns.flatMap(({ apart }) => Array.from(apart)));
    const nodes = [
      label(0, tops[0] - 0.3 * text, this.say("pooling.back"), { size: text, class: "pic-muted", limit: width }),
      label(0, tops[1] - 0.3 * text, this.say("pooling.shift"), { size: text, class: "pic-muted", limit: width }),
    ];
    columns.forEach(({ layer, gradient, none, apart, change }, lane) => {
      const from = lane * (wide + gap);
      nodes.push(label(from, 1.1 * text, this.name(lane), { size: 1.15 * text, weight: 700, class: `pic-ink-${lane + 1}`, limit: wide }));
      nodes.push(rect(from, tops[0], side, side, "pic-paper"), ...shades(map, shape.width, from, tops[0], side, "pic-map"));
      nodes.push(...shades(gradient, shape.width, from, tops[0], side, "pic-gradient", 1));
      nodes.push(rect(from, tops[1], side, side, "pic-paper"), ...shades(apart, layer.output.width, from, tops[1], side, "pic-change", SHADES, most));
      const ended = run ? loss(run, lane) : NaN;
      const under = [tops[0], tops[1]].map((top) => top + side + 1.15 * text);
      nodes.push(label(from, under[0], percent(1 - none), { size: 1.25 * text, weight: 700, limit: wide }));
      nodes.push(label(from, under[1], percent(change), { size: 1.25 * text, weight: 700, limit: wide }));
      if (Number.isFinite(ended)) nodes.push(this.beside(from, wide, under[0], this.say("pooling.loss", { loss: live(ended) }), percent(1 - none), text));
      if (!EXPECTED[this.expected]?.includes(POOLINGS[lane].pool) || POOLINGS[lane].kernel !== 3) return;
      nodes.push(rect(from, tops[0], side, side, "pic-expected pic-hollow"));
      nodes.push(label(from, tops[0] + side / 2, this.say("expected"), { size: text, weight: 700, class: "pic-ink-expected" }));
    });
    return nodes;
  }

  /** Words at the right end of a column, where its number leaves room. @param {number} from @param {number} wide @param {number} y @param {string} words @param {string} number @param {number} text */
  beside(from, wide, y, words, number, text) {
    const room = wide - widthOf(number, 1.25 * text) - 0.5 * text;
    const short = widthOf(words, text) > room ? "" : words;
    return label(from + wide, y, short, { size: text, anchor: "end", class: "pic-muted" });
  }
}

/**
 * A map as squares of a few shades; a single shade marks every value above 0.
 * @param {Float32Array} map @param {number} columns @param {number} left @param {number} top @param {number} side @param {string} name @param {number} [shades] @param {number} [most]
 */
function shades(map, columns, left, top, side, name, shades = SHADES, most = map.reduce((best, x) => Math.max(best, x), 0)) {
  const each = side / columns;
  const paths = Array.from({ length: shades }, () => "");
  map.forEach((value, at) => {
    const shade = Math.min(shades, Math.ceil((shades * value) / (most || 1)));
    if (shade < 1) return;
    const [column, row] = [at % columns, Math.floor(at / columns)];
    // Rounded edge by edge: neighbours share theirs.
    const [x, right] = [column, column + 1].map((edge) => (left + edge * each).toFixed(1));
    const [y, bottom] = [row, row + 1].map((edge) => (top + edge * each).toFixed(1));
    paths[shade - 1] += `M${x} ${y}H${right}V${bottom}H${x}z`;
  });
  return paths.map((d, shade) => svg("path", { d, class: name, "fill-opacity": shades === 1 ? undefined : (shade + 1) / shades }));
}
