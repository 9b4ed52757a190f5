// @ts-check
/** Explanations: a sentence beside an element, shown while the element is hovered or has the keyboard's focus, or after it was pressed. */
import { h } from "./dom.js";
import { placeBelow } from "./place.js";

/** Space between an element and its sentence. */
const GAP = 6;
/** Each bundle contains its own copy of this module, with its own count. */
const BUNDLE = Math.random().toString(36).slice(2);
let serial = 0;

export class Tip {
  /** @param {number} [rest] ms that the pointer rests before the sentence shows: it often only passes over a label */
  constructor(rest = 350) {
    this.rest = rest;
    this.tip = h("div", { class: "term-tip", role: "tooltip", popover: "manual" });
    this.timer = 0;
    /** Removes the listeners of a shown sentence. */
    this.shown = new AbortController();
  }

  /**
   * Adds an explanation to an element.
   * @param {HTMLElement} node shows it on hover
   * @param {string} words
   * @param {HTMLElement} [around] the sentence stands beside it, and shows while the focus is in it
   * @param {Iterable<Element>} [described] elements that screen readers describe with it
   * @returns {HTMLElement} the text for screen readers, to be put into the page
   */
  explain(node, words, around = node, described = [node]) {
    const id = `tip-${BUNDLE}-${++serial}`;
    for (const element of described) element.setAttribute("aria-describedby", id);
    const show = () => this.show(around, words);
    const focused = () => around.querySelector(":focus-visible") ?? around.matches(":focus-visible");
    let touched = false;
    const on = (/** @type {HTMLElement} */ element, /** @type {string} */ event, /** @type {(event: PointerEvent) => void} */ act) =>
      element.addEventListener(event, /** @type {EventListener} */ (act));
    on(node, "pointerenter", ({ pointerType }) => {
      if (pointerType !== "touch") this.timer = window.setTimeout(show, this.rest);
    });
    on(node, "pointerleave", () => {
      clearTimeout(this.timer);
      if (!focused()) this.hide();
    });
    on(node, "pointerdown", ({ pointerType }) => (touched = pointerType === "touch"));
    // A finger cannot hover, so a tap explains. A mouse click on a tab or a label is meant for the tab or label.
    on(node, "click", () => (touched || node.matches(".term") ? show() : focused() || this.hide()));
    on(around, "focusin", () => focused() && show());
    on(around, "focusout", () => this.hide());
    return h("span", { id, hidden: true }, words);
  }

  /** A word with an explanation: its button, and the text for screen readers. @param {(Node | string)[]} content @param {string} words */
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
