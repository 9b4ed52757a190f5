// @ts-check
/** What the lab is doing, in one line, and what needs an answer, in cards below it. */
import { h, setAttribute, setText } from "../dom.js";
import { bytes, integer } from "../format.js";
import { icon } from "../icons.js";

export class Status {
  /** @param {import("../shell.js").Context} context */
  constructor(context) {
    this.context = context;
    this.dot = h("span", { class: "dot" });
    this.text = h("p", { class: "status-text" });
    this.bar = h("progress", { class: "progress", max: 1, value: 0 });
    this.barText = h("span", { class: "fine" });
    this.progress = h("div", { class: "status-progress" }, this.barText, this.bar);
    /** Read aloud, seldom: when the state changes, not when numbers do. */
    this.live = h("p", { class: "visually-hidden", role: "status" });
    this.cards = h("div", { class: "cards", role: "alert" });
    this.cardsKey = "";
    this.spokenPhase = "";
    this.dismissed = "";
    this.element = h("div", { class: "status" }, h("div", { class: "status-line" }, this.dot, this.text, this.progress, this.flip()), this.cards, this.live);
  }

  /** What happens to the weights when a component is switched. */
  flip() {
    const { t, flip, tip } = this.context;
    const radio = (/** @type {string} */ name, /** @type {boolean} */ restart) => {
      const input = h("input", { type: "radio", name: "flip", checked: flip.restart === restart, onchange: () => (flip.restart = restart) });
      const label = h("label", { class: "segment" }, input, h("span", null, t(`flip.${name}`)));
      label.append(tip.explain(label, t(`flip.${name}_help`), label, [input]));
      return label;
    };
    return h("div", { class: "flip" }, h("span", { class: "fine", id: "flip-label" }, t("flip.label")),
      h("div", { class: "segments", role: "radiogroup", "aria-labelledby": "flip-label" }, radio("keep", false), radio("restart", true)));
  }

  /** @param {import("../session.js").State} state */
  update(state) {
    const { t } = this.context;
    const sentence = this.sentence(state);
    setAttribute(this.dot, "data-phase", state.phase);
    setText(this.text, sentence);
    const spoken = state.phase === "running" ? t("status.running_short") : sentence;
    if (this.spokenPhase !== state.phase) setText(this.live, spoken);
    this.spokenPhase = state.phase;
    const { progress } = state;
    this.progress.hidden = !progress;
    if (progress) {
      this.bar.value = progress.loaded / Math.max(1, progress.total);
      setText(this.barText, t("status.data", { loaded: bytes(progress.loaded), total: bytes(progress.total) }));
      setAttribute(this.bar, "aria-label", this.barText.textContent ?? "");
    }
    this.showCards(state);
  }

  /** @param {import("../session.js").State} state */
  sentence(state) {
    const { t } = this.context;
    const { phase, wanted, visible, describe, step, stopped } = state;
    if (state.reading) return t("status.reading");
    if (phase === "ready" && describe && describe.data.train_arrived === 0) return t("status.images");
    if (phase === "ready" && step === 0) return t(state.config.lesson === "none" ? "status.first" : "status.lesson");
    if (phase === "paused" && wanted && !visible) return t("status.hidden");
    if (phase === "paused" && stopped?.step === step) return t(`stopped.${stopped.key}`, { step: integer(step), limit: state.config[stopped.key] });
    if (phase === "paused" || phase === "ready") return t("status.paused", { step: integer(step) });
    if (phase === "running" && state.busy) return t("status.compiling");
    return t(`status.${phase}`);
  }

  /** @param {import("../session.js").State} state */
  showCards(state) {
    const { notes, problem, divergence, phase, describe } = state;
    const key = JSON.stringify([notes, problem, divergence, phase === "failed", phase === "lost", describe?.backend.reason, this.dismissed]);
    if (key === this.cardsKey) return;
    this.cardsKey = key;
    const cards = [];
    if (phase === "lost") cards.push(this.lost(problem));
    else if (phase === "failed") cards.push(this.failed(problem));
    else if (problem) cards.push(this.problem(problem));
    if (divergence) cards.push(this.diverged(state));
    if (notes.length > 0) cards.push(this.notes(notes));
    const reason = describe?.backend.reason ?? "asked";
    if (!["asked", "hardware_adapter"].includes(reason) && this.dismissed !== reason) cards.push(this.onCpu(reason));
    this.cards.replaceChildren(...cards);
  }

  /** @param {"bad" | "note" | "reason"} kind @param {(Node | string | false)[]} words @param {(() => void) | null} close @param {HTMLElement[]} [actions] */
  card(kind, words, close, actions = []) {
    const { t } = this.context;
    return h("div", { class: `card card-${kind}` }, icon("warning"), h("div", { class: "card-words" }, words),
      actions.length > 0 && h("div", { class: "card-actions" }, actions),
      close && h("button", { type: "button", class: "tool", "aria-label": t("actions.dismiss"), title: t("actions.dismiss"), onclick: close }, icon("close")));
  }

  /** @param {string} text @param {() => void} onclick @param {boolean} [primary] */
  action(text, onclick, primary = false) {
    return h("button", { type: "button", class: primary ? "action primary" : "action", onclick }, this.context.t(text));
  }

  /** The sentence of an error or a note, in the page's language. @param {string} group @param {any} what */
  words(group, what) {
    const { t, session } = this.context;
    const key = `${group}.${what.code}`;
    const fields = { ...what };
    for (const name of ["holds", "field"]) if (t.has(`terms.${what[name]}`)) fields[name] = t(`terms.${what[name]}`);
    const setting = session.setting(what.key);
    if (setting?.min !== undefined) fields.allowed = t("terms.range", { min: setting.min, max: setting.max });
    if (what.key && t.has(`settings.${what.key}.label`)) fields.key = `${t(`settings.${what.key}.label`)} (${what.key})`;
    return t.has(key) ? t(key, fields) : (what.message ?? t("errors.unexpected", { why: what.why ?? what.code }));
  }

  /** @param {any} problem */
  problem(problem) {
    const { t, session } = this.context;
    return this.card("bad", [h("p", null, this.words("errors", problem)), problem.code !== "download" && h("p", { class: "fine" }, t("status.goes_on"))], () => session.setProblem(null));
  }

  /** @param {any} problem */
  failed(problem) {
    const { change, session } = this.context;
    const reload = this.action("actions.reload", () => location.reload());
    // Without an engine there is nothing to train on.
    const actions = session.state.schema.length > 0 ? [this.action("actions.use_cpu", () => change({ backend: "cpu" }), true), reload] : [reload];
    return this.card("bad", [h("p", null, this.words("errors", problem ?? { code: "unexpected", why: "?" }))], null, actions);
  }

  /** @param {any} problem */
  lost(problem) {
    const { session } = this.context;
    return this.card("bad", [h("p", null, this.words("errors", problem ?? { code: "device_lost", why: "?" }))], null,
      [this.action("actions.recover", () => session.recover(), true)]);
  }

  /** @param {import("../session.js").State} state */
  diverged({ divergence, config }) {
    const { t, session, act } = this.context;
    const { layer, place, step, remedy } = /** @type {import("../types.js").Divergence} */ (divergence);
    const tenth = (/** @type {string} */ key) => String(Number((Number(config[key]) / 10).toPrecision(3)));
    /** @type {Record<string, Record<string, string>>} what each remedy changes */
    const changes = {
      smaller_learning_rate: { lr: tenth("lr") },
      smaller_initial_weights: { init_scale: tenth("init_scale") },
      batch_normalisation: { norm: "bn" },
    };
    const words = [
      h("p", null, h("strong", null, t("diverged.title", { step: integer(step) })), " ", t(`diverged.${place}`, { layer })),
      h("p", null, t("diverged.kept"), " ", t(`remedies.${remedy}`)),
    ];
    const actions = [
      this.action(`diverged.${remedy}`, () => session.resume(changes[remedy] ?? {}), true),
      this.action("diverged.go_on", () => session.resume({})),
      this.action("actions.restart", () => act("restart")),
    ];
    return this.card("bad", words, null, actions);
  }

  /** @param {any[]} notes */
  notes(notes) {
    return this.card("note", notes.map((note) => h("p", null, this.words("notes", note))), () => this.context.session.dismissNotes());
  }

  /** @param {string} reason */
  onCpu(reason) {
    const { t } = this.context;
    const close = () => {
      this.dismissed = reason;
      this.update(this.context.session.state);
    };
    return this.card("reason", [h("p", null, t(`reasons.${reason}`))], close);
  }
}
