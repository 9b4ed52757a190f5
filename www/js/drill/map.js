// @ts-check
/** One channel's map, enlarged, or a colour picture, with the chosen pixel and the windows over it. */
import { Chart } from "../charts/canvas.js";
import { rgb } from "../charts/colours.js";
import { figure } from "./formula.js";
import { clamp } from "../charts/scale.js";

/**
 * @typedef {import("./arithmetic.js").Place} Place
 * @typedef {import("./arithmetic.js").Taps} Taps
 * @typedef {object} MapData
 * @property {number} height
 * @property {number} width
 * @property {Float32Array[]} channels one, or three for colours: (height, width) each
 * @property {Place} [place] the chosen pixel
 * @property {Taps} [taps] a window
 * @property {number} [scale] the absolute value in full colour, if several maps share it; else the largest
 * @property {string} [words] its description for screen readers
 */

/** @extends {Chart<MapData>} */
export class PixelMap extends Chart {
  /**
   * @param {HTMLElement} host
   * @param {import("../charts/frame.js").ChartOptions & {say: import("../kit/i18n.js").Texts, onpick?: (place: Place) => void, colour?: "activation" | "gradient"}} options
   *   say: the view's texts; onpick: called when a pixel is chosen; colour: of positive values
   * @param {string} name
   */
  constructor(host, options, name) {
    super(host, options, name);
    this.image = document.createElement("canvas");
    this.say = options.say;
    this.onpick = options.onpick;
    this.colour = options.colour ?? "activation";
    if (!options.onpick) return;
    this.root.classList.add("chart-picks");
    this.canvas.setAttribute("role", "application"); // arrow keys move the pixel
    this.canvas.addEventListener("click", (event) => {
      const cell = this.cellOf(event);
      if (cell) this.choose(cell);
    });
  }

  /** @param {Place} place */
  choose(place) {
    this.onpick?.(place);
    this.select(null);
  }

  /** Arrow keys move the chosen pixel itself. @param {KeyboardEvent} event */
  press(event) {
    const { data } = this;
    if (!data?.place || !this.onpick) return super.press(event);
    const [dy, dx] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if ((dy === 0 && dx === 0) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const place = { row: clamp(data.place.row + dy, 0, data.height - 1), column: clamp(data.place.column + dx, 0, data.width - 1) };
    this.choose(place);
    this.spoken.textContent = this.words(place);
  }

  /** Screen pixels per value, and where the map begins. */
  get scale() {
    const { height, width } = this.data ?? { height: 1, width: 1 };
    const side = Math.min((this.width - 4) / width, (this.height - 4) / height);
    return { side, left: (this.width - side * width) / 2, top: (this.height - side * height) / 2 };
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    const { data, palette } = this;
    if (!data || data.height * data.width === 0) return;
    const { side, left, top } = this.scale;
    this.paintImage(data);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(this.image, left, top, side * data.width, side * data.height);
    const frame = (/** @type {Place} */ { row, column }, /** @type {number} */ size, /** @type {string} */ colour) => {
      // Visible on any background: a light line inside a dark one.
      for (const [stroke, width] of /** @type {[string, number][]} */ ([
        [palette.surface, 5],
        [colour, 2.5],
      ])) {
        ctx.strokeStyle = stroke;
        ctx.lineWidth = width;
        ctx.strokeRect(left + column * side, top + row * side, size * side, size * side);
      }
    };
    const { taps, place } = data;
    if (taps) frame({ row: taps.top, column: taps.left }, taps.kernel, palette.mark);
    if (place) frame(place, 1, palette.gradient);
  }

  /** @param {MapData} data */
  paintImage({ height, width, channels, scale }) {
    const [zero, positive, negative] = [this.palette.sunken, this.palette[this.colour], this.palette.ink].map(rgb);
    const finite = (/** @type {number} */ x) => (Number.isFinite(x) ? x : 0);
    let [low, high] = [0, 0];
    for (const values of channels) for (const x of values) [low, high] = [Math.min(low, finite(x)), Math.max(high, finite(x))];
    const largest = Math.max(scale ?? Math.max(high, -low), 1e-30);
    const image = new ImageData(width, height);
    for (let at = 0; at < height * width; at++) {
      const share = finite(channels[0][at]) / largest;
      const towards = share < 0 ? negative : positive;
      for (let c = 0; c < 3; c++) {
        const colour =
          channels.length === 3 ? (255 * (finite(channels[c][at]) - low)) / (high - low || 1) : zero[c] + (towards[c] - zero[c]) * Math.sqrt(Math.abs(share));
        image.data[4 * at + c] = colour;
      }
      image.data[4 * at + 3] = 255;
    }
    [this.image.width, this.image.height] = [width, height];
    this.image.getContext("2d")?.putImageData(image, 0, 0);
  }

  grid() {
    return { rows: this.data?.height ?? 0, columns: this.data?.width ?? 0 };
  }

  /** @param {number} x @param {number} y */
  cellAt(x, y) {
    const { side, left, top } = this.scale;
    const cell = { row: Math.floor((y - top) / side), column: Math.floor((x - left) / side) };
    const { rows, columns } = this.grid();
    return cell.row >= 0 && cell.row < rows && cell.column >= 0 && cell.column < columns ? cell : null;
  }

  /** @param {Place} place */
  words({ row, column }) {
    const values = (this.data?.channels ?? []).map((channel) => figure(channel[row * (this.data?.width ?? 1) + column]));
    return this.say("names.pixel", { row: row + 1, column: column + 1, value: values.join(", ") });
  }

  /** @param {Place} cell */
  tipOf(cell) {
    const { side, left, top } = this.scale;
    return { x: left + (cell.column + 1) * side, y: top + cell.row * side, lines: [this.words(cell)] };
  }

  describe() {
    const { place, words } = this.data ?? {};
    return words ?? (place ? this.words(place) : this.t(`charts.${this.name}.label`));
  }
}
