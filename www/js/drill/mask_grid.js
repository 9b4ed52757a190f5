// @ts-check
/** The picture of a mask: one square per unit, filled if it is kept. Words beside it say the same. */
import { setAttribute, svg } from "../kit/dom.js";

export class MaskGrid {
  /** @param {number} units @param {number} columns */
  constructor(units, columns) {
    this.columns = columns;
    this.kept = svg("path", { class: "mask-kept" });
    this.dropped = svg("path", { class: "mask-dropped" });
    this.own = svg("rect", { class: "mask-own", width: 1, height: 1 });
    this.element = svg(
      "svg",
      { viewBox: `-0.2 -0.2 ${columns + 0.4} ${Math.ceil(units / columns) + 0.4}`, class: "mask", "aria-hidden": "true" },
      this.dropped,
      this.kept,
      this.own,
    );
  }

  /** @param {number} unit */
  place(unit) {
    return { x: unit % this.columns, y: Math.floor(unit / this.columns) };
  }

  /** @param {boolean[]} mask kept or not @param {number} [own] the framed unit */
  update(mask, own) {
    const square = (/** @type {number} */ unit) => {
      const { x, y } = this.place(unit);
      return `M${x + 0.1} ${y + 0.1}h.8v.8h-.8z`;
    };
    const squares = (/** @type {boolean} */ kept) => mask.map((is, unit) => (is === kept ? square(unit) : "")).join("");
    setAttribute(this.kept, "d", squares(true));
    setAttribute(this.dropped, "d", squares(false));
    setAttribute(this.own, "visibility", own === undefined ? "hidden" : null);
    if (own !== undefined) for (const [name, at] of Object.entries(this.place(own))) setAttribute(this.own, name, String(at));
  }
}
