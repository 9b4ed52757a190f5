// The feature maps of one layer for one image, all on one scale: the surface colour is 0, blue is positive, grey to ink is negative.

import { rgb } from "../colours.js";
import { Patches } from "./patches.js";

/** @typedef {{layer: string, height: number, width: number, channels: number, values: Float32Array}} FeatureMapsData values (height, width, channels) */

/** @extends {Patches<FeatureMapsData>} */
export class FeatureMaps extends Patches {
  /**
   * @param {HTMLElement} host
   * @param {ConstructorParameters<typeof Patches>[1]} options
   */
  constructor(host, options) {
    super(host, options, "maps");
    this.low = 0;
    this.high = 0;
  }

  shape() {
    const { channels = 0, width = 1, height = 1 } = this.data ?? {};
    // A fully connected layer has one value per feature, shown as a square.
    return { count: channels, width, height };
  }

  /** @param {Uint8ClampedArray} pixels */
  fill(pixels) {
    if (!this.data) return;
    const { height, width, channels, values } = this.data;
    this.low = 0;
    this.high = 0;
    for (const value of values) {
      if (value > this.high && value < Infinity) this.high = value;
      if (value < this.low && value > -Infinity) this.low = value;
    }
    const scale = 1 / Math.max(this.high, -this.low, 1e-30);
    const [zero, positive, negative] = ["sunken", "activation", "ink"].map((name) => rgb(this.palette[/** @type {'ink'} */ (name)]));
    for (let channel = 0; channel < channels; channel++) {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const value = values[(row * width + column) * channels + channel] * scale;
          const towards = value < 0 ? negative : positive;
          const share = Number.isFinite(value) ? Math.sqrt(Math.abs(value)) : 1;
          const to = (row * channels * width + channel * width + column) * 4;
          for (let c = 0; c < 3; c++) pixels[to + c] = zero[c] + (towards[c] - zero[c]) * share;
          pixels[to + 3] = 255;
        }
      }
    }
  }

  caption() {
    const { t, numbers, data } = this;
    if (!data) return "";
    return t("charts.maps.caption", {
      layer: data.layer,
      count: numbers.count(data.channels),
      width: data.width,
      height: data.height,
      low: numbers.number(this.low),
      high: numbers.number(this.high),
    });
  }

  /** @param {number} index */
  words(index) {
    const { data, t, numbers } = this;
    if (!data) return [];
    const count = data.height * data.width;
    let [low, high, sum] = [Infinity, -Infinity, 0];
    for (let at = index; at < data.values.length; at += data.channels) {
      const value = data.values[at];
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
    }
    const lines = [
      t("charts.maps.map", { index: index + 1, layer: data.layer }),
      t("charts.range", { low: numbers.number(low), high: numbers.number(high) }),
      t("charts.maps.mean", { mean: numbers.number(sum / count) }),
    ];
    if (low === 0 && high === 0) lines.push(t("charts.maps.silent"));
    return lines;
  }
}
