// @ts-check
/** The bar on top: the lab's name, the run's controls, its progress, and where it runs. */
import { h, setAttribute, setText, svg } from "../kit/dom.js";
import { integer } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { LANGUAGES } from "../kit/i18n.js";
import { ABLE } from "../session/state.js";
import { labLink } from "./link.js";

export class Header {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    const { t } = context;
    this.context = context;
    const tool = (/** @type {string} */ name, /** @type {import("../kit/dom.js").Props} */ props, /** @type {import("../kit/dom.js").Child[]} */ ...content) =>
      h("button", { type: "button", class: "tool wide", title: t(`actions.${name}_title`), onclick: () => context.act(name), ...props }, content);
    const button = (/** @type {string} */ name) => tool(name, { class: "tool", "aria-label": t(`actions.${name}`) }, icon(name));
    const wide = (/** @type {string} */ name, /** @type {string} */ sign) => tool(name, {}, icon(sign), h("span", null, t(`actions.${name}`)));

    this.playIcon = h("span", { class: "play-icon" });
    this.playText = h("span", { class: "play-text" });
    this.play = h("button", { type: "button", class: "play", onclick: () => context.act("play") }, this.playIcon, this.playText);
    this.step = button("step");
    this.restart = button("restart");
    this.speed = this.speeds();
    this.count = h("span", { class: "figure" }, "0");
    this.epoch = h("span", { class: "figure" }, "0.0");
    this.rateText = h("span", { class: "figure" }, "–");
    this.backend = h("button", { type: "button", class: "backend", onclick: () => context.act("backend") });

    this.lessons = wide("lessons", "lesson");
    this.copy = wide("copy", "link");
    this.embed = wide("embed", "embed");
    this.language = tool("language", { lang: otherLanguage(t.language) }, t("actions.language"));
    this.theme = tool("theme", { class: "tool tool-theme", "aria-label": t("actions.theme") });
    this.help = button("help");
    const full = labLink(context, { class: "tool", title: t("actions.open_title"), "aria-label": t("actions.open") }, icon("open"));
    this.full = full;

    const counter = (/** @type {string} */ name, /** @type {HTMLElement} */ value) =>
      h("span", { class: `counter counter-${name}` }, h("span", { class: "counter-name" }, t(`counters.${name}`)), value);
    this.element = h(
      "header",
      { class: "header" },
      h(
        "div",
        { class: "top" },
        h("div", { class: "brand" }, mark(), h("h1", null, "AlexNet Lab")),
        h("div", { class: "tools" }, this.backend, this.lessons, this.copy, this.embed, this.language, this.theme, this.help, full),
      ),
      h(
        "div",
        { class: "transport", role: "toolbar", "aria-label": t("regions.transport") },
        this.play,
        this.step,
        this.restart,
        this.speed,
        h("div", { class: "counters" }, counter("step", this.count), counter("epoch", this.epoch), counter("rate", this.rateText)),
      ),
    );
  }

  speeds() {
    const { t, session, tip } = this.context;
    const options = session.setting("speed")?.options ?? [];
    const name = (/** @type {string} */ value) => (value === "max" ? t("options.speed.max") : t("speed", { steps: value }));
    this.speedSelect = h(
      "select",
      { onchange: () => this.context.change({ speed: this.speedSelect?.value ?? "max" }) },
      options.map((value) => h("option", { value }, name(value))),
    );
    return h(
      "label",
      { class: "speed" },
      h("span", { class: "counter-name" }, t("settings.speed.label")),
      this.speedSelect,
      tip.explain(this.speedSelect, t("settings.speed.help")),
    );
  }

  /** @param {import("../session/state.js").State} state */
  update(state) {
    const { t } = this.context;
    const playing = state.wanted && state.turn !== "other";
    const able = ABLE.includes(state.phase);
    setAttribute(this.play, "data-playing", playing);
    setText(this.playText, t(playing ? "actions.pause" : "actions.play"));
    const name = playing ? "pause" : "play";
    if (this.playIcon.dataset.icon !== name) {
      this.playIcon.dataset.icon = name;
      this.playIcon.replaceChildren(icon(name));
      this.play.title = t(`actions.${name}_title`);
    }
    this.play.disabled = ["failed", "lost"].includes(state.phase);
    this.step.disabled = !able || state.busy;
    this.restart.disabled = !state.describe || state.busy;
    setText(this.count, integer(state.step));
    setText(this.epoch, epochs(state).toFixed(1));
    const rate = 1000 / state.milliseconds;
    setText(
      this.rateText,
      state.phase === "running" && Number.isFinite(rate) ? t("units.steps_a_second", { n: rate < 10 ? rate.toFixed(1) : integer(rate) }) : "–",
    );
    if (this.speedSelect) this.speedSelect.value = state.config.speed;
    if (state.describe) {
      const { name: kind, adapter, reason, software } = state.describe.backend;
      setText(this.backend, [t(`backends.${kind}`), kind === "gpu" && (software ? t("backends.software") : adapter)].filter(Boolean).join(" · "));
      setAttribute(this.backend, "data-backend", kind);
      this.backend.title = `${t(`reasons.${reason}`)} ${adapter}`;
    } else setText(this.backend, "…");
    const dark = this.context.dark();
    if (this.theme.dataset.dark !== String(dark)) {
      this.theme.dataset.dark = String(dark);
      this.theme.replaceChildren(icon(dark ? "sun" : "moon"));
    }
    const link = this.context.link();
    if (this.full.href !== link) this.full.href = link;
  }
}

/** Passes over the training images so far. @param {import("../session/state.js").State} state */
export function epochs({ step, config, describe }) {
  const images = Math.min(Number(config.train_size), describe?.data.train_total ?? Infinity);
  return (images > 0 && (step * Number(config.batch)) / images) || 0;
}

/** @param {string} language */
function otherLanguage(language) {
  return LANGUAGES.find((other) => other !== language) ?? language;
}

/** The lab's logo: three planes of decreasing size. */
function mark() {
  const planes = [
    [2, 20],
    [13, 14],
    [23, 8],
  ].map(([x, size], index) => svg("rect", { x, y: 12 - size / 2, width: 7, height: size, rx: 1.5, class: `mark-${index + 1}` }));
  return svg("svg", { viewBox: "0 0 32 24", class: "mark", "aria-hidden": "true" }, ...planes);
}
