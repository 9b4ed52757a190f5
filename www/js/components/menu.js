// @ts-check
/** The choices of one component, opened at its chip: radio buttons, each with a picture and a sentence, and its constants. */
import { h } from "../kit/dom.js";
import { icon } from "../kit/icons.js";
import { placeAbove } from "../kit/place.js";
import { Control } from "./control.js";

/** The content of each component's menu: the choice, and further settings with the choice that they belong to. */
export const MENUS = {
  activation: { choice: "activation", more: {} },
  norm: {
    choice: "norm",
    more: {
      ...{ lrn_n: "lrn", lrn_k: "lrn", lrn_alpha: "lrn", lrn_beta: "lrn", lrn_region: "lrn" },
      ...{ bn_place: "bn", bn_noise: "bn", bn_epsilon: "bn", bn_momentum: "bn" },
    },
  },
  pool: { choice: "pool", more: { overlap: "" } },
  dropout: { choice: "", more: { dropout: "" } },
};

/** Pixels between a chip and its menu. */
const GAP = 6;

export class Menu {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    this.context = context;
    /** @type {HTMLElement | null} */
    this.anchor = null;
    /** @type {HTMLInputElement[]} */
    this.radios = [];
    /** @type {{control: Control, only: string}[]} */
    this.controls = [];
    this.choice = "";
    this.element = h("div", { class: "menu", role: "dialog", popover: "auto" });
    this.element.addEventListener("toggle", (event) => {
      if (/** @type {ToggleEvent} */ (event).newState === "closed") this.chip?.setAttribute("aria-expanded", "false");
    });
    // On any way of closing, the focus returns at once to the chip that opened it.
    this.element.addEventListener("beforetoggle", (event) => {
      const closes = /** @type {ToggleEvent} */ (event).newState === "closed";
      if (closes && this.element.matches(":focus-within")) this.chip?.focus();
    });
    // Enter confirms the choice; arrow keys only try it. A click confirms too, and closes the menu so that its effect is visible.
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target instanceof HTMLInputElement && event.target.type === "radio") this.close();
    });
    this.element.addEventListener("pointerup", (event) => {
      const entry = event.target instanceof Element && event.target.closest(".entry");
      if (entry) requestAnimationFrame(() => this.close());
    });
  }

  /** @param {keyof typeof MENUS} kind @param {HTMLElement} anchor */
  open(kind, anchor) {
    const { t, session } = this.context;
    const { choice, more } = MENUS[kind];
    const setting = session.setting(choice || kind);
    if (!setting) return;
    this.anchor = anchor;
    this.choice = choice;
    const entries = (choice ? (setting.options ?? []) : []).map((value) => this.entry(choice, value));
    this.radios = entries.map(({ radio }) => radio);
    this.controls = Object.entries(more).flatMap(([key, only]) => {
      const row = session.setting(key);
      return row ? [{ control: new Control(row, this.context, key !== kind), only }] : [];
    });
    this.element.setAttribute("aria-label", t(`settings.${kind}.label`));
    this.element.replaceChildren(
      h("h3", null, t(`settings.${kind}.label`)),
      h("p", { class: "fine" }, t(`settings.${kind}.help`)),
      h(
        "div",
        { role: "radiogroup", class: "entries", "aria-label": t(`settings.${kind}.label`) },
        entries.map(({ element }) => element),
      ),
      h(
        "div",
        { class: "constants" },
        this.controls.map(({ control }) => control.element),
      ),
    );
    this.update(session.state);
    this.element.showPopover();
    this.anchor.setAttribute("aria-expanded", "true");
    placeAbove(this.element, anchor, GAP, anchor.closest(".column") ?? anchor); // its effect shows below
    (this.radios.find((radio) => radio.checked) ?? this.element.querySelector("input"))?.focus();
  }

  /** The chip that opened it: a choice may have redrawn the network. @returns {HTMLElement | null} */
  get chip() {
    const { anchor } = this;
    return !anchor || anchor.isConnected ? anchor : this.context.root.querySelector(`[data-chip="${anchor.dataset.chip}"]`);
  }

  close() {
    this.element.hidePopover();
  }

  /** @param {string} key @param {string} value */
  entry(key, value) {
    const { t, change } = this.context;
    const about = `about.${key}.${value}`;
    const radio = h("input", { type: "radio", name: "menu-choice", value, onchange: () => change({ [key]: value }) });
    const element = h(
      "label",
      { class: "entry" },
      radio,
      icon(value),
      h("span", null, h("strong", null, t(`options.${key}.${value}`)), t.has(about) && h("span", { class: "fine" }, t(about))),
    );
    return { radio, element };
  }

  /** @param {import("../session/state.js").State} state */
  update({ config }) {
    for (const radio of this.radios) radio.checked = radio.value === config[this.choice];
    for (const { control, only } of this.controls) {
      control.update(config);
      control.element.hidden = only !== "" && config[this.choice] !== only;
    }
  }
}
