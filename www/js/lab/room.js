// @ts-check
/** How much room the page gives the lab, whenever that changes. */
import { h, setAttribute } from "../kit/dom.js";

/**
 * Nothing tells whether a page limits an element's height, by whatever means; but where it does, what is in it does not fit. From then on the
 * lab fills the element, and something as high as the lab was stands in its place: once that fits, there is no limit any more.
 */
export class Room {
  /** @param {HTMLElement} host @param {HTMLElement} lab @param {() => void} changed */
  constructor(host, lab, changed) {
    this.host = host;
    this.lab = lab;
    this.width = 1080;
    /** Infinity where the lab can be as high as it likes. */
    this.height = Infinity;
    /** What stands in the lab's place, and its height; 0 while the lab does. */
    this.strut = h("div", { class: "room" });
    this.full = 0;
    lab.before(this.strut);
    this.frame = 0;
    const look = () => {
      this.measure();
      changed();
    };
    this.observer = new ResizeObserver((entries) => {
      // What follows may change the element's size, unless the page limits it: at once, the browser would call it a loop.
      if (this.limited && entries.some(({ target }) => target === host)) look();
      else this.frame ||= requestAnimationFrame(() => ((this.frame = 0), look()));
    });
    this.observer.observe(host);
    this.observer.observe(lab);
  }

  get limited() {
    return this.host.clientHeight < (this.full || this.lab.offsetHeight - 1);
  }

  /** A lab that is not shown stays as it is. */
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
