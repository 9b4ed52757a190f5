// @ts-check
/** Panels behind tabs, by mouse and arrow keys (WAI-ARIA's tabs pattern, activated on focus). */
import { h, setAttribute } from "../kit/dom.js";

let serial = 0;

export class Tabs {
  /**
   * @param {string} label
   * @param {{name: string, title: string, about: string, panel: HTMLElement}[]} tabs
   * @param {import("../kit/tip.js").Tip} tip
   * @param {string | undefined} chosen name of the tab shown first; the first one unless given
   * @param {(name: string) => void} [onchange]
   */
  constructor(label, tabs, tip, chosen, onchange = () => {}) {
    const group = `tabs-${++serial}`;
    this.onchange = onchange;
    /** @type {HTMLElement[]} */
    const words = [];
    this.tabs = tabs.map(({ name, title, about, panel }) => {
      const id = `${group}-${name}`;
      const button = h(
        "button",
        { type: "button", role: "tab", class: "tab", id, onclick: () => this.choose(name), onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e) },
        title,
      );
      words.push(tip.explain(button, about));
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", id);
      return { name, button, panel };
    });
    this.list = h(
      "div",
      { class: "tab-list", role: "tablist", "aria-label": label },
      this.tabs.map(({ button }) => button),
    );
    this.element = h(
      "div",
      { class: "tabs" },
      this.list,
      words,
      this.tabs.map(({ panel }) => panel),
    );
    this.chosen = "";
    this.choose((tabs.find(({ name }) => name === chosen) ?? tabs[0]).name);
  }

  /** @param {string} chosen */
  choose(chosen) {
    if (chosen === this.chosen) return;
    this.chosen = chosen;
    for (const { name, button, panel } of this.tabs) {
      setAttribute(button, "aria-selected", String(name === chosen));
      button.tabIndex = name === chosen ? 0 : -1;
      panel.hidden = name !== chosen;
    }
    this.onchange(chosen);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const at = this.tabs.findIndex(({ name }) => name === this.chosen);
    const last = this.tabs.length - 1;
    const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.choose(this.tabs[to].name);
    this.tabs[to].button.focus();
  }
}
