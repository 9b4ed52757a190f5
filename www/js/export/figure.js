// @ts-check
/** The curves as a vector drawing, for slides and papers: loss and accuracy side by side, on white. */
import { Numbers } from "../charts/numbers.js";
import { curveScale, extent, linearTicks, placeMarks } from "../charts/scale.js";
import { gapAreas, gapAt } from "../charts/plots/gap.js";
import { SMOOTHING, Series, Smooth } from "../charts/plots/series.js";

/**
 * @typedef {object} Curves
 * @property {Float32Array} training rows of step, loss, accuracy
 * @property {Float32Array} test the same
 * @property {Float32Array} [fit] the same on training images, in evaluation mode
 * @property {number} stride steps between two of the training rows
 * @property {{step: number, label: string}[]} events changed switches
 * @property {boolean} logarithmic the axis of the loss
 * @property {boolean} [gap] shades the area between training and test
 * @property {string} about the settings, stored in the file as its description
 *
 * @typedef {(key: string, fields?: Record<string, unknown>) => string} Translate
 */

export const WIDTH = 1080;
export const HEIGHT = 400;
/** Points per curve; more would not be visible. */
const POINTS = 1200;
const PANE = { height: 280, top: 70 };
/** Left and right ends of the panes, unless a label needs more. */
const SPANS = [
  [78, 498],
  [624, 1044],
];
/** The light theme's colours in any case: slides are light. */
const INK = { ink: "#1b1e23", muted: "#5d636d", line: "#e9e5dd", train: "#00664b", test: "#3dbf97", mark: "#a5447b" };
/** Approximate width of a label's character, in pixels. */
const CHARACTER = 7.5;

/** The figure as SVG text. @param {Curves} curves @param {Translate} t @param {string} language */
export function figure(curves, t, language) {
  const numbers = new Numbers(language);
  const panes = /** @type {const} */ (["loss", "accuracy"]).map((quantity, index) => pane(curves, quantity, SPANS[index], t, numbers));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" lang="${language}" role="img" font-family="Helvetica, Arial, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif" font-size="14">`,
    `<title>${escaped(t("export.figure"))}</title>`,
    `<desc>${escaped(curves.about)}</desc>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...panes.flat(),
    "</svg>\n",
  ].join("\n");
}

/** @param {Curves} curves @param {"loss" | "accuracy"} quantity @param {number[]} span @param {Translate} t @param {Numbers} numbers */
function pane(curves, quantity, [from, to], t, numbers) {
  const column = quantity === "loss" ? 1 : 2;
  const { raw, smooth, test, base } = series(curves, column);
  const log = quantity === "loss" && curves.logarithmic;
  const last = Math.max(10, raw.x.at(-1) ?? 0, test.x.at(-1) ?? 0);
  const first = Math.min(raw.x[0] ?? 0, test.x[0] ?? Infinity);
  const start = first < 0.2 * last ? 0 : first; // a run that was resumed far from step 0
  const scale = curveScale(quantity, extent([...smooth.y, ...test.y], log), log);
  const { height, top } = PANE;
  const value = (/** @type {number} */ tick) => (quantity === "accuracy" ? `${numbers.whole(100 * tick)} %` : numbers.number(tick));
  const ticks = scale.ticks(height, 40);
  const steps = linearTicks(start, last, 5);
  // Leave room for the labels on both sides.
  const room = (/** @type {string} */ label) => CHARACTER * wide(label);
  const edge = quantity === "loss" ? 0 : (SPANS[0][1] + from) / 2;
  const left = Math.max(from, edge + 12 + Math.max(...ticks.map((tick) => room(value(tick)))));
  const right = Math.min(to, (quantity === "loss" ? (to + SPANS[1][0]) / 2 : WIDTH) - 4 - room(numbers.count(last)) / 2);
  const width = right - left;
  const x = (/** @type {number} */ step) => left + (width * (step - start)) / (last - start);
  const y = (/** @type {number} */ value) => top + height * (1 - scale.at(value));
  const clip = `clip-${quantity}`;
  const title = t(`charts.curves.${quantity}`);
  return [
    `<clipPath id="${clip}"><rect x="${left}" y="${top}" width="${width}" height="${height}"/></clipPath>`,
    text(left, 22, title, { "font-weight": "bold" }),
    ...legend(left + 14 + CHARACTER * wide(title), t, curves.gap ? gapText(base, test, quantity, t, numbers) : ""),
    ...ticks.flatMap((tick) => [
      `<path d="M${left} ${fixed(y(tick))}h${width}" stroke="${INK.line}"/>`,
      text(left - 8, y(tick) + 5, value(tick), { "text-anchor": "end", fill: INK.muted }),
    ]),
    ...steps.map((tick) => text(x(tick), top + height + 20, numbers.count(tick), { "text-anchor": "middle", fill: INK.muted })),
    text(left + width / 2, top + height + 42, t("export.step"), { "text-anchor": "middle", fill: INK.muted }),
    ...marks(
      curves.events.filter(({ step }) => step >= start && step <= last),
      x,
      { left, width },
    ),
    `<g clip-path="url(#${clip})" fill="none" stroke-linejoin="round">`,
    ...(curves.gap ? gapAreas(scale.curve(base), scale.curve(test)) : []).map(
      (area) =>
        `<path d="M${area.map(([step, at]) => `${fixed(x(step))} ${fixed(top + height * (1 - at))}`).join("L")}Z" fill="${INK.train}" fill-opacity="0.14"/>`,
    ),
    `<path d="${path(raw, x, y)}" stroke="${INK.train}" stroke-opacity="0.22"/>`,
    `<path d="${path(smooth, x, y)}" stroke="${INK.train}" stroke-width="2.5"/>`,
    `<path d="${path(test, x, y)}" stroke="${INK.test}" stroke-width="2"/>`,
    "</g>",
    ...(test.x.length <= 60 ? dots(test, x, y, scale) : []),
    `<path d="M${left} ${top}v${height}h${width}" fill="none" stroke="${INK.ink}"/>`,
  ];
}

/** Single batches, their smoothed curve, and the evaluations. @param {Curves} curves @param {number} column */
function series({ training, test, fit = new Float32Array(), stride }, column) {
  const raw = new Series(POINTS);
  const smooth = new Series(POINTS);
  const smoothing = new Smooth(SMOOTHING ** stride);
  for (let at = 0; at < training.length; at += 3) {
    raw.push(training[at], training[at + column]);
    smooth.push(training[at], smoothing.push(training[at + column]));
  }
  const points = (/** @type {Float32Array} */ rows) => {
    const evaluations = new Series(POINTS);
    for (let at = 0; at < rows.length; at += 3) evaluations.push(rows[at], rows[at + column]);
    return evaluations;
  };
  return { raw, smooth, test: points(test), base: fit.length > 0 ? points(fit) : smooth };
}

/** A path, interrupted where a value is not finite. @param {Series} series @param {(x: number) => number} x @param {(y: number) => number} y */
function path(series, x, y) {
  let command = "M";
  const parts = [];
  for (let i = 0; i < series.x.length; i++) {
    const at = y(series.y[i]);
    if (!Number.isFinite(at)) {
      command = "M";
      continue;
    }
    parts.push(`${command}${fixed(x(series.x[i]))} ${fixed(at)}`);
    command = "L";
  }
  return parts.join("");
}

/** @param {Series} series @param {(x: number) => number} x @param {(y: number) => number} y @param {import("../charts/scale.js").Scale} scale */
function dots(series, x, y, { low, high }) {
  return series.x.flatMap((step, i) => {
    const value = series.y[i];
    return value >= low && value <= high
      ? [`<circle cx="${fixed(x(step))}" cy="${fixed(y(value))}" r="3.5" fill="#ffffff" stroke="${INK.test}" stroke-width="1.5"/>`]
      : [];
  });
}

/** The size of the gap at the newest evaluation. @param {Series} training @param {Series} test @param {string} quantity @param {Translate} t @param {Numbers} numbers */
function gapText(training, test, quantity, t, numbers) {
  const gap = gapAt(training, test, test.x.at(-1) ?? NaN);
  if (!Number.isFinite(gap)) return "";
  return `${t("charts.curves.gap")} ${quantity === "loss" ? numbers.live(gap) : numbers.percent(-gap)}`;
}

/** Above the plot: the key of the lines, and the gap between them. @param {number} left @param {Translate} t @param {string} gap */
function legend(left, t, gap) {
  const [train, test] = [t("charts.curves.train"), t("charts.curves.test")];
  const second = left + 50 + CHARACTER * wide(train);
  const third = second + 50 + CHARACTER * wide(test);
  return [
    `<path d="M${left} 17h22" stroke="${INK.train}" stroke-width="2.5"/>`,
    text(left + 28, 22, train, { fill: INK.muted }),
    `<path d="M${second} 17h22" stroke="${INK.test}" stroke-width="2"/>`,
    `<circle cx="${second + 11}" cy="17" r="3.5" fill="#ffffff" stroke="${INK.test}" stroke-width="1.5"/>`,
    text(second + 28, 22, test, { fill: INK.muted }),
    ...(gap
      ? [`<rect x="${third}" y="11" width="22" height="12" fill="${INK.train}" fill-opacity="0.14"/>`, text(third + 28, 22, gap, { fill: INK.muted })]
      : []),
  ];
}

/** A line and a label where a switch was changed. @param {{step: number, label: string}[]} events @param {(x: number) => number} x @param {{left: number, width: number}} pane */
function marks(events, x, { left, width }) {
  const spots = events.map(({ step, label }) => ({ x: x(step) - left, width: CHARACTER * wide(label) + 4 }));
  const places = placeMarks(spots, 2, width);
  return events.flatMap(({ step, label }, i) => [
    `<path d="M${fixed(x(step))} ${PANE.top - 4}v${PANE.height + 4}" stroke="${INK.mark}" stroke-width="1.5" stroke-dasharray="4 3"/>`,
    ...(places[i].row < 0 ? [] : [text(left + places[i].left, PANE.top - 10 - 16 * places[i].row, label, { fill: INK.mark })]),
  ]);
}

/** @param {number} x @param {number} y @param {string} words @param {Record<string, string>} attributes */
function text(x, y, words, attributes) {
  const all = Object.entries({ fill: INK.ink, ...attributes }).map(([name, value]) => ` ${name}="${value}"`);
  return `<text x="${fixed(x)}" y="${fixed(y)}"${all.join("")}>${escaped(words)}</text>`;
}

/** Number of characters; a Chinese one counts twice. @param {string} words */
const wide = (words) => [...words].reduce((sum, character) => sum + (character > "\u2e7f" ? 2 : 1), 0);

/** @param {number} value */
const fixed = (value) => String(Number(value.toFixed(1)));

/** @param {string} words */
const escaped = (words) => words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
