// The network's most confident mistakes on test images, each with its true class and its guess. One can be chosen.

import { element } from "../frame.js";
import { drawPicture } from "./predictions.js";

/** Numbers per row: image, true class, guess, probability of the guess. */
const ROW = 4;

/**
 * @typedef {object} MistakesData
 * @property {string[]} classes names for display
 * @property {Float32Array} mistakes (n, ROW), the worst first
 * @property {Uint8Array} pixels (n, side, side, 3)
 */

export class Mistakes {
  /** @param {(image: number) => void} onpick called with the number of the chosen test image */
  constructor(onpick) {
    this.onpick = onpick;
    this.root = element("div", "chart-mistakes");
    this.title = element("p", "chart-note");
    this.list = element("div", "chart-mistakes-list");
    this.list.setAttribute("role", "list");
    this.root.append(this.title, this.list);
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    this.chosen = -1;
  }

  /**
   * @param {MistakesData} data
   * @param {(key: string, values?: Record<string, string | number>) => string} t
   * @param {import("../numbers.js").Numbers} numbers
   */
  update({ classes, mistakes, pixels }, t, numbers) {
    const count = mistakes.length / ROW;
    const size = pixels.length / count;
    this.root.hidden = count === 0;
    this.title.textContent = t("charts.confusion.mistakes");
    this.list.setAttribute("aria-label", t("charts.confusion.mistakes"));
    while (this.buttons.length > count) this.buttons.pop()?.parentElement?.remove();
    while (this.buttons.length < count) this.add();
    this.buttons.forEach((button, at) => {
      const [image, truth, guess, probability] = mistakes.subarray(at * ROW, (at + 1) * ROW);
      const [canvas, share, wrong, right] = button.children;
      const fields = { truth: classes[truth], guess: classes[guess], percent: numbers.percent(probability), image };
      button.dataset.image = String(image);
      canvas.setAttribute("aria-label", t("charts.confusion.mistake", fields));
      drawPicture(/** @type {HTMLCanvasElement} */ (canvas), pixels.subarray(at * size, (at + 1) * size));
      share.textContent = fields.percent;
      wrong.textContent = `✗ ${fields.guess}`;
      right.textContent = `✓ ${fields.truth}`;
    });
    this.choose(this.chosen);
  }

  add() {
    const button = /** @type {HTMLButtonElement} */ (element("button", "chart-pick chart-mistake"));
    button.type = "button";
    const picture = element("canvas", "chart-picture");
    picture.setAttribute("role", "img");
    const words = ["chart-share", "chart-wrong", "chart-name"].map((name) => element("span", name));
    for (const node of words) node.setAttribute("aria-hidden", "true"); // the picture's label has them as a sentence
    button.append(picture, ...words);
    button.addEventListener("click", () => this.onpick(Number(button.dataset.image)));
    const item = element("div", "");
    item.setAttribute("role", "listitem");
    item.append(button);
    this.list.append(item);
    this.buttons.push(button);
  }

  /** @param {number} image the one in the other views */
  choose(image) {
    this.chosen = image;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(Number(button.dataset.image) === image));
  }
}
