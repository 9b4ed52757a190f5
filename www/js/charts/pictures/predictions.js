// A few test images, enlarged without blur, each with the five most likely classes. The true class has a tick.

import { share } from "../../kit/dom.js";
import { element } from "../frame.js";
import { Numbers } from "../numbers.js";

/**
 * @typedef {object} PredictionsData
 * @property {string[]} classes names for display
 * @property {Uint8Array} pixels (n, side, side, 3)
 * @property {Uint8Array} labels (n)
 * @property {Float32Array} probabilities (n, classes)
 */

const TOP = 5;

/**
 * The most likely classes, in descending order; ties in the order of the classes.
 * @param {Float32Array} probabilities
 * @param {number} count
 * @returns {number[]}
 */
export function top(probabilities, count) {
  return Array.from(probabilities.keys())
    .sort((a, b) => probabilities[b] - probabilities[a] || a - b)
    .slice(0, count);
}

export class Predictions {
  /**
   * @param {HTMLElement} host
   * @param {import("../frame.js").ChartOptions & {onpick?: (index: number) => void}} options onpick: called when an image is chosen
   */
  constructor(host, options) {
    this.host = host;
    this.options = options;
    this.root = element("div", "chart chart-predictions");
    this.root.setAttribute("role", "list");
    host.append(this.root);
    /** @type {Card[]} */
    this.cards = [];
    /** @type {PredictionsData | null} */
    this.data = null;
    this.frame = 0;
    this.numbers = new Numbers(options.language);
    this.refreshTheme();
  }

  get t() {
    return this.options.t;
  }

  /** @param {PredictionsData} data */
  update(data) {
    this.data = data;
    this.invalidate();
  }

  refreshTheme() {
    this.numbers = new Numbers(this.options.language);
    this.root.setAttribute("aria-label", this.t("charts.predictions.label"));
    this.invalidate();
  }

  resize() {}

  destroy() {
    cancelAnimationFrame(this.frame);
    this.frame = -1;
    this.root.remove();
  }

  invalidate() {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.show();
    });
  }

  show() {
    const { data } = this;
    if (!data) return;
    while (this.cards.length > data.labels.length) this.cards.pop()?.root.remove();
    while (this.cards.length < data.labels.length) {
      const card = new Card(this, this.cards.length);
      this.cards.push(card);
      this.root.append(card.root);
    }
    this.cards.forEach((card) => card.show(data));
  }
}

/** One image with its five bars. */
class Card {
  /** @param {Predictions} owner @param {number} index */
  constructor(owner, index) {
    this.owner = owner;
    this.index = index;
    this.root = element("div", "chart-card");
    this.root.setAttribute("role", "listitem");
    this.canvas = /** @type {HTMLCanvasElement} */ (element("canvas", "chart-picture"));
    this.canvas.setAttribute("role", "img");
    const { onpick } = owner.options;
    if (onpick) {
      const button = /** @type {HTMLButtonElement} */ (element("button", "chart-pick"));
      button.type = "button";
      button.append(this.canvas);
      button.addEventListener("click", () => onpick(index));
      this.root.append(button);
    } else this.root.append(this.canvas);
    this.bars = element("div", "chart-bars");
    this.rows = Array.from({ length: TOP }, () => {
      const row = {
        root: element("div", "chart-guess"),
        mark: element("span", "chart-tick"),
        name: element("span", "chart-name"),
        bar: element("span", "chart-fill"),
        value: element("span", "chart-value"),
      };
      const track = element("span", "chart-track");
      track.append(row.bar);
      row.root.append(row.mark, row.name, track, row.value);
      this.bars.append(row.root);
      return row;
    });
    this.truth = element("div", "chart-truth");
    this.root.append(this.bars, this.truth);
    /** @type {Uint8Array | null} */
    this.pixels = null;
  }

  /** @param {PredictionsData} data */
  show(data) {
    const { t, numbers } = this.owner;
    const classes = data.classes.length;
    const probabilities = data.probabilities.subarray(this.index * classes, (this.index + 1) * classes);
    const label = data.labels[this.index];
    const best = top(probabilities, TOP);
    this.paint(data);
    this.canvas.setAttribute("aria-label", t("charts.predictions.image", { index: this.index + 1, label: data.classes[label] }));
    const right = best[0] === label;
    this.root.classList.toggle("chart-right", right);
    this.rows.forEach((row, rank) => {
      const name = best[rank];
      row.root.hidden = name === undefined;
      if (name === undefined) return;
      const probability = probabilities[name];
      row.root.classList.toggle("chart-true", name === label);
      set(row.mark, name === label ? "✓" : rank === 0 ? "✗" : "");
      set(row.name, data.classes[name]);
      set(row.value, numbers.percent(probability));
      row.bar.style.transform = `scaleX(${share(probability)})`;
    });
    // A line names the true class when it is not among the five. The line takes its space either way.
    set(
      this.truth,
      best.includes(label) ? "\u00a0" : t("charts.predictions.truth", { label: data.classes[label], percent: numbers.percent(probabilities[label]) }),
    );
  }

  /** @param {PredictionsData} data */
  paint(data) {
    const side = Math.round(Math.sqrt(data.pixels.length / data.labels.length / 3));
    const pixels = data.pixels.subarray(this.index * side * side * 3, (this.index + 1) * side * side * 3);
    if (this.pixels && this.pixels.length === pixels.length && this.pixels.every((value, i) => value === pixels[i])) return;
    this.pixels = pixels.slice();
    drawPicture(this.canvas, pixels);
  }
}

/**
 * Draws a picture at its original size.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} pixels (side, side, 3)
 */
export function drawPicture(canvas, pixels) {
  const side = Math.round(Math.sqrt(pixels.length / 3));
  [canvas.width, canvas.height] = [side, side];
  const ctx = canvas.getContext("2d");
  if (!ctx || !side) return;
  const image = ctx.createImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    image.data.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  ctx.putImageData(image, 0, 0);
}

/** @param {Node} node @param {string} text */
function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
