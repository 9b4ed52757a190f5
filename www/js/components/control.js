// @ts-check
/** One setting's control, made from its row in the schema. `update` brings the state in, one callback reports each `change`. */
import { h, setAttribute } from "../kit/dom.js";
import { typedNumber } from "../kit/number.js";

/**
 * @typedef {import("../worker/types.js").Setting} Setting
 * @typedef {{t: import("../kit/i18n.js").Texts, session: import("../session/session.js").Session, tip: import("../kit/tip.js").Tip, change: (changes: Record<string, string>) => void}} Context
 */

/** Up to this many choices with short words stand side by side. */
const SIDE_BY_SIDE = 4;
/** Most letters of all options, on a phone. */
const LETTERS = 40;
/** Sliders have this many positions. */
const TICKS = 1000;
/** Decades below the largest value on a logarithmic slider; the leftmost position is the smallest value itself. */
const DECADES = 7;
/** A range of more numbers than this has a field instead of a slider. */
const SLIDABLE = 100_000;

let serial = 0;

export class Control {
  /** @param {Setting} setting @param {Context} context @param {boolean} [explains] shows its explanation on hover, unless the sentence stands beside it */
  constructor(setting, context, explains = true) {
    this.setting = setting;
    this.context = context;
    /** The largest useful value: the data set has no more images. */
    this.limit = Infinity;
    this.id = `control-${++serial}`;
    const { t, tip } = context;
    const key = setting.key;
    const restarts = setting.effect === "restart";
    this.label = h(
      "label",
      { class: "control-label", id: `${this.id}-label`, for: this.id },
      h("span", { class: explains && "explained" }, t(`settings.${key}.label`)),
      " ",
      restarts && h("span", { class: "effect" }, t("effects.restart_sign")),
    );
    this.input = this.build();
    this.element = h("div", { class: "control", "data-key": key, "data-kind": setting.kind }, this.label, this.input);
    const about = t(`settings.${key}.help`) + (restarts ? ` ${t("effects.restart_sign")} ${t("effects.restart")}` : "");
    if (explains) this.element.append(tip.explain(this.label, about, this.element, this.input.matches(".slider") ? this.input.children : [this.input]));
  }

  /** @returns {HTMLElement} */
  build() {
    switch (this.setting.kind) {
      case "choice":
        return this.isShort(this.setting.options ?? []) ? this.segments() : this.select();
      case "switch":
        return this.toggle();
      default:
        return this.slider();
    }
  }

  /** @param {string} value */
  name(value) {
    const key = `options.${this.setting.key}.${value}`;
    return this.context.t.has(key) ? this.context.t(key) : value;
  }

  /** Whether these options have room side by side. @param {string[]} options */
  isShort(options) {
    return options.length <= SIDE_BY_SIDE && options.map((value) => this.name(value)).join("").length <= LETTERS;
  }

  /** @param {string} value */
  commit(value) {
    if (value !== this.value) this.context.change({ [this.setting.key]: value });
  }

  segments() {
    const radios = (this.setting.options ?? []).map((value) => {
      const radio = h("input", { type: "radio", name: this.id, value, onchange: () => this.commit(value) });
      return { value, radio, element: h("label", { class: "segment" }, radio, h("span", null, this.name(value))) };
    });
    this.show = (/** @type {string} */ value) => radios.forEach((entry) => (entry.radio.checked = entry.value === value));
    this.label.removeAttribute("for");
    return h(
      "div",
      { class: "segments", role: "radiogroup", "aria-labelledby": `${this.id}-label` },
      radios.map((entry) => entry.element),
    );
  }

  select() {
    const options = (this.setting.options ?? []).map((value) => h("option", { value }, this.name(value)));
    const select = h("select", { id: this.id, onchange: () => this.commit(select.value) }, options);
    this.show = (/** @type {string} */ value) => (select.value = value);
    return select;
  }

  toggle() {
    const box = h("input", { type: "checkbox", role: "switch", id: this.id, class: "toggle", onchange: () => this.commit(String(box.checked)) });
    this.show = (/** @type {string} */ value) => (box.checked = value === "true");
    return box;
  }

  /** A slider with a field for exact values; only the field where a slider would have too many values. */
  slider() {
    const { min = 0, max = 1 } = this.setting;
    const field = h("input", { type: "text", inputMode: "decimal", id: this.id, class: "number", autocomplete: "off", spellcheck: false });
    let typing = false;
    field.addEventListener("input", () => (typing = true));
    field.addEventListener("change", () => {
      typing = false;
      try {
        this.commit(typedNumber(field.value, this.setting.kind === "integer"));
      } catch (problem) {
        this.context.session.patch({ problem: { .../** @type {import("../worker/types.js").Problem} */ (problem), key: this.setting.key } });
      }
      field.value = this.value ?? "";
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      typing = false;
      field.value = this.value ?? "";
    });
    const slidable = max - min <= SLIDABLE && max - min > 0;
    if (!slidable) {
      this.show = (/** @type {string} */ value) => {
        if (!typing) field.value = value;
      };
      return h("div", { class: "slider" }, field);
    }
    const range = h("input", { type: "range", min: "0", max: String(TICKS), step: "1", "aria-labelledby": `${this.id}-label` });
    // A live setting follows the slider; one that rebuilds or restarts waits for its release.
    const live = this.setting.effect === "live";
    range.addEventListener("input", () => {
      field.value = this.fromTicks(Number(range.value));
      setAttribute(range, "aria-valuetext", field.value);
      if (live) this.commit(field.value);
    });
    range.addEventListener("change", () => this.commit(this.fromTicks(Number(range.value))));
    this.show = (/** @type {string} */ value) => {
      const root = /** @type {ShadowRoot | Document} */ (field.getRootNode());
      if (!typing) field.value = value;
      if (root.activeElement !== range || Math.abs(Number(range.value) - this.toTicks(Number(value))) > 1) {
        range.value = String(this.toTicks(Number(value)));
      }
      setAttribute(range, "aria-valuetext", value);
    };
    return h("div", { class: "slider" }, range, field);
  }

  get max() {
    return Math.min(this.setting.max ?? 1, this.limit);
  }

  /** Logarithmic where the schema says so, and for counts over more than two decades. */
  get logarithmic() {
    const { min = 0, max = 1, kind, log } = this.setting;
    return kind === "number" ? log === true : max / Math.max(min, 1) > 300;
  }

  get floor() {
    const { max } = this;
    const { min = 0, kind } = this.setting;
    return min > 0 ? min : kind === "integer" ? 1 : max / 10 ** DECADES;
  }

  /** @param {number} ticks @returns {string} */
  fromTicks(ticks) {
    const { max } = this;
    const { min = 0, kind } = this.setting;
    if (ticks <= 0) return String(min);
    if (ticks >= TICKS) return String(max);
    const share = ticks / TICKS;
    const value = this.logarithmic ? this.floor * (max / this.floor) ** share : min + (max - min) * share;
    if (kind === "integer") return String(Math.round(this.logarithmic ? Number(value.toPrecision(2)) : value));
    if (this.logarithmic) return String(Number(value.toPrecision(2)));
    // Steps of a round size, about 1/100 of the range.
    const grain = 10 ** Math.floor(Math.log10((max - min) / 90));
    return String(Number((Math.round(value / grain) * grain).toPrecision(6)));
  }

  /** @param {number} value @returns {number} */
  toTicks(value) {
    const { max } = this;
    const { min = 0 } = this.setting;
    if (!(value > min)) return 0;
    const share = this.logarithmic ? Math.log(value / this.floor) / Math.log(max / this.floor) : (value - min) / (max - min);
    return Math.round(TICKS * Math.min(1, Math.max(share, 1 / TICKS)));
  }

  /** @param {Record<string, string>} config */
  update(config) {
    const value = config[this.setting.key];
    if (value === undefined) return;
    this.value = Number(value) > this.limit ? String(this.limit) : value;
    this.show?.(this.value);
    setAttribute(this.element, "data-changed", value !== this.setting.default && !same(value, this.setting.default));
  }
}

/** "0.0005" and "5e-4" are the same setting. @param {string} a @param {string} b */
function same(a, b) {
  return a !== "" && b !== "" && Number(a) === Number(b);
}
