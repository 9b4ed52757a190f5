// @ts-check
/** Texts with terms in them, `[key|words]`, and formulas with `_{subscripts}` and `^{superscripts}`. */
import { h } from "../dom.js";
import { integer, live, number, percent } from "../format.js";

/** A piece of rich text: a term, a subscript or a superscript. */
const PIECE = /\[(\w+)\|([^\]]+)\]|([_^])\{([^}]*)\}/g;
/** Space between a term and its explanation, and at the window's edges. */
const [GAP, MARGIN] = [6, 8];

/** The keys of the terms in a text. @param {string} text */
export const termsIn = (text) => [...text.matchAll(/\[(\w+)\|/g)].map(([, key]) => key);

/** The names of the numbers in a sentence. @param {string} text */
export const fieldsIn = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);

/** A number as its name says it is written: shares in percent, steps and counts whole, losses with all their digits. @param {string} name @param {number} value */
export function written(name, value) {
  if (/^(step|count)/.test(name)) return integer(value);
  if (/(accuracy|share)$/.test(name)) return percent(value);
  return (name.endsWith("loss") ? live(value) : number(value)).replace(/^-/, "−");
}

/** Explanations of terms: each term is a button; its sentence shows when it is pointed at, focused or pressed. */
export class Terms {
  constructor() {
    /** @type {(key: string) => string} */
    this.explain = (key) => key;
    this.tip = h("div", { class: "term-tip", role: "tooltip", popover: "manual" });
    this.serial = 0;
  }

  /** @param {string} text @returns {(Node | string)[]} */
  nodes(text) {
    /** @type {(Node | string)[]} */
    const nodes = [];
    let end = 0;
    for (const match of text.matchAll(PIECE)) {
      const [all, key, words, sign, inner] = match;
      nodes.push(text.slice(end, match.index));
      nodes.push(...(key ? this.term(key, words) : [h(sign === "_" ? "sub" : "sup", null, this.nodes(inner))]));
      end = match.index + all.length;
    }
    return [...nodes, text.slice(end)].filter((node) => node !== "");
  }

  /** The button, and its sentence where screen readers find it. @param {string} key @param {string} words */
  term(key, words) {
    const id = `term-${++this.serial}`;
    const show = () => this.show(button, key);
    const hide = () => this.hide();
    const leave = () => button.matches(":focus") || hide();
    const button = h("button", {
      type: "button", class: "term", "aria-describedby": id,
      onclick: show, onfocus: show, onpointerenter: show, onblur: hide, onpointerleave: leave,
    }, this.nodes(words));
    return [button, h("span", { id, hidden: true }, this.explain(key))];
  }

  /** @param {HTMLElement} button @param {string} key */
  show(button, key) {
    const { tip } = this;
    tip.textContent = this.explain(key);
    if (!tip.matches(":popover-open")) tip.showPopover();
    const box = button.getBoundingClientRect();
    const inside = (/** @type {number} */ at, /** @type {number} */ size, /** @type {number} */ room) => `${Math.max(MARGIN, Math.min(at, room - size - MARGIN))}px`;
    const below = box.bottom + GAP + tip.offsetHeight <= innerHeight;
    tip.style.left = inside(box.left, tip.offsetWidth, innerWidth);
    tip.style.top = inside(below ? box.bottom + GAP : box.top - GAP - tip.offsetHeight, tip.offsetHeight, innerHeight);
  }

  /** @returns {boolean} whether there was one to hide */
  hide() {
    const shown = this.tip.matches(":popover-open");
    if (shown) this.tip.hidePopover();
    return shown;
  }
}
