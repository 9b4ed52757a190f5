// Which class is mistaken for which: rows are true classes, columns predicted ones. Below, the worst pairs in words; beside, the
// worst mistakes as pictures, and the images held back from training.

import { Chart } from "../canvas.js";
import { element } from "../frame.js";
import { Mistakes } from "./mistakes.js";
import { Pair } from "./pair.js";
import { clamp } from "../scale.js";

/**
 * @typedef {import("./mistakes.js").MistakesData & {counts: Uint32Array, count: number, pair?: import("./pair.js").PairData, holdBack: string}}
 *   ConfusionData counts (classes true, classes predicted), `count` of all images; `holdBack` the setting `hold_back`
 */

const PAIRS = 3;

/**
 * The most frequent mistakes, worst first, by their share of the true class.
 * @param {ArrayLike<number>} counts (classes, classes)
 * @param {number} classes
 * @param {number} limit
 * @returns {{truth: number, guess: number, share: number, count: number}[]}
 */
export function worstPairs(counts, classes, limit) {
  const pairs = [];
  for (let truth = 0; truth < classes; truth++) {
    let total = 0;
    for (let guess = 0; guess < classes; guess++) total += counts[truth * classes + guess];
    for (let guess = 0; guess < classes; guess++) {
      const count = counts[truth * classes + guess];
      if (guess !== truth && count > 0) pairs.push({ truth, guess, count, share: count / total });
    }
  }
  return pairs.sort((a, b) => b.share - a.share).slice(0, limit);
}

/** @extends {Chart<ConfusionData>} */
export class Confusion extends Chart {
  /**
   * @param {HTMLElement} host
   * @param {import("../frame.js").ChartOptions & {onpick: (image: number) => void}} options onpick: called when a mistake is chosen
   */
  constructor(host, options) {
    super(host, options, "confusion");
    this.pairs = element("p", "chart-note");
    this.mistakes = new Mistakes(options.onpick);
    this.pair = new Pair();
    const beside = element("div", "chart-confusion-beside");
    beside.append(this.pair.root, this.mistakes.root);
    this.root.append(this.pairs, beside);
    this.box = { left: 0, top: 0, cell: 0, height: 0 };
  }

  /** @param {ConfusionData} data */
  update(data) {
    super.update(data);
    this.say();
  }

  /** The language may have changed. */
  themed() {
    this.say();
  }

  say() {
    const { data, t, numbers } = this;
    if (!data) return;
    this.mistakes.update(data, t, numbers);
    this.pair.update(data.pair, data.holdBack, data.count, t, numbers);
    const worst = worstPairs(data.counts, data.classes.length, PAIRS).map(({ truth, guess, share }) =>
      t("charts.confusion.pair", { truth: data.classes[truth], guess: data.classes[guess], percent: numbers.percent(share) }),
    );
    const text = worst.length ? t("charts.confusion.worst", { pairs: worst.join(t("charts.comma")) }) : t("charts.confusion.none");
    if (this.pairs.textContent !== text) this.pairs.textContent = text;
  }

  /** The counts of a row. @param {number} row */
  row(row) {
    const { data } = this;
    const classes = data?.classes.length ?? 0;
    const counts = data?.counts.subarray(row * classes, (row + 1) * classes) ?? new Uint32Array();
    return { counts, total: counts.reduce((sum, count) => sum + count, 0) };
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    const { data, font, palette, width, height, t } = this;
    if (!data) return;
    const classes = data.classes.length;
    const longest = this.widest(data.classes);
    const left = longest + font.size * 2;
    const top = Math.min(longest, height * 0.28) * 0.72 + font.size * 1.8;
    const cellHeight = Math.max(2, (height - top - 2) / classes);
    const cell = Math.max(2, Math.min((width - left - longest * 0.72 - 2) / classes, cellHeight * 2));
    this.box = { left, top, cell, height: cellHeight };
    for (let row = 0; row < classes; row++) {
      const { counts, total } = this.row(row);
      counts.forEach((count, column) => this.drawCell(ctx, row, column, count, total));
      ctx.textAlign = "right";
      ctx.fillStyle = palette.ink;
      if (cellHeight >= font.size * 0.95) ctx.fillText(data.classes[row], left - 6, top + (row + 0.5) * cellHeight);
    }
    ctx.textAlign = "left";
    if (cell >= font.size * 0.95) {
      data.classes.forEach((name, column) => {
        ctx.save();
        ctx.translate(left + (column + 0.5) * cell, top - 5);
        ctx.rotate(-Math.PI / 4);
        ctx.fillStyle = palette.ink;
        ctx.fillText(name, 0, 0);
        ctx.restore();
      });
    }
    ctx.fillStyle = palette.muted;
    ctx.fillText(t("charts.confusion.predicted"), 0, font.size * 0.8, left);
    ctx.save();
    ctx.translate(font.size * 0.6, top + (classes * cellHeight) / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.textAlign = "center";
    ctx.fillText(t("charts.confusion.true"), 0, 0);
    ctx.restore();
    if (this.cell) {
      ctx.strokeStyle = palette.ink;
      ctx.lineWidth = 2.5;
      ctx.strokeRect(left + this.cell.column * cell, top + this.cell.row * cellHeight, cell, cellHeight);
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} row @param {number} column @param {number} count @param {number} total */
  drawCell(ctx, row, column, count, total) {
    const { palette, font, numbers } = this;
    const { left, top, cell, height } = this.box;
    const [x, y] = [left + column * cell, top + row * height];
    const right = row === column;
    const share = total > 0 ? count / total : 0;
    ctx.fillStyle = palette.sunken;
    ctx.fillRect(x + 0.5, y + 0.5, cell - 1, height - 1);
    ctx.globalAlpha = Math.sqrt(share) * 0.9;
    ctx.fillStyle = right ? palette.test : palette.bad;
    ctx.fillRect(x + 0.5, y + 0.5, cell - 1, height - 1);
    ctx.globalAlpha = 1;
    if (right) {
      ctx.strokeStyle = palette.train;
      ctx.lineWidth = 1.5;
      ctx.strokeRect(x + 1, y + 1, cell - 2, height - 2);
    }
    const text = numbers.count(count);
    if (count > 0 && height >= font.size * 1.05 && cell >= ctx.measureText(text).width + 4) {
      ctx.fillStyle = palette.ink;
      ctx.textAlign = "center";
      ctx.fillText(text, x + cell / 2, y + height / 2 + 0.5);
    }
  }

  describe() {
    return `${this.t("charts.confusion.label")}. ${this.pairs.textContent}`;
  }

  grid() {
    const classes = this.data?.classes.length ?? 0;
    return { rows: classes, columns: classes };
  }

  /** @param {number} x @param {number} y */
  cellAt(x, y) {
    const { left, top, cell, height } = this.box;
    const classes = this.data?.classes.length ?? 0;
    const at = { row: Math.floor((y - top) / height), column: Math.floor((x - left) / cell) };
    return at.row === clamp(at.row, 0, classes - 1) && at.column === clamp(at.column, 0, classes - 1) ? at : null;
  }

  /** @param {import('../canvas.js').Cell} cell */
  tipOf({ row, column }) {
    const { data, t, numbers } = this;
    if (!data) return null;
    const { counts, total } = this.row(row);
    const key = row === column ? "charts.confusion.hit" : "charts.confusion.miss";
    const lines = [
      t(key, {
        truth: data.classes[row],
        guess: data.classes[column],
        count: numbers.count(counts[column]),
        total: numbers.count(total),
        percent: numbers.percent(total > 0 ? counts[column] / total : 0),
      }),
    ];
    return { x: this.box.left + (column + 1) * this.box.cell, y: this.box.top + row * this.box.height, lines };
  }
}
