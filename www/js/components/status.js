// @ts-check
/** One line says what the lab is doing; cards below it hold what needs an answer. */
import { h, setAttribute, setText } from "../kit/dom.js";
import { bytes, integer } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { ways } from "./ways.js";

/** Seconds without news until the duration is shown, until a way out is offered, and the latter while the engine's files load. */
const [LONG, TOO_LONG, LOADING] = [3, 10, 20];

/** @typedef {import("../worker/types.js").Problem} Problem */

export class Status {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    this.context = context;
    this.dot = h("span", { class: "dot" });
    this.text = h("p", { class: "status-text" });
    this.bar = h("progress", { class: "progress", max: 1, value: 0 });
    this.barText = h("span", { class: "fine" });
    this.progress = h("div", { class: "status-progress" }, this.barText, this.bar);
    /** Read aloud only when the state changes, not when numbers do. */
    this.live = h("p", { class: "visually-hidden", role: "status" });
    this.cards = h("div", { class: "cards", role: "alert" });
    this.cardsKey = "";
    this.spokenPhase = "";
    this.dismissed = "";
    /** Dismissed hints; they return after different hints. */
    this.closed = "";
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
    return h(
      "div",
      { class: "flip" },
      h("span", { class: "fine", id: "flip-label" }, t("flip.label")),
      h("div", { class: "segments", role: "radiogroup", "aria-labelledby": "flip-label" }, radio("keep", false), radio("restart", true)),
    );
  }

  /** @param {import("../session/state.js").State} state */
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

  /** @param {import("../session/state.js").State} state */
  sentence(state) {
    const { t } = this.context;
    const { phase, wanted, visible, turn, describe, step, stopped } = state;
    if (state.reading) return t("status.reading");
    if (phase === "ready" && describe && describe.data.train_arrived === 0) return t("status.images");
    if (["ready", "paused"].includes(phase) && wanted && turn === "other") return t("status.turn");
    if (phase === "ready" && step === 0) return t(this.first(state));
    if (phase === "paused" && wanted && !visible) return t("status.hidden");
    if (phase === "paused" && stopped?.step === step) return t(`stopped.${stopped.key}`, { step: integer(step), limit: state.config[stopped.key] });
    if (phase === "paused" || phase === "ready") return t("status.paused", { step: integer(step) });
    if (phase === "waiting" && state.missing) return t("status.missing");
    if (["running", "compiling"].includes(phase) && state.quiet >= LONG) return this.since(state);
    if (phase === "running" && state.busy) return t("status.compiling");
    if (phase === "running" && (state.config.lesson !== "none" || this.context.size() === "mini")) return t("status.running_short");
    return t(`status.${phase === "lost" && state.problem?.code === "engine_ended" ? "ended" : phase}`);
  }

  /** The time without news, and the estimated time per step. @param {import("../session/state.js").State} state */
  since({ phase, step, quiet, seconds }) {
    const { t } = this.context;
    const what = phase === "compiling" ? "building" : step === 0 ? "first_step" : "next_step";
    return [t(`status.${what}`, { seconds: quiet }), phase === "running" && seconds >= LONG && t("status.estimate", { time: duration(t, seconds) })]
      .filter(Boolean)
      .join(" ");
  }

  /** The first steps, with the components that can be clicked. @param {import("../session/state.js").State} state */
  first({ config }) {
    const mini = this.context.size() === "mini" ? "_mini" : "";
    if (config.lesson !== "none") return "status.lesson" + mini;
    if (mini) return "status.first_mini";
    return config.activation === "relu" ? "status.first" : "status.first_other";
  }

  /** @param {import("../session/state.js").State} state */
  showCards(state) {
    const { notes, problem, divergence, phase, describe } = state;
    const { supply } = this.context;
    const files = [...supply.missing.values()].map(({ file }) => file).join(", ");
    const [missing, slow, saved] = [lacking(state), tooLong(state), state.lanes[state.shown]?.saved?.step];
    const hints = describe?.hints ?? "";
    if (hints !== this.closed) this.closed = "";
    const key = JSON.stringify([
      files,
      notes,
      problem,
      divergence,
      phase === "failed",
      phase === "lost" && [saved],
      missing && [missing, describe?.data],
      slow,
      describe?.backend,
      this.dismissed,
      hints && !this.closed && state.config,
    ]);
    if (key === this.cardsKey) return;
    this.cardsKey = key;
    const cards = [];
    if (phase === "lost") cards.push(this.lost(problem, state));
    else if (phase === "failed") cards.push(this.failed(problem));
    else if (problem) cards.push(this.problem(problem));
    if (missing) cards.push(this.missing(missing, state));
    if (slow) cards.push(this.slow(state));
    if (files)
      cards.push(
        this.card("bad", [h("p", null, this.context.t("status.files", { files }))], null, [this.action("actions.again", () => supply.tryAgain(), true)]),
      );
    if (divergence) cards.push(this.diverged(state));
    const reason = describe?.backend.reason ?? "asked";
    const onCpu = !["asked", "hardware_adapter"].includes(reason) && this.dismissed !== reason;
    // What follows from training on the CPU stands beside its reason.
    const apart = notes.filter(({ code }) => !onCpu || code !== "narrow");
    if (apart.length > 0) cards.push(this.notes(apart));
    if (hints && !this.closed) cards.push(this.hints(hints, state.config));
    if (onCpu) cards.push(this.onCpu(reason, notes.length > apart.length));
    this.cards.replaceChildren(...cards);
  }

  /** @param {"bad" | "note" | "reason"} kind @param {(Node | string | false)[]} words @param {(() => void) | null} close @param {HTMLElement[]} [actions] */
  card(kind, words, close, actions = []) {
    const { t } = this.context;
    return h(
      "div",
      { class: `card card-${kind}` },
      icon("warning"),
      h("div", { class: "card-words" }, words),
      actions.length > 0 && h("div", { class: "card-actions" }, actions),
      close && h("button", { type: "button", class: "tool", "aria-label": t("actions.dismiss"), title: t("actions.dismiss"), onclick: close }, icon("close")),
    );
  }

  /** @param {string} text its key @param {() => void} onclick @param {boolean} [primary] @param {Record<string, string>} [fields] */
  action(text, onclick, primary = false, fields = {}) {
    return h("button", { type: "button", class: primary ? "action primary" : "action", onclick }, this.context.t(text, fields));
  }

  /** The sentence of an error or a note, in the page's language. @param {string} group @param {Problem} what */
  words(group, what) {
    const { t, session } = this.context;
    const key = `${group}.${what.code}`;
    const fields = { ...what };
    for (const name of ["holds", "field"]) if (t.has(`terms.${what[name]}`)) fields[name] = t(`terms.${what[name]}`);
    const setting = session.setting(what.key);
    fields.allowed = t(setting?.min === undefined ? "terms.one_of" : "terms.range", { ...what, ...setting });
    if (what.key && t.has(`settings.${what.key}.label`)) fields.key = `${t(`settings.${what.key}.label`)} (${what.key})`;
    fields.cause = t(`causes.${what.cause ?? "network"}`, what);
    return t(t.has(key) ? key : "errors.unexpected", fields);
  }

  /** That sentence, and, folded, the browser's or driver's own words, which are not translated. @param {string} group @param {Problem} what */
  told(group, what) {
    const text = this.words(group, what);
    const raw =
      what.why &&
      !text.includes(what.why) &&
      h("details", { class: "fine" }, h("summary", null, this.context.t("status.raw")), h("code", { lang: "en" }, what.why));
    return h("div", null, h("p", null, text), raw);
  }

  /** @param {Problem} problem */
  problem(problem) {
    const { t, session, change } = this.context;
    const on = session.state.describe?.backend.name;
    const cpu = on !== "cpu" && GPU.includes(problem.code) && this.action("actions.use_cpu", () => change({ backend: "cpu" }), true);
    return this.card(
      "bad",
      [this.told("errors", problem), problem.code !== "download" && h("p", { class: "fine" }, t("status.goes_on"))],
      () => session.patch({ problem: null }),
      cpu ? [cpu] : [],
    );
  }

  /** @param {Problem | null} problem */
  failed(problem) {
    const { change, session } = this.context;
    const { state } = session;
    const code = problem?.code;
    const actions = [this.action("actions.again", () => session.begin(), code === "download"), this.action("actions.reload", () => location.reload())];
    // Without an engine there is no other place to train.
    const others = state.schema.length > 0 && code !== "download" ? ways(state).filter(({ name }) => helps(name, /** @type {string} */ (code))) : [];
    for (const { name, changes } of others.reverse()) actions.unshift(this.action(`slow.${name}`, () => change(changes), true));
    return this.card("bad", [this.told("errors", problem ?? { code: "unexpected" })], null, actions);
  }

  /** @param {Problem | null} problem @param {import("../session/state.js").State} state */
  lost(problem, { lanes, shown, describe }) {
    const { session, t } = this.context;
    const step = lanes[shown]?.saved?.step;
    const how = step ? "kept" : "nothing";
    const fields = { step: integer(step ?? 0) };
    const onGpu = describe?.backend.name === "gpu";
    const gone = onGpu && ["no_device", "no_adapter"].includes(/** @type {Problem} */ (problem)?.code);
    const actions = [this.action(`lost.${how}_go_on`, () => session.recover(), !gone, fields)];
    if (onGpu) actions.push(this.action(`lost.${how}_cpu`, () => session.recover({ backend: "cpu" }), gone, fields));
    return this.card("bad", [this.told("errors", problem ?? { code: "device_lost" }), h("p", null, t(`lost.${how}`, fields))], null, actions);
  }

  /** @param {Problem & {waiting: boolean}} missing @param {import("../session/state.js").State} state */
  missing(missing, { describe, config }) {
    const { t, session } = this.context;
    const { train_arrived, train_total, test_arrived, test_total } = /** @type {import("../worker/types.js").Description} */ (describe).data;
    const counts = { train: integer(train_arrived), train_total: integer(train_total), test: integer(test_arrived), test_total: integer(test_total) };
    const words = [this.told("missing", { ...missing, code: missing.waiting ? "waiting" : "given_up" }), h("p", null, t("missing.here", counts))];
    const smaller = {
      train_size: String(train_arrived),
      ...(test_arrived > 0 ? { test_size: String(Math.min(test_arrived, Number(config.test_size))) } : { test_every: "0" }),
    };
    const actions = [this.action("missing.again", () => session.fetch(), true)];
    if (train_arrived > 0) actions.push(this.action("missing.train", () => session.set(smaller, false, 0), false, counts));
    return this.card("note", words, null, actions);
  }

  /** A step takes too long: ways out. @param {import("../session/state.js").State} state */
  slow(state) {
    const { t, session } = this.context;
    if (state.phase === "loading")
      return this.card("note", [h("p", null, t("slow.loading"))], null, [this.action("actions.again", () => session.begin(), true)]);
    const actions = ways(state).map(({ name, changes, wanted = state.wanted }) =>
      this.action(`slow.${name}`, () => {
        session.patch({ wanted });
        session.leave(changes);
      }),
    );
    const saved = state.lanes[state.shown].saved?.step;
    const lose = state.step === 0 ? t("slow.nothing") : saved ? t("slow.kept", { step: integer(saved) }) : t("slow.from_start");
    return this.card("note", [h("p", null, t("slow.words"), " ", lose)], null, actions);
  }

  /** @param {import("../session/state.js").State} state */
  diverged({ divergence, config }) {
    const { t, session, act } = this.context;
    const { layer, place, step, remedy } = /** @type {import("../worker/types.js").Divergence} */ (divergence);
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

  /** @param {Problem[]} notes */
  notes(notes) {
    const { session, change } = this.context;
    const back = notes.some(({ code }) => code === "no_photographs") && session.state.config.data === "toy";
    const close = () => session.patch({ notes: [] });
    const again = () => {
      close();
      change({ data: "cifar10" });
    };
    return this.card(
      "note",
      notes.map((note) => this.told("notes", note)),
      close,
      back ? [this.action("missing.again", again)] : [],
    );
  }

  /** Reasons why a network with these settings will not learn. @param {string} codes @param {Record<string, string>} config */
  hints(codes, config) {
    const { t, session } = this.context;
    const close = () => {
      this.closed = codes;
      this.update(session.state);
    };
    return this.card(
      "note",
      codes
        .trim()
        .split(" ")
        .map((code) => h("p", null, t(`hints.${code}`, config))),
      close,
    );
  }

  /** @param {string} reason @param {boolean} narrow whether the network begins with fewer channels for it */
  onCpu(reason, narrow) {
    const { t, session } = this.context;
    const close = () => {
      this.dismissed = reason;
      session.patch({ notes: session.state.notes.filter(({ code }) => code !== "narrow") });
      this.update(session.state);
    };
    return this.card("reason", [h("p", null, t(`reasons.${reason}`), narrow && ` ${t("notes.narrow")}`)], close);
  }
}

/** Problems that cannot occur on the CPU. */
const GPU = ["no_adapter", "no_device", "too_large", "gpu"];

/** Whether a way out helps after a failed start. @param {string} name @param {string} [code] */
const helps = (name, code = "") => name !== "stop" && (name === "cpu" ? code !== "too_much_memory" : !["no_adapter", "no_device"].includes(code));

/** Why images that the settings need are missing; null if none are. @param {import("../session/state.js").State} state */
function lacking({ missing, describe, config }) {
  if (!missing || !describe) return null;
  const { train_total, train_arrived, test_total, test_arrived } = describe.data;
  const train = Math.min(Number(config.train_size), train_total) > train_arrived;
  const test = Number(config.test_every) > 0 && Math.min(Number(config.test_size), test_total) > test_arrived;
  return train || test ? missing : null;
}

/** Whether a step takes too long; not if it takes as long as the steps before. @param {import("../session/state.js").State} state */
function tooLong({ phase, quiet, milliseconds }) {
  if (phase === "loading") return quiet >= LOADING;
  return ["running", "compiling"].includes(phase) && quiet >= TOO_LONG && !(quiet * 1000 < 3 * milliseconds);
}

/** @param {import("../kit/i18n.js").Texts} t @param {number} seconds */
const duration = (t, seconds) => (seconds < 90 ? t("units.seconds", { n: Math.round(seconds) }) : t("units.minutes", { n: integer(seconds / 60) }));
