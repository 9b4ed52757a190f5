// @ts-check
/** Small images side by side on one canvas. */
import { h } from "../dom.js";

const SIDE = 32;

export class Thumbnails {
  /** @param {number} across images on each side of the square */
  constructor(across) {
    this.across = across;
    this.element = h("canvas", { class: "thumbnails", width: across * (SIDE + 2) - 2, height: across * (SIDE + 2) - 2, "aria-hidden": "true" });
  }

  /** @param {Uint8Array} pixels (n, 32, 32, 3) */
  show(pixels) {
    const context = this.element.getContext("2d");
    const count = Math.min(this.across ** 2, pixels.length / (SIDE * SIDE * 3));
    for (let image = 0; image < count; image++) {
      const [x, y] = [(image % this.across) * (SIDE + 2), Math.floor(image / this.across) * (SIDE + 2)];
      context?.putImageData(toImageData(pixels, image), x, y);
    }
  }
}

/** @param {Uint8Array} pixels (n, 32, 32, 3) @param {number} index */
export function toImageData(pixels, index) {
  const data = new ImageData(SIDE, SIDE);
  const start = index * SIDE * SIDE * 3;
  for (let i = 0; i < SIDE * SIDE; i++) {
    for (let channel = 0; channel < 3; channel++) data.data[4 * i + channel] = pixels[start + 3 * i + channel];
    data.data[4 * i + 3] = 255;
  }
  return data;
}
