// @ts-check
/** The entry to the lines that put the lab into other pages. */
import { OnDemand } from "./on_demand.js";

/** The name of the frame that shows how the lab will look there. Its runs are not kept. */
export const TRIAL = "alexnet-lab-trial";

/** @typedef {{dialog: HTMLDialogElement, show: () => void, update: () => void, destroy: () => void}} View See `embed/view.js`. */

/** @extends {OnDemand<View>} */
export class Embed extends OnDemand {
  /** @param {import("./host.js").Host} shell */
  constructor(shell) {
    super(shell, "embed.js");
  }

  /** Whether it covers the lab, which then pauses: two labs would share one machine. */
  get covers() {
    return this.panel?.dialog.open;
  }

  async open() {
    await this.load(true);
    this.panel?.show();
  }
}
