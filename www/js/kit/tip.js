// @ts-check
/** Explanations: a sentence beside what it explains, while that is pointed at, has the keyboard's focus, or was pressed. */
import { h } from "./dom.js";
import { placeBelow } from "./place.js";

/** Space between what is explained and its sentence. */
const GAP = 6;
/** Each bundle has this module once more, and counts for itself. */
const BUNDLE = Math.random().toString(36).slice(2);
let serial = 0;

export class Tip {
  /** @param {number} [rest] ms that the pointer stays before the sentence shows: labels are passed more often than asked */
  constructor(rest = 350) {
    this.rest = rest;
    this.tip = h("div", { class: "term-tip", role: "tooltip", popover: "manual" });
    this.timer = 0;
    /** Ends what is listened to while a sentence is shown. */
    this.shown = new AbortController();
  }

  /**
   * Lets an element explain itself.
   * @param {HTMLElement} node is pointed at
   * @param {string} words
   * @param {HTMLElement} [around] the sentence stands beside it, and shows while the focus is in it
   * @param {Iterable<Element>} [described] what is explained to screen readers
   * @returns {HTMLElement} the words for these, to be put into the page
   */
  explain(node, words, around = node, described = [node]) {
    const id = `tip-${BUNDLE}-${++serial}`;
    for (const element of described) element.setAttribute("aria-describedby", id);
    const show = () => this.show(around, words);
    const focused = () => around.querySelector(":focus-visible") ?? around.matches(":focus-visible");
    let touched = false;
    const on = (/** @type {HTMLElement} */ element, /** @type {string} */ event, /** @type {(event: any) => void} */ act) =>
      element.addEventListener(event, act);
    on(node, "pointerenter", ({ pointerType }) => {
      if (pointerType !== "touch") this.timer = window.setTimeout(show, this.rest);
    });
    on(node, "pointerleave", () => {
      clearTimeout(this.timer);
      if (!focused()) this.hide();
    });
    on(node, "pointerdown", ({ pointerType }) => (touched = pointerType === "touch"));
    // A finger cannot point; a mouse that presses a tab or a label wants what they do.
    on(node, "click", () => (touched || node.matches(".term") ? show() : focused() || this.hide()));
    on(around, "focusin", () => focused() && show());
    on(around, "focusout", () => this.hide());
    return h("span", { id, hidden: true }, words);
  }

  /** A word that is explained, as a button, and the words. @param {(Node | string)[]} content @param {string} words */
  button(content, words) {
    const button = h("button", { type: "button", class: "term" }, content);
    return [button, this.explain(button, words)];
  }

  /** @param {HTMLElement} beside @param {string} words */
  show(beside, words) {
    const { tip } = this;
    this.hide();
    if (!beside.isConnected) return;
    const { signal } = (this.shown = new AbortController());
    tip.textContent = words;
    tip.showPopover();
    this.place(beside);
    const outside = (/** @type {Event} */ event) => event.composedPath().includes(beside) || this.hide();
    const escape = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || !this.hide()) return;
      event.preventDefault();
      event.stopPropagation();
    };
    document.addEventListener("pointerdown", outside, { capture: true, signal });
    document.addEventListener("keydown", escape, { capture: true, signal });
    for (const root of [document, beside.getRootNode()]) root.addEventListener("scroll", () => this.place(beside), { capture: true, signal });
  }

  /** @param {HTMLElement} beside */
  place(beside) {
    placeBelow(this.tip, beside, GAP);
  }

  /** @returns {boolean} whether there was one to hide */
  hide() {
    clearTimeout(this.timer);
    this.shown.abort();
    const shown = this.tip.matches(":popover-open");
    if (shown) this.tip.hidePopover();
    return shown;
  }
}
