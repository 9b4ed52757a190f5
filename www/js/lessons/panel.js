// @ts-check
/** The panel of lessons: a list of lessons and recipes, or one lesson, step by step. */
import { h, setAttribute, setText } from "../kit/dom.js";
import { writeIn } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { listenToKeys } from "../kit/keyboard.js";
import { home } from "./home.js";
import { LESSONS } from "./list.js";
import { Runs } from "./runs.js";
import { Stage } from "./stage.js";
import { Terms } from "../components/terms.js";
import { layersAt, progress, stepBody } from "./steps.js";
import layerEnglish from "../../i18n/drill.en.json" with { type: "json" };
import english from "../../i18n/lessons.en.json" with { type: "json" };

/** The steps of a lesson. */
export const STEPS = ["question", "predict", "run", "saw", "formula", "paper", "noise"];
/** Keys of a presentation remote. */
const REMOTE = [
  { key: "PageDown", action: "next" },
  { key: "PageUp", action: "back" },
];

export class Panel extends Runs {
  /** @param {import("../components/host.js").Host} shell */
  constructor(shell) {
    super(shell);
    this.terms = new Terms();
    /** The requested language. */
    this.language = "";
    /** @type {import("../kit/i18n.js").Texts | null} texts of the view into a layer, whose pictures toys use */
    this.layerTexts = null;
    this.shown = false;
    this.at = 0;
    /** @type {Map<string, string>} predictions by lesson */
    this.choices = new Map();
    /** The interactive part of some steps. @type {import("./run/types.js").Toy | null} */
    this.toy = null;
    /** @type {Map<Function, import("./run/types.js").Toy>} the lesson's toys, by the function that makes them */
    this.toys = new Map();
    /** The recipe applied last. */
    this.recipe = "";
    const button = (/** @type {string} */ action, /** @type {string} */ name) => h("button", { type: "button", class: name, onclick: () => this.act(action) });
    this.title = h("h2", { tabIndex: -1 });
    this.all = button("all", "action");
    this.close = button("close", "tool");
    this.body = h("div", { class: "guide-body", tabIndex: 0, role: "group" });
    this.back = button("back", "action");
    this.next = button("next", "action primary");
    this.where = h("span", { class: "fine" });
    this.stage = new Stage(this);
    this.foot = h("div", { class: "guide-foot" }, this.back, this.where, this.stage.tools, this.next);
    this.element = h(
      "section",
      { class: "panel panel-guide", hidden: true, onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event) },
      h(
        "div",
        { class: "guide" },
        h("div", { class: "guide-head" }, this.title, this.all, this.close),
        this.foot,
        this.stage.controls,
        this.body,
        this.live,
        this.terms.tip,
      ),
    );
    /** That of the lab, once it is known. */
    this.size = "";
    this.stopKeys = () => {};
    this.listen = (/** @type {Event} */ event) => {
      const { kind, detail } = /** @type {CustomEvent<import("../session/state.js").Change>} */ (event).detail;
      if (kind !== "unit" || !this.unit) return;
      this.toy?.receive?.(detail);
      this.stage.picture?.receive(detail);
    };
    this.session.addEventListener("change", this.listen);
  }

  /** What the worker reads for the toy. */
  get unit() {
    const { shown, shell, toy } = this;
    // A picture and its toy read the same.
    return (shown && shell.size !== "mini" && toy?.element.isConnected && toy.unit) || this.stage.unit;
  }

  destroy() {
    this.stopKeys();
    this.endToy();
    this.stage.destroy();
    this.session.removeEventListener("change", this.listen);
    this.recording?.end("interrupted");
    this.replay?.destroy();
  }

  /** The step's name; undefined outside a lesson. */
  get step() {
    return this.lesson ? STEPS[this.at] : undefined;
  }

  /** @returns {import("../kit/i18n.js").Texts} */
  get inside() {
    return /** @type {import("../kit/i18n.js").Texts} */ (this.layerTexts);
  }

  /** A text of the open lesson. @param {string} key @param {Record<string, unknown>} [fields] */
  word(key, fields) {
    return this.say(`lessons.${this.lesson?.name}.${key}`, fields);
  }

  /** Number of learnt layers of the lesson's network. */
  get layers() {
    return layersAt(this.depth);
  }

  /** Loads the texts in the page's language. */
  translate() {
    const { language } = this.shell.context.t;
    this.language = language;
    return this.shell.supply.speak(language, { "lessons.": english, "drill.": layerEnglish }, (own, inside) => {
      if (this.language !== language) return;
      [this.texts, this.layerTexts] = [own, inside];
      writeIn(language);
      this.endToy(); // its texts are in the old language
      this.stage.take();
      this.terms.sentence = (key) => (own.has(`terms.${key}`) ? own : inside)(`terms.${key}`);
      this.show();
    });
  }

  /** The lesson's toy, if this step has one; it keeps its state while other steps are shown. */
  toyOf() {
    const { lesson, step = "" } = this;
    if (this.stage.replaces(step)) return (this.toy = null);
    const make = lesson?.toys?.[step] ?? ((lesson?.toySteps ?? ["formula"]).includes(step) ? lesson?.toy : undefined);
    if (!make) return null;
    this.toy = this.toys.get(make) ?? make(this);
    this.toys.set(make, this.toy);
    return this.toy;
  }

  endToy() {
    for (const toy of this.toys.values()) toy.destroy?.();
    this.toys.clear();
    this.toy = null;
  }

  // ---- actions ---------------------------------------------------------------------------------------------------

  /** @param {string} action lessons, all, close, next, back, lead or resume */
  act(action) {
    const { lesson } = this;
    if (action === "lessons" || action === "close") return this.shown ? this.leave() : this.enter();
    if (action === "all") return this.choose(null);
    if (!lesson) return;
    if (action === "resume") return this.recording?.outcome === "going" ? this.session.play() : undefined;
    if (action === "lead") return this.lead();
    if (this.ends(action)) return false;
    this.go(this.at + (action === "next" ? 1 : -1));
    if (action === "next" && this.step === "run" && !this.result && !this.replay && this.recording?.outcome !== "going") this.begin();
  }

  /** Whether no step follows, or precedes. A key then turns the slide of a deck instead. @param {string} action next or back */
  ends(action) {
    return this.at === (action === "next" ? STEPS.length - 1 : 0);
  }

  /** Leads to the lesson's run, by way of the prediction; the smallest view has no room for a prediction. */
  lead() {
    if (this.step === "question" && this.shell.size !== "mini") return this.go(STEPS.indexOf("predict"));
    this.go(STEPS.indexOf("run"));
    this.begin();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key !== "Escape" || event.defaultPrevented || this.shell.size !== "full") return;
    event.preventDefault();
    this.leave();
  }

  enter() {
    this.shown = true;
    this.show();
    this.title.focus({ preventScroll: true });
    if (!this.shell.lab.hasAttribute("data-wide")) this.element.scrollIntoView({ block: "center" });
  }

  leave() {
    this.shown = false;
    this.terms.hide();
    if (this.lesson) this.choose(null);
    this.show();
    this.shell.header?.lessons.focus();
  }

  /** Opens a lesson, or the list. The settings name the open lesson, so that the link does too. @param {string | null} name */
  choose(name) {
    const lesson = name ?? "none";
    // Without an engine there is no answer.
    if (this.stuck) this.session.patch({ config: { ...this.session.state.config, lesson } });
    else this.shell.change({ lesson });
  }

  /** @param {number} at */
  go(at) {
    this.at = at;
    this.terms.hide();
    this.show();
    this.body.scrollTop = 0;
    // A disabled button cannot keep the focus.
    if (this.hasFocus && (this.back.disabled || this.next.disabled)) (this.back.disabled ? this.next : this.back).focus();
    this.tell();
  }

  get hasFocus() {
    return this.element.contains(this.shell.root.activeElement);
  }

  /** Announces the step to screen readers and to the embedding page. */
  tell() {
    // A toy has its own labels.
    const words = [.../** @type {NodeListOf<HTMLElement>} */ (this.body.childNodes)]
      .filter((node) => node !== this.toy?.element)
      .map(({ innerText }) => innerText);
    setText(this.live, `${this.where.textContent}: ${words.join("\n")}`);
    this.shell.host.fire("lesson", { lesson: this.lesson?.name, step: this.step });
  }

  /** The open lesson as plain data. */
  copy() {
    const { lesson, at, depth, choices, results, recording } = this;
    return lesson && { name: lesson.name, at, depth, choices, results, going: recording?.outcome === "going" };
  }

  /** Goes on with the lesson of a copy, if that is the open one. @returns {boolean} whether its run has to begin again: it was not over */
  adopt() {
    const { kept } = this.shell.lesson;
    if (!kept || kept.name !== this.lesson?.name) return false;
    this.shell.lesson.kept = null;
    const { at, depth, choices, results, going } = kept;
    Object.assign(this, { at, depth, choices, results });
    return going;
  }

  // ---- the run -----------------------------------------------------------------------------------------------------

  /** @param {number} seed */
  runAgain(seed) {
    this.go(STEPS.indexOf("run"));
    this.start(seed);
  }

  /** Changes the depth, and starts the run if its step is on show. @param {string} depth */
  chooseDepth(depth) {
    if (depth === this.depth) return;
    this.deepen(depth);
    this.show();
    // The button was rebuilt.
    /** @type {HTMLElement | null} */ (this.body.querySelector(`[data-depth="${depth}"]`))?.focus();
    if (this.step === "run") this.start(this.seed);
  }

  /** Returns to the lab's own run. */
  endRecording() {
    this.leaveRecording();
    this.show();
    // The button was rebuilt.
    /** @type {HTMLElement | null} */ (this.body.querySelector(".guide-recorded"))?.focus();
  }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  /** Called for each frame with a change. @param {import("../session/state.js").State} state */
  update({ config, wanted }) {
    const { t } = this.shell.context;
    if (this.language !== t.language) this.translate();
    if (this.shell.size !== this.size) this.resized();
    // Training brings the lab's own charts back.
    if (this.overtakes(wanted)) {
      this.leaveRecording();
      this.show();
    }
    this.replay?.update();
    // Without an engine the link has not been read.
    const asked = this.stuck ? this.shell.early("lesson") : config.lesson;
    const next = LESSONS.find((lesson) => lesson.name === asked) ?? null;
    if (next !== this.lesson) {
      this.interrupt();
      this.leaveRecording();
      this.endToy();
      this.stage.take();
      if (this.lesson?.gap || next?.gap) this.shell.views?.curves.showGap(next?.gap ?? false);
      this.take(next);
      // Closing a lesson in the full lab leads back to the list; a slide has no room for the list.
      this.shown = this.lesson !== null || (this.shown && this.shell.size === "full");
      this.at = 0;
      if (next) this.session.pause(); // nothing trains before its run
      const goesOn = this.adopt();
      const focus = this.hasFocus;
      this.show();
      // The element that had the focus is gone.
      if (focus && this.shown) this.title.focus({ preventScroll: true });
      if (this.lesson) this.tell();
      if (goesOn) this.begin();
    }
    this.showProgress();
  }

  /** The progress of the run, here or recorded. */
  showProgress() {
    if (this.step === "run") progress(this);
    if (this.toy?.element.isConnected) this.toy.update?.();
    this.stage.update();
  }

  resized() {
    this.size = this.shell.size;
    this.stopKeys();
    // In the whole lab they scroll.
    const act = (/** @type {string} */ action) => (this.size === "full" && !this.stage.on ? false : this.act(action));
    this.stopKeys = listenToKeys(this.shell.host, act, REMOTE);
    this.show(); // the picture needs its room, and a slide has none for toys
  }

  /** Redraws the step. */
  show() {
    if (!this.texts) return;
    const { t } = this.shell.context;
    const { say, lesson, step } = this;
    const title = lesson ? t(`options.lesson.${lesson.name}`) : say("guide.title");
    this.element.hidden = !this.shown;
    if (this.shell.header) setAttribute(this.shell.header.lessons, "aria-expanded", String(this.shown));
    setAttribute(this.element, "aria-label", title);
    setAttribute(this.element, "data-step", step ?? null);
    setText(this.title, title);
    setText(this.all, say("guide.all"));
    this.all.hidden = this.foot.hidden = !lesson;
    setAttribute(this.close, "aria-label", t("actions.close"));
    this.close.title = t("actions.close");
    this.close.replaceChildren(icon("close"));
    this.back.disabled = this.at === 0;
    this.next.disabled = this.at === STEPS.length - 1;
    setText(this.back, say("guide.back"));
    setText(this.next, say(step === "predict" && !this.result ? "guide.run" : "guide.next"));
    if (step) setText(this.where, say("guide.where", { n: this.at + 1, total: STEPS.length, step: say(`steps.${step}`) }));
    setAttribute(this.body, "aria-label", step ? say(`steps.${step}`) : title);
    const focused = /** @type {HTMLElement | null} */ (this.shell.root.activeElement);
    this.body.replaceChildren(...(step ? stepBody(this, step) : home(this)));
    // The toy is back in its place.
    if (this.toy?.element.contains(focused)) focused?.focus({ preventScroll: true });
    this.stage.show();
    this.shell.watch();
    this.showProgress();
  }
}
