// conv1's filters as colour patches, all on one scale: 0 is mid grey, so an untrained filter is grey noise.

import { Patches } from "./patches.js";

/** @typedef {{count: number, size: number, values: Float32Array}} FiltersData values (count, size, size, 3) */

/** @extends {Patches<FiltersData>} */
export class Filters extends Patches {
  /**
   * @param {HTMLElement} host
   * @param {import('./canvas.js').ChartOptions} options
   */
  constructor(host, options) {
    super(host, options, "filters");
    this.largest = 0;
  }

  shape() {
    const { count = 0, size = 1 } = this.data ?? {};
    return { count, width: size, height: size };
  }

  /** @param {Uint8ClampedArray} pixels */
  fill(pixels) {
    if (!this.data) return;
    const { count, size, values } = this.data;
    this.largest = 0;
    for (const value of values) if (Math.abs(value) > this.largest) this.largest = Math.abs(value);
    const scale = this.largest > 0 ? 127.5 / this.largest : 0;
    for (let filter = 0; filter < count; filter++) {
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
          const from = ((filter * size + row) * size + column) * 3;
          const to = ((row * count + filter) * size + column) * 4;
          for (let c = 0; c < 3; c++) pixels[to + c] = 127.5 + values[from + c] * scale;
          pixels[to + 3] = 255;
        }
      }
    }
  }

  caption() {
    const { t, numbers } = this;
    return t("charts.filters.caption", { count: numbers.count(this.shape().count), largest: numbers.number(this.largest) });
  }

  /** @param {number} index */
  words(index) {
    const { data, t, numbers } = this;
    if (!data) return [];
    const each = data.size * data.size * 3;
    const values = data.values.subarray(index * each, (index + 1) * each);
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    return [
      t("charts.filters.filter", { index: index + 1 }),
      t("charts.range", { low: numbers.number(Math.min(...values)), high: numbers.number(Math.max(...values)) }),
      t("charts.norm", { norm: numbers.number(norm) }),
    ];
  }
}
