// @ts-check
/** One layer's arithmetic at one output: its name, its value, and the steps in between. */
import { h, setText } from "../kit/dom.js";
import { agrees } from "./arithmetic.js";
import { plain } from "../components/terms.js";
import { Formula, figure } from "./formula.js";

/**
 * The data of a card besides its stage.
 * @typedef {object} Now
 * @property {import("../worker/types.js").Layer} layer
 * @property {number} channel
 * @property {import("./arithmetic.js").Place} place on the learnt layer's output
 * @property {Float32Array} input of the block
 * @property {Float32Array} weights of the channel, then its bias
 * @property {number} tap the input channel whose patch is shown
 * @property {import("../worker/types.js").Layer | undefined} before the layer that outputs the block's input
 * @property {Record<string, string>} config
 * @property {number} step
 * @property {string[]} classes
 *
 * @typedef {object} Words The part of the view that cards use.
 * @property {import("../kit/i18n.js").Texts} say
 * @property {import("../components/terms.js").Terms} terms
 * @property {import("../session/session.js").Session} session
 * @property {number} tap the input channel whose patch is shown
 * @property {(tap: number) => void} chooseTap
 */

export class Card {
  /** @param {Words} view @param {import("../worker/types.js").Layer} layer */
  constructor(view, layer) {
    const title = view.say(`stages.${layer.kind}`);
    this.view = view;
    this.layer = layer;
    /** @type {Formula[]} */
    this.formulas = [];
    this.value = h("span", { class: "figure drill-value" });
    this.differs = h("p", { class: "drill-differs", hidden: true });
    this.body = h("div", { class: "drill-card-body" });
    this.element = h(
      "section",
      { class: "panel drill-card", "data-kind": layer.kind, "aria-label": plain(title) },
      h("div", { class: "drill-card-head" }, h("h3", null, view.terms.nodes(title)), h("span", { class: "fine" }, layer.name), this.value),
      this.body,
      this.differs,
    );
    this.build();
  }

  build() {}

  /** Lines of a formula whose numbers are filled with `values`. @param {...string} lines */
  formula(...lines) {
    const formula = new Formula(this.view.terms, lines);
    this.formulas.push(formula);
    return formula.element;
  }

  /** A sentence. @param {string} key @param {Record<string, unknown>} [fields] */
  note(key, fields) {
    return h("p", { class: "fine" }, this.view.terms.nodes(this.view.say(key, fields)));
  }

  /** The numbers of the formulas. @param {import("./arithmetic.js").Stage} stage @returns {Record<string, number>} */
  values({ value, detail }) {
    // A formula only uses numbers.
    return /** @type {Record<string, number>} */ (/** @type {unknown} */ ({ ...detail, y: value }));
  }

  /** @param {import("./arithmetic.js").Stage} stage @param {Now} now */
  update(stage, now) {
    setText(this.value, `= ${figure(stage.value)}`);
    this.differs.hidden = agrees(stage);
    if (!this.differs.hidden) setText(this.differs, this.view.say("differs", { engine: figure(stage.engine), value: figure(stage.value) }));
    for (const formula of this.formulas) formula.update(this.values(stage));
    this.draw(stage, now);
  }

  /** @param {import("./arithmetic.js").Stage} _stage @param {Now} _now */
  draw(_stage, _now) {}
}
