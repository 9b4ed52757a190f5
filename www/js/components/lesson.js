// @ts-check
/** Where lessons and recipes come in: a module of its own, loaded when somebody asks for it. */

const MODULE = new URL("lessons.js", import.meta.url).href;

export class Lesson {
  /** @param {import("../shell.js").Shell} shell */
  constructor(shell) {
    this.shell = shell;
    /** @type {import("../lessons/panel.js").Panel | undefined} */
    this.panel = undefined;
    /** @type {Promise<void> | undefined} */
    this.loading = undefined;
  }

  /** The settings name a lesson, whether it has been loaded or not. */
  get named() {
    return !["none", "auto"].includes(this.shell.early("lesson"));
  }

  /** @param {string} action lessons, next, back or resume */
  async act(action) {
    if (!this.shell.texts || (!this.named && action !== "lessons")) return;
    await this.load();
    this.panel?.act(action);
  }

  load() {
    return (this.loading ??= this.fetch());
  }

  async fetch() {
    const { shell } = this;
    try {
      this.panel = await (await import(MODULE)).openPanel(shell);
      shell.arrange();
    } catch (error) {
      shell.session.setProblem({ code: "download", file: "lessons.js", why: String(error) });
    }
  }

  /** @param {import("../session.js").State} state */
  update(state) {
    if (this.named) this.load();
    this.panel?.update(state);
  }
}
