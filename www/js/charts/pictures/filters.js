// conv1's filters as colour patches, all on one scale: 0 is mid grey, so an untrained filter is grey noise.

import { Patches } from "./patches.js";

/** @typedef {{size: number, values: Float32Array}} FiltersData values (size, size, 3, count), then one bias per filter */

/** @extends {Patches<FiltersData>} */
export class Filters extends Patches {
  /**
   * @param {HTMLElement} host
   * @param {ConstructorParameters<typeof Patches>[1]} options
   */
  constructor(host, options) {
    super(host, options, "filters");
    this.largest = 0;
  }

  shape() {
    const { size, values } = this.data ?? { size: 1, values: [] };
    return { count: values.length / (size * size * 3 + 1), width: size, height: size };
  }

  /** @param {Uint8ClampedArray} pixels */
  fill(pixels) {
    if (!this.data) return;
    const { size, values } = this.data;
    const { count } = this.shape();
    this.largest = 0;
    for (const value of values.subarray(0, -count)) if (Math.abs(value) > this.largest) this.largest = Math.abs(value);
    const scale = this.largest > 0 ? 127.5 / this.largest : 0;
    for (let filter = 0; filter < count; filter++) {
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
          const from = (row * size + column) * 3 * count + filter;
          const to = ((row * count + filter) * size + column) * 4;
          for (let c = 0; c < 3; c++) pixels[to + c] = 127.5 + values[from + c * count] * scale;
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
    const { count } = this.shape();
    const values = data.values.subarray(0, -count).filter((_, at) => at % count === index);
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    return [
      t("charts.filters.filter", { index: index + 1 }),
      t("charts.range", { low: numbers.number(Math.min(...values)), high: numbers.number(Math.max(...values)) }),
      t("charts.norm", { norm: numbers.number(norm) }),
    ];
  }
}
