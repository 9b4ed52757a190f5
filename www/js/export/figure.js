// @ts-check
/** The curves as a drawing in vectors, for slides and papers: loss and accuracy side by side, on white. */
import { Numbers, accuracyRange, linearTicks, lossRange, placeMarks } from "../charts/scale.js";
import { gapAreas, gapAt } from "../charts/gap.js";
import { SMOOTHING, Series, Smooth } from "../charts/series.js";

/**
 * @typedef {object} Curves
 * @property {Float32Array} training rows of step, loss, accuracy
 * @property {Float32Array} test the same
 * @property {number} stride steps between two of the training rows
 * @property {{step: number, label: string}[]} events flipped switches
 * @property {boolean} logarithmic the axis of the loss
 * @property {boolean} [gap] shades what lies between training and test
 * @property {string} about the settings, kept in the file as its description
 *
 * @typedef {(key: string, fields?: Record<string, unknown>) => string} Translate
 */

export const WIDTH = 1080;
export const HEIGHT = 400;
/** Points of a curve; more would not be seen. */
const POINTS = 1200;
const PANE = { width: 420, height: 280, top: 70 };
const LEFTS = [78, 624];
/** The light theme's colours, whatever the page's are: a slide is light. */
const INK = { ink: "#1b1e23", muted: "#5d636d", line: "#e9e5dd", train: "#00664b", test: "#3dbf97", mark: "#a5447b" };
/** Characters of a label are about so wide, in pixels. */
const CHARACTER = 7.5;

/** The SVG's text. @param {Curves} curves @param {Translate} t @param {string} language */
export function figure(curves, t, language) {
  const numbers = new Numbers(language);
  const panes = ["loss", "accuracy"].map((quantity, index) => pane(curves, quantity, LEFTS[index], t, numbers));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" lang="${language}" role="img" font-family="Helvetica, Arial, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif" font-size="14">`,
    `<title>${escaped(t("export.figure"))}</title>`,
    `<desc>${escaped(curves.about)}</desc>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...panes.flat(),
    "</svg>\n",
  ].join("\n");
}

/** @param {Curves} curves @param {string} quantity @param {number} left @param {Translate} t @param {Numbers} numbers */
function pane(curves, quantity, left, t, numbers) {
  const column = quantity === "loss" ? 1 : 2;
  const { raw, smooth, test } = series(curves, column);
  const log = quantity === "loss" && curves.logarithmic;
  const last = Math.max(10, raw.x.at(-1) ?? 0, test.x.at(-1) ?? 0);
  const first = Math.min(raw.x[0] ?? 0, test.x[0] ?? Infinity);
  const start = first < 0.2 * last ? 0 : first; // a run that was taken up far from 0
  const strong = [...smooth.y, ...test.y].filter((y) => Number.isFinite(y) && (!log || y > 0));
  const [low, high] = range(strong, quantity, log);
  const scale = log ? Math.log10 : Number;
  const { width, height, top } = PANE;
  const x = (/** @type {number} */ step) => left + (width * (step - start)) / (last - start);
  const y = (/** @type {number} */ value) => top + height - (height * (scale(value) - scale(low))) / (scale(high) - scale(low));
  const clip = `clip-${quantity}`;
  const title = t(`charts.curves.${quantity}`);
  const value = (/** @type {number} */ tick) => (quantity === "accuracy" ? `${numbers.whole.format(100 * tick)} %` : numbers.number(tick));
  return [
    `<clipPath id="${clip}"><rect x="${left}" y="${top}" width="${width}" height="${height}"/></clipPath>`,
    text(left, 22, title, { "font-weight": "bold" }),
    ...legend(left + 14 + CHARACTER * wide(title), t, curves.gap ? gapText(smooth, test, quantity, t, numbers) : ""),
    ...(log ? decadeTicks(low, high) : linearTicks(low, high, 6)).flatMap((tick) => [
      `<path d="M${left} ${fixed(y(tick))}h${width}" stroke="${INK.line}"/>`,
      text(left - 8, y(tick) + 5, value(tick), { "text-anchor": "end", fill: INK.muted }),
    ]),
    ...linearTicks(start, last, 5).map((tick) => text(x(tick), top + height + 20, numbers.count(tick), { "text-anchor": "middle", fill: INK.muted })),
    text(left + width / 2, top + height + 42, t("export.step"), { "text-anchor": "middle", fill: INK.muted }),
    ...marks(curves.events.filter(({ step }) => step >= start && step <= last), x, left),
    `<g clip-path="url(#${clip})" fill="none" stroke-linejoin="round">`,
    ...(curves.gap ? gapAreas(smooth, test) : []).map((area) => `<path d="M${area.map(([step, value]) => `${fixed(x(step))} ${fixed(y(value))}`).join("L")}Z" fill="${INK.train}" fill-opacity="0.14"/>`),
    `<path d="${path(raw, x, y)}" stroke="${INK.train}" stroke-opacity="0.22"/>`,
    `<path d="${path(smooth, x, y)}" stroke="${INK.train}" stroke-width="2.5"/>`,
    `<path d="${path(test, x, y)}" stroke="${INK.test}" stroke-width="2"/>`,
    "</g>",
    ...(test.x.length <= 60 ? dots(test, x, y, [low, high]) : []),
    `<path d="M${left} ${top}v${height}h${width}" fill="none" stroke="${INK.ink}"/>`,
  ];
}

/** Single batches, their smoothed course, and the evaluations. @param {Curves} curves @param {number} column */
function series({ training, test, stride }, column) {
  const raw = new Series(POINTS);
  const smooth = new Series(POINTS);
  const points = new Series(POINTS);
  const smoothing = new Smooth(SMOOTHING ** stride);
  for (let at = 0; at < training.length; at += 3) {
    raw.push(training[at], training[at + column]);
    smooth.push(training[at], smoothing.push(training[at + column]));
  }
  for (let at = 0; at < test.length; at += 3) points.push(test[at], test[at + column]);
  return { raw, smooth, test: points };
}

/** @param {number[]} values @param {string} quantity @param {boolean} log @returns {[number, number]} */
function range(values, quantity, log) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (quantity === "accuracy") return accuracyRange(high);
  return log && low <= high ? [low / 1.3, high * 1.3] : lossRange(low, high);
}

/** 1, 2 and 5 times the powers of ten. @param {number} low @param {number} high */
function decadeTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    ticks.push(...[1, 2, 5].map((digit) => Number(`${digit}e${power}`)).filter((tick) => tick >= low && tick <= high));
  }
  return ticks;
}

/** A path that is broken where a value is not finite. @param {Series} series @param {(x: number) => number} x @param {(y: number) => number} y */
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

/** @param {Series} series @param {(x: number) => number} x @param {(y: number) => number} y @param {[number, number]} range */
function dots(series, x, y, [low, high]) {
  return series.x.flatMap((step, i) => {
    const value = series.y[i];
    return value >= low && value <= high ? [`<circle cx="${fixed(x(step))}" cy="${fixed(y(value))}" r="3.5" fill="#ffffff" stroke="${INK.test}" stroke-width="1.5"/>`] : [];
  });
}

/** How large the gap is at the newest evaluation. @param {Series} training @param {Series} test @param {string} quantity @param {Translate} t @param {Numbers} numbers */
function gapText(training, test, quantity, t, numbers) {
  const gap = gapAt(training, test, test.x.at(-1) ?? NaN);
  if (!Number.isFinite(gap)) return "";
  return `${t("charts.curves.gap")} ${quantity === "loss" ? numbers.live(gap) : numbers.percent(-gap)}`;
}

/** Above the plot: which line is which, and the gap between them. @param {number} left @param {Translate} t @param {string} gap */
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
    ...(gap ? [`<rect x="${third}" y="11" width="22" height="12" fill="${INK.train}" fill-opacity="0.14"/>`, text(third + 28, 22, gap, { fill: INK.muted })] : []),
  ];
}

/** A line and a label where a switch was flipped. @param {{step: number, label: string}[]} events @param {(x: number) => number} x @param {number} left */
function marks(events, x, left) {
  const spots = events.map(({ step, label }) => ({ x: x(step) - left, width: CHARACTER * wide(label) + 4 }));
  const places = placeMarks(spots, 2, PANE.width);
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

/** Characters, where a Chinese one counts for two. @param {string} words */
const wide = (words) => [...words].reduce((sum, character) => sum + (character > "\u2e7f" ? 2 : 1), 0);

/** @param {number} value */
const fixed = (value) => String(Number(value.toFixed(1)));

/** @param {string} words */
const escaped = (words) => words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
