// @ts-check
/** LRN at one place of the layer: across channels with its result for other constants, or within a map. */
import { setText } from "../kit/dom.js";
import { Card } from "./card.js";
import { figure } from "./formula.js";
import { LrnTrial } from "./lrn_trial.js";
import { Grid } from "./pictures.js";

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

export class LrnOfMapCard extends Card {
  build() {
    const { terms, say } = this.view;
    const { n } = /** @type {import("./arithmetic.js").Lrn} */ (/** @type {unknown} */ (this.layer));
    this.n = n;
    this.around = new Grid(terms.nodes(say("lrn.around")), n);
    this.body.append(
      this.formula(
        "[lrn_output|b] = [response|a] / ([lrn_k|k] + [lrn_alpha|α] [lrn_map_window|∑_{j}] [response|a_{j}]^{2})^{[lrn_beta|β]}",
        "[lrn_output|<y>] = [response|<own>] / ([lrn_k|<k>] + [lrn_alpha|<alpha>] × [lrn_map_window|<squares>])^{[lrn_beta|<beta>]} = [response|<own>] / [lrn_divisor|<divisor>]",
      ),
      this.around.element,
    );
  }

  /** @param {import("./arithmetic.js").Stage} stage */
  draw({ detail: { around } }) {
    const below = Math.floor((this.n ?? 1) / 2);
    this.around?.update(around, { circled: below * (this.n ?? 1) + below, pad: "–" });
  }
}
