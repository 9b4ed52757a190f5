// @ts-check
/**
 * Formulas with live numbers and explained terms. `<name>` stands for a number. `<+name>` is added: its sign
 * is the operator. `<-name>` is subtracted.
 */
import { h, setText } from "../kit/dom.js";
import { number as figure } from "../kit/format.js";

export { figure };

/** With two digits, for narrow places. @param {number} x */
export const short = (x) => figure(Number(x.toPrecision(2)));

/** A number as a summand, with its sign in front. @param {number} x */
const signed = (x) => `${x < 0 ? "−" : "+"} ${figure(Math.abs(x))}`;

export class Formula {
  /** @param {import("../components/terms.js").Terms} terms @param {string[]} lines with terms as in `components/terms.js` */
  constructor(terms, lines) {
    /** @type {Map<string, Text[]>} */
    this.fields = new Map();
    this.element = h(
      "div",
      { class: "formula" },
      lines.map((line) => h("div", null, terms.nodes(line))),
    );
    const walker = document.createTreeWalker(this.element, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(/** @type {Text} */ (walker.currentNode));
    for (const node of nodes) this.open(node);
  }

  /** Splits a text at its names, so that each has a separate node. @param {Text} node */
  open(node) {
    for (let rest = node, found; (found = rest.data.match(/<([+-]?\w+)>/));) {
      const field = rest.splitText(found.index ?? 0);
      rest = field.splitText(found[0].length);
      this.fields.set(found[1], [...(this.fields.get(found[1]) ?? []), field]);
    }
  }

  /** @param {Record<string, number>} values by the fields' names */
  update(values) {
    for (const [field, nodes] of this.fields) {
      const sign = { "+": 1, "-": -1 }[field[0]];
      const x = values[sign ? field.slice(1) : field] ?? NaN;
      for (const node of nodes) setText(node, sign ? signed(sign * x) : figure(x));
    }
  }
}
