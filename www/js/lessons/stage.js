// @ts-check
/** The stage of a lesson: its picture, the claim above it with its numbers, and the switches in which its networks differ. */
import { h, setAttribute, setText } from "../kit/dom.js";
import { icon } from "../kit/icons.js";
import { differing } from "./run/apply.js";
import { same } from "./run/measure.js";
import { fieldsIn, written } from "../components/terms.js";

/** Most switches that are named above the picture. */
const FEW = 4;

export class Stage {
  /** @param {import("./run/types.js").Panel} panel */
  constructor(panel) {
    this.panel = panel;
    /** Whether everything but the picture is folded away. */
    this.folded = true;
    /** @type {import("./run/types.js").Picture | null} */
    this.picture = null;
    this.claim = h("p", { class: "stage-claim", role: "status" });
    this.strip = h("div", { class: "stage-strip", role: "group" });
    this.host = h("div", { class: "stage-picture" });
    this.controls = h("div", { class: "stage-controls" });
    this.element = h(
      "section",
      { class: "panel panel-stage", hidden: true },
      h("div", { class: "stage-head" }, this.claim, this.strip),
      this.host,
      this.controls,
    );
    this.fold = h("button", { type: "button", class: "tool stage-fold", onclick: () => this.toggle(!this.folded) }, icon("layout"));
    this.code = h("button", { type: "button", class: "tool", onclick: () => panel.shell.context.act("code") }, icon("code"));
    this.tools = h("div", { class: "stage-tools" }, this.code, this.fold);
    /** Whether the claim's numbers are known. */
    this.known = false;
    this.stripKey = "";
    /** The measured numbers, and what they were measured from. @type {{from: unknown[], values: Record<string, number>, outcome: string}} */
    this.measured = { from: [], values: {}, outcome: "" };
    this.observer = new ResizeObserver(() => this.picture?.resize(this.host.clientWidth, this.host.clientHeight));
    this.observer.observe(this.host);
  }

  destroy() {
    this.observer.disconnect();
    this.take();
  }

  /** Whether the picture fills the page. */
  get on() {
    const { lesson, shown, shell } = this.panel;
    return this.folded && lesson !== null && shown && shell.size !== "mini";
  }

  /** Whether the picture stands in for the step's toy: both show the run, and a slide has no room for two. @param {string} step */
  replaces(step) {
    return this.on && (this.panel.shell.size === "slide" || ["run", "saw"].includes(step));
  }

  /** What the worker reads for the picture. */
  get unit() {
    return this.on ? (this.picture?.unit ?? null) : null;
  }

  /** Takes the open lesson's picture. */
  take() {
    this.picture?.destroy();
    this.picture = null;
    this.known = false;
    this.measured = { from: [], values: {}, outcome: "" };
    this.host.replaceChildren();
    this.controls.replaceChildren();
  }

  /** Folds everything but the picture away, or brings it back. @param {boolean} folded */
  toggle(folded) {
    this.folded = folded;
    this.panel.show();
  }

  /** Lays out the stage. */
  show() {
    const { panel, on, fold } = this;
    const { lesson, shell, say } = panel;
    if (on && lesson && !this.picture) {
      this.picture = lesson.picture(panel);
      this.host.replaceChildren(this.picture.element);
      this.controls.replaceChildren(...(this.picture.controls ? [this.picture.controls] : []));
    }
    this.element.hidden = !on;
    const before = shell.lab.hasAttribute("data-stage");
    setAttribute(shell.lab, "data-stage", on);
    if (before !== on) shell.measure();
    setAttribute(this.element, "aria-label", lesson ? shell.context.t(`options.lesson.${lesson.name}`) : null);
    const name = say(this.folded ? "stage.open" : "stage.fold");
    this.tools.hidden = !lesson || shell.size === "mini";
    this.code.title = shell.context.t("actions.code_title");
    setAttribute(this.code, "aria-label", shell.context.t("actions.code"));
    fold.title = name;
    setAttribute(fold, "aria-label", name);
    setAttribute(fold, "aria-pressed", String(!this.folded));
    if (on) this.picture?.resize(this.host.clientWidth, this.host.clientHeight);
    this.update();
  }

  /** Called for each frame with a change. */
  update() {
    if (!this.on) return;
    this.picture?.update();
    this.showClaim();
    this.showStrip();
  }

  /** The claim in one sentence, as soon as its numbers are known. */
  showClaim() {
    const { panel, picture } = this;
    const text = panel.word("claim");
    const { values, outcome } = this.measure();
    const all = /** @type {Record<string, number>} */ ({ ...values, ...picture?.values });
    const fields = fieldsIn(text).filter((field) => field !== "outcome");
    const known = fields.every((field) => Number.isFinite(all[field])) && (!text.includes("{outcome}") || outcome !== "");
    const filled = () => ({
      ...Object.fromEntries(fields.map((field) => [field, written(field, all[field])])),
      outcome: outcome && panel.word(`choices.${outcome}`),
    });
    setText(this.claim, known ? panel.word("claim", filled()) : "");
    this.known = known;
    setAttribute(this.element, "data-claimed", known);
  }

  /** Measures the run on show, if it has progressed. */
  measure() {
    const run = this.panel.shownRun;
    const from = [run, ...(run?.lanes ?? []).flatMap(({ records, evaluations, first, last }) => [records.length, evaluations.length, first, last])];
    if (same(from, this.measured.from)) return this.measured;
    const found = run ? this.panel.lesson?.measure(run) : undefined;
    this.measured = { from, values: found?.values ?? {}, outcome: found?.outcome ?? "" };
    return this.measured;
  }

  /** The switches in which the networks differ. */
  showStrip() {
    const { panel, strip } = this;
    const { t } = panel.shell.context;
    const lanes = panel.lesson?.lanes ?? [];
    const keys = differing(panel.lesson?.fragment ?? "");
    const key = JSON.stringify([t.language, panel.lesson?.name, keys]);
    if (key === this.stripKey) return;
    this.stripKey = key;
    setAttribute(strip, "aria-label", panel.say("stage.differ"));
    const names = lanes.map((lane, at) =>
      h("span", { class: "stage-lane" }, h("i", { class: "lane-swatch", "data-lane": at + 1 }), panel.word(`lanes.${lane}`)),
    );
    const switches = keys.length > FEW ? [] : [keys.map((name) => t(`settings.${name}.label`)).join(panel.say("guide.comma"))];
    strip.replaceChildren(...switches.map((words) => h("span", { class: "stage-switches" }, words)), ...names);
  }
}
