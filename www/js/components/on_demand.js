// @ts-check
/** A part of the page in a separate module, loaded when it is first used. */
import { importModule } from "../kit/files.js";

/** @template Panel @typedef {{open: (shell: import("./host.js").Host) => Promise<Panel>}} Module */

/** @template {{update: (state: import("../session/state.js").State) => void, destroy: () => void}} Panel */
export class OnDemand {
  /** @param {import("./host.js").Host} shell @param {string} file of the module, which exports `open` */
  constructor(shell, file) {
    this.shell = shell;
    this.file = file;
    /** @type {Panel | undefined} */
    this.panel = undefined;
    /** @type {Promise<boolean> | undefined} */
    this.loading = undefined;
  }

  /** @param {boolean} [asked] by the user, which repeats a failed attempt */
  load(asked = false) {
    if (asked && this.shell.supply.missing.has(this.file)) this.loading = undefined;
    return (this.loading ??= this.shell.supply.need(this.file, () => this.fetch()));
  }

  async fetch() {
    this.panel = await /** @type {Module<Panel>} */ (await importModule(`js/${this.file}`)).open(this.shell);
  }

  /** @param {import("../session/state.js").State} state */
  update(state) {
    this.panel?.update(state);
  }
}
