// What all charts share, on a canvas or with uPlot: a place in the page whose size they follow, the page's colours, type and language, one
// drawing per frame while in view, and a text equivalent for users who cannot see them.

import { whenScreenChanges } from "../kit/place.js";
import { readPalette } from "./colours.js";
import { Numbers } from "./numbers.js";

/**
 * @typedef {object} ChartOptions
 * @property {(key: string, values?: Record<string, string | number>) => string} t text of a key in the page's language
 * @property {boolean} reducedMotion
 * @property {string} [language] of the page
 * @property {boolean} [compact] fewer words, for slides and small embeds
 * @property {boolean} [recorded] a recording that has ended
 */

/** Milliseconds between two versions of the text equivalent. */
const SUMMARY_EVERY = 2000;
let nextId = 0;

/** @param {string} tag @param {string} className @param {string} [text] */
export function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

export class Frame {
  /**
   * @param {HTMLElement} host
   * @param {ChartOptions} options
   * @param {string} name
   */
  constructor(host, options, name) {
    this.host = host;
    this.options = options;
    this.name = name;
    this.id = `chart-${name}-${nextId++}`;
    this.root = element("div", `chart chart-${name}`);
    this.summary = element("p", "chart-words");
    this.summary.id = this.id;
    this.spoken = element("p", "chart-words");
    this.spoken.setAttribute("aria-live", "polite");
    this.palette = readPalette(this.root);
    this.numbers = new Numbers(options.language);
    this.font = { family: "sans-serif", size: 14 };
    this.frame = 0;
    this.summaryTimer = 0;
    this.observer = new ResizeObserver(() => this.resize());
    this.stopWatching = whenScreenChanges(() => this.resize());
    /** Whether it is in view or less than a screen away. Farther away it need not be drawn. */
    this.near = true;
    this.sight = new IntersectionObserver(
      (entries) => {
        this.near = entries[entries.length - 1].isIntersecting;
        if (this.near) this.invalidate();
      },
      { rootMargin: "100%" },
    );
  }

  /** The page may change the language in `options`, so no copy is kept. */
  get t() {
    return this.options.t;
  }

  /** Puts the chart and its text equivalent into the page. @param {...Node} parts */
  enter(...parts) {
    this.root.append(...parts, this.summary, this.spoken);
    this.host.append(this.root);
  }

  /** Reads colours, type and language again. */
  refreshTheme() {
    const { fontFamily, fontSize } = getComputedStyle(this.root);
    this.palette = readPalette(this.root);
    this.numbers = new Numbers(this.options.language);
    this.font = { family: fontFamily, size: parseFloat(fontSize) || 14 };
    this.restyled();
  }

  resize() {
    if (!this.palette.ink) this.refreshTheme(); // built before it was in the page
    this.resized();
  }

  /** Draws in the next animation frame, once. */
  invalidate() {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.redraw();
    });
  }

  /** Renews the text equivalent from time to time. */
  describeSoon() {
    this.summaryTimer ||= window.setTimeout(() => {
      this.summaryTimer = 0;
      const words = this.describe();
      if (this.summary.textContent !== words) this.summary.textContent = words;
    }, SUMMARY_EVERY);
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.summaryTimer);
    this.frame = -1; // nothing is drawn any more
    this.observer.disconnect();
    this.sight.disconnect();
    this.stopWatching();
    this.root.remove();
  }

  // -- overridden by charts

  restyled() {}

  resized() {}

  redraw() {}

  /** @returns {string} the picture in words */
  describe() {
    return "";
  }
}
