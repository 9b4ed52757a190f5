// @ts-check
/** Texts with terms in them, `[key|words]`, and formulas with `_{subscripts}` and `^{superscripts}`. */
import { Tip } from "../kit/tip.js";
import { h } from "../kit/dom.js";
import { fraction, integer, live, number, percent } from "../kit/format.js";

/** A piece of rich text: a term, a subscript or a superscript. */
const PIECE = /\[(\w+)\|([^\]]+)\]|([_^])\{([^}]*)\}/g;

/** The keys of the terms in a text. @param {string} text */
export const termsIn = (text) => [...text.matchAll(/\[(\w+)\|/g)].map(([, key]) => key);

/** The names of the numbers in a sentence. @param {string} text */
export const fieldsIn = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);

/** A number in the format for its name: shares in percent, parts as fractions, steps and counts whole, losses with all digits. @param {string} name @param {number} value */
export function written(name, value) {
  if (/^(step|count)/.test(name)) return integer(value);
  if (/(accuracy|share)$/.test(name)) return percent(value);
  if (name.endsWith("part")) return fraction(value);
  return name.endsWith("loss") ? live(value) : number(value);
}

/** The text without its terms' keys. @param {string} text */
export const plain = (text) => text.replace(PIECE, (all, _, words) => words ?? all);

/** Explanations of terms in texts: each term is a button. */
export class Terms extends Tip {
  constructor() {
    super(0);
    /** @type {(key: string) => string} */
    this.sentence = (key) => key;
  }

  /** @param {string} text @returns {(Node | string)[]} */
  nodes(text) {
    /** @type {(Node | string)[]} */
    const nodes = [];
    let end = 0;
    for (const match of text.matchAll(PIECE)) {
      const [all, key, words, sign, inner] = match;
      nodes.push(text.slice(end, match.index));
      nodes.push(...(key ? this.button(this.nodes(words), this.sentence(key)) : [h(sign === "_" ? "sub" : "sup", null, this.nodes(inner))]));
      end = match.index + all.length;
    }
    return [...nodes, text.slice(end)].filter((node) => node !== "");
  }
}
