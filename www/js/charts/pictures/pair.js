// Where something is held back from training: the test accuracy on images like those of training, and on the same
// scenes with the held-back part.

import { share } from "../../kit/dom.js";
import { element } from "../frame.js";
import { drawPicture } from "./predictions.js";

/**
 * @typedef {object} PairData
 * @property {Float64Array} accuracies of the two kinds
 * @property {Uint8Array} pixels (2, side, side, 3), one scene of each kind
 */

export class Pair {
  constructor() {
    this.root = element("div", "chart-pair");
    this.root.hidden = true;
    this.note = element("p", "chart-note");
    this.rows = [0, 1].map(() => {
      const row = {
        picture: element("canvas", "chart-picture"),
        name: element("span", ""),
        bar: element("span", "chart-fill"),
        value: element("span", "chart-value"),
      };
      const track = element("span", "chart-track");
      track.append(row.bar);
      row.picture.setAttribute("aria-hidden", "true");
      this.root.append(row.picture, row.name, track, row.value);
      return row;
    });
    this.root.append(this.note);
  }

  /**
   * @param {PairData | undefined} data
   * @param {string} what the held-back part: a value of the setting
   * @param {number} count of the test images, both kinds together
   * @param {(key: string, values?: Record<string, string | number>) => string} t
   * @param {import("../numbers.js").Numbers} numbers
   */
  update(data, what, count, t, numbers) {
    this.root.hidden = !data;
    if (!data) return;
    const size = data.pixels.length / 2;
    const images = count / 2;
    this.rows.forEach((row, kind) => {
      const right = data.accuracies[kind];
      const error = Math.sqrt((right * (1 - right)) / images);
      drawPicture(/** @type {HTMLCanvasElement} */ (row.picture), data.pixels.subarray(kind * size, (kind + 1) * size));
      row.name.textContent = t(kind ? `charts.pair.${what}` : "charts.pair.none");
      row.bar.style.transform = `scaleX(${share(right)})`;
      row.value.textContent = `${numbers.percent(right)} ± ${numbers.percent(error)}`;
    });
    this.note.textContent = t("charts.pair.note", { count: numbers.count(images) });
  }
}
