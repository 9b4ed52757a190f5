// @ts-check
/** Where one goes from a layer to the arithmetic of one of its outputs. */
import { OnDemand } from "./on_demand.js";

/** @extends {OnDemand<import("../drill/view.js").View>} */
export class Drill extends OnDemand {
  /** @param {import("../lab/shell.js").Shell} shell */
  constructor(shell) {
    super(shell, "drill.js");
  }

  /** What the worker is to read for it; null while it is closed. */
  get unit() {
    return this.panel?.unit ?? null;
  }

  /** @param {import("../session/state.js").State} state */
  update(state) {
    if (state.config.inside === "true" && state.describe) this.load();
    super.update(state);
  }

  /** @param {string} block @param {number} [channel] */
  async open(block, channel) {
    await this.load(true);
    this.panel?.enter(block, channel);
  }
}
