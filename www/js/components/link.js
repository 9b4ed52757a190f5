// @ts-check
/** A link to the lab with its current settings. It opens in a tab, or is shown for copying by hand where the browser allows neither. */
import { h, setText } from "../kit/dom.js";
import { icon } from "../kit/icons.js";

/** Whether the lab is in a frame, which may forbid what the browser allows. */
export const framed = window.parent !== window;

/** @param {import("./context.js").Context} context @param {import("../kit/dom.js").Props} props @param {...import("../kit/dom.js").Child} children */
export function labLink(context, props, ...children) {
  const onclick = (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    context.act("open");
  };
  return h("a", { ...props, href: context.link(), target: "_blank", rel: "noopener", onclick }, ...children);
}

export class LinkDialog {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    const { t } = context;
    this.context = context;
    this.why = h("p", { id: "link-why" });
    this.field = h("input", { type: "text", class: "link-field", readOnly: true, "aria-labelledby": "link-why", onfocus: () => this.field.select() });
    this.tab = h("p", null, labLink(context, {}, t("actions.open_title")));
    const close = h("button", { type: "button", class: "tool", "aria-label": t("actions.close"), onclick: () => this.element.close() }, icon("close"));
    this.element = h(
      "dialog",
      { class: "dialog", "aria-label": t("link.title") },
      h("div", { class: "dialog-head" }, h("h2", null, t("link.title")), close),
      this.why,
      this.field,
      this.tab,
    );
  }

  /** @param {"copy" | "open"} refused what the browser refused */
  open(refused) {
    setText(this.why, this.context.t(`link.${refused}`));
    this.field.value = this.context.link();
    this.tab.hidden = refused === "open";
    if (!this.element.open) this.element.showModal();
    this.field.focus();
  }
}
