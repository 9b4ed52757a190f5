// @ts-check
/** The first steps, and every key. */
import { h } from "../kit/dom.js";
import { KEYS } from "../kit/keyboard.js";
import { dialog } from "./dialog.js";

export class Help {
  /** @param {import("./context.js").Context} context */
  constructor({ t }) {
    const rows = KEYS.map(({ key, action }) =>
      h("tr", null, h("td", null, h("kbd", null, t.has(`keys.${key}`) ? t(`keys.${key}`) : key)), h("td", null, t(`keys.action_${action}`))),
    );
    const points = ["first", "second", "third", "fourth"].map((name) => h("li", null, t(`help.${name}`)));
    this.element = dialog(
      t,
      t("help.title"),
      h("p", null, t("help.what")),
      h("ol", null, points),
      h("h3", null, t("help.keys")),
      h("table", { class: "keys" }, h("tbody", null, rows)),
      h("p", { class: "fine" }, t("help.inside")),
      h("p", { class: "fine" }, t("help.charts")),
      h("p", null, h("a", { href: new URL(`../guide/${t.language}/index.html`, import.meta.url), target: "_blank" }, t("help.guide"))),
    );
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
  }

  open() {
    if (!this.element.open) this.element.showModal();
  }
}
