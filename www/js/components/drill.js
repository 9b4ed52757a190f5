// @ts-check
/** The entry to a layer's view: the arithmetic of one of its outputs. */
import { OnDemand } from "./on_demand.js";

/**
 * @typedef {object} View See `drill/view.js`.
 * @property {import("../worker/types.js").Unit | null} unit what the worker reads for it
 * @property {(block: string, channel?: number) => void} enter
 * @property {(state: import("../session/state.js").State) => void} update
 * @property {() => void} destroy
 */

/** @extends {OnDemand<View>} */
export class Drill extends OnDemand {
  /** @param {import("./host.js").Host} shell */
  constructor(shell) {
    super(shell, "drill.js");
  }

  /** What the worker reads for it; null while it is closed. */
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
