// @ts-check
/** Small images side by side on one canvas. */
import { h } from "../kit/dom.js";

const SIDE = 32;

/** Most images along each side of the square. */
const ACROSS = 4;

export class Thumbnails {
  constructor() {
    this.element = h("canvas", { class: "thumbnails", width: ACROSS * SIDE, height: ACROSS * SIDE, "aria-hidden": "true" });
  }

  /** @param {Uint8Array} pixels (n, 32, 32, 3) */
  show(pixels) {
    const images = pixels.length / (SIDE * SIDE * 3);
    const across = Math.min(ACROSS, Math.ceil(Math.sqrt(images)));
    const side = across * (SIDE + 2) - 2;
    // Setting a size clears the canvas.
    Object.assign(this.element, { width: side, height: side });
    const context = this.element.getContext("2d");
    for (let image = 0; image < Math.min(across ** 2, images); image++) {
      context?.putImageData(toImageData(pixels, image), (image % across) * (SIDE + 2), Math.floor(image / across) * (SIDE + 2));
    }
  }
}

/** @param {Uint8Array} pixels (n, 32, 32, 3) @param {number} index */
function toImageData(pixels, index) {
  const data = new ImageData(SIDE, SIDE);
  const start = index * SIDE * SIDE * 3;
  for (let i = 0; i < SIDE * SIDE; i++) {
    for (let channel = 0; channel < 3; channel++) data.data[4 * i + channel] = pixels[start + 3 * i + channel];
    data.data[4 * i + 3] = 255;
  }
  return data;
}
