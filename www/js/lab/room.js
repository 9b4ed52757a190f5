// @ts-check
/** Measures the room that the page gives the lab, whenever it changes. */
import { h, setAttribute } from "../kit/dom.js";

/**
 * No property says whether a page limits an element's height, but where it does, the content does not fit. From then on the lab fills the
 * element, and a strut of the lab's full height stands in its place: once the strut fits, the limit is gone.
 */
export class Room {
  /** @param {HTMLElement} host @param {HTMLElement} lab @param {() => void} changed */
  constructor(host, lab, changed) {
    this.host = host;
    this.lab = lab;
    this.width = 1080;
    /** Infinity where the height is not limited. */
    this.height = Infinity;
    /** The strut in the lab's place, and its height; 0 while there is no limit. */
    this.strut = h("div", { class: "room" });
    this.full = 0;
    lab.before(this.strut);
    this.frame = 0;
    const look = () => {
      this.measure();
      changed();
    };
    this.observer = new ResizeObserver((entries) => {
      // Measuring may change the element's size, unless the page limits it. Doing so at once would cause a ResizeObserver loop error.
      if (this.limited && entries.some(({ target }) => target === host)) look();
      else this.frame ||= requestAnimationFrame(() => ((this.frame = 0), look()));
    });
    this.observer.observe(host);
    this.observer.observe(lab);
  }

  get limited() {
    return this.host.clientHeight < (this.full || this.lab.offsetHeight - 1);
  }

  /** A hidden lab stays as it is. */
  measure() {
    const { host, lab, strut, limited } = this;
    if (host.clientWidth === 0 || lab.hidden) return;
    this.full = limited ? this.full || lab.offsetHeight : 0;
    strut.style.height = `${this.full}px`;
    setAttribute(lab, "data-fixed", limited);
    this.width = host.clientWidth;
    this.height = limited ? host.clientHeight : Infinity;
  }

  destroy() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.strut.remove();
  }
}
