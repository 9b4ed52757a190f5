// @ts-check
/** Thick shapes and large words: what the pictures of lessons are drawn with. */
import { svg } from "../../kit/dom.js";
import { number } from "../../kit/format.js";

/** Smallest size of a word, and the largest, pixels. */
const [SMALLEST, LARGEST] = [14, 34];
/** The drawing's side for each pixel of its words. */
const PER_TEXT = 27;
/** Width of a letter of the Latin alphabet, and of a Chinese character, in sizes of the word: as wide as those of any common bold font. */
const [LATIN, WIDE] = [0.68, 1.02];

/** @typedef {{width: number, height: number, text: number}} Box the drawing's size and that of its words, in pixels */
/** @typedef {{anchor?: "start" | "middle" | "end", size?: number, weight?: number, class?: string, limit?: number}} Look `limit`: the width it must fit into */

/** @param {number} width @param {number} height @returns {Box} */
export const boxOf = (width, height) => ({ width, height, text: Math.max(SMALLEST, Math.min(LARGEST, Math.round(Math.sqrt(width * height) / PER_TEXT))) });

/** About how wide words are. @param {string} words @param {number} size */
export const widthOf = (words, size) => [...words].reduce((sum, letter) => sum + (letter > "\u2e80" ? WIDE : LATIN) * size, 0);

/** @param {number} x @param {number} y of the base line @param {string} words @param {Look} [look] */
export function label(x, y, words, { anchor = "start", size = SMALLEST, weight = 400, class: name = "", limit = Infinity } = {}) {
  const fitting = Math.max(SMALLEST, Math.min(size, Math.floor((size * limit) / Math.max(1, widthOf(words, size)))));
  return svg("text", { x: round(x), y: round(y), "text-anchor": anchor, "font-size": fitting, "font-weight": weight, class: name }, words);
}

/** @param {number} x @param {number} y @param {number} width @param {number} height @param {string} name */
export const rect = (x, y, width, height, name) =>
  svg("rect", { x: round(x), y: round(y), width: round(Math.max(0, width)), height: round(Math.max(0, height)), class: name });

/** @param {number} x @param {number} y @param {number} radius @param {string} name */
export const dot = (x, y, radius, name) => svg("circle", { cx: round(x), cy: round(y), r: round(radius), class: name });

/** A line through points. @param {[number, number][]} points @param {string} name */
export const line = (points, name) => svg("polyline", { points: points.map(([x, y]) => `${round(x)},${round(y)}`).join(" "), class: `pic-line ${name}` });

/** @param {number} x @param {number} y @param {number} toX @param {number} toY @param {string} name */
export const segment = (x, y, toX, toY, name) =>
  line(
    [
      [x, y],
      [toX, toY],
    ],
    name,
  );

/** A filled shape. @param {[number, number][]} points @param {string} name */
export const area = (points, name) => svg("polygon", { points: points.map(([x, y]) => `${round(x)},${round(y)}`).join(" "), class: name });

/** @param {number} x */
const round = (x) => Math.round(10 * x) / 10;

/** Places for labels beside each other, from the top: each at least `apart` from the one before, all inside. @param {number[]} wanted @param {number} apart @param {number} top @param {number} bottom */
export function spread(wanted, apart, top, bottom) {
  const order = wanted.map((_, at) => at).sort((a, b) => wanted[a] - wanted[b]);
  const placed = wanted.slice();
  let free = top;
  for (const at of order) free = (placed[at] = Math.max(placed[at], free)) + apart;
  let end = bottom;
  for (const at of order.reverse()) end = (placed[at] = Math.min(placed[at], end)) - apart;
  return placed;
}

/** Stands for what is not known yet. @param {number} x @param {number} y of its middle @param {number} text */
export const unknown = (x, y, text) => label(x, y + text, "?", { size: 3 * text, weight: 700, anchor: "middle", class: "pic-muted" });

/** A measured number in words; a dash before it has been measured. @param {number} x @param {(x: number) => string} [write] */
export const told = (x, write = number) => (Number.isFinite(x) ? write(x) : "–");
