// @ts-check
/** LRN at one place of the layer, and its result with other constants. */
import { setText } from "../kit/dom.js";
import { Card } from "./card.js";
import { figure } from "./formula.js";
import { LrnTrial } from "./lrn_trial.js";

export class LrnCard extends Card {
  build() {
    const { terms, say, session } = this.view;
    const { n, k, alpha, beta } = /** @type {import("./arithmetic.js").Lrn} */ (/** @type {unknown} */ (this.layer));
    this.trial = new LrnTrial({
      say,
      terms,
      setting: (key) => session.setting(key),
      own: () => ({ n, k, alpha, beta }),
      again: say("lrn.again"),
      onchange: (after) => setText(this.value, `= ${figure(after)}`),
    });
    this.body.append(
      this.formula("[lrn_output|b] = [response|a] / ([lrn_k|k] + [lrn_alpha|α] [lrn_window|∑_{j}] [response|a_{j}]^{2})^{[lrn_beta|β]}"),
      ...this.trial.elements,
    );
  }

  /** @param {import("./arithmetic.js").Stage} stage */
  draw({ detail: { responses, channel } }) {
    this.trial?.update(responses, channel);
  }
}
