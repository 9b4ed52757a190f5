// @ts-check
/** A part of the page that is a module of its own, loaded when somebody asks for it. */

/** @template {{update: (state: import("../session.js").State) => void, destroy: () => void}} Panel */
export class OnDemand {
  /** @param {import("../shell.js").Shell} shell @param {string} file of the module, which exports `open` */
  constructor(shell, file) {
    this.shell = shell;
    this.file = file;
    /** @type {Panel | undefined} */
    this.panel = undefined;
    /** @type {Promise<void> | undefined} */
    this.loading = undefined;
  }

  load() {
    return (this.loading ??= this.fetch());
  }

  async fetch() {
    const { file, shell } = this;
    try {
      this.panel = await (await import(new URL(file, import.meta.url).href)).open(shell);
    } catch (error) {
      shell.session.setProblem({ code: "download", file, cause: "network", why: String(error) });
    }
  }

  /** @param {import("../session.js").State} state */
  update(state) {
    this.panel?.update(state);
  }
}
