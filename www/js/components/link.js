// @ts-check
/** A link to the lab with its current settings. It opens in a tab, or is shown for copying by hand where the browser allows neither. */
import { h, setText } from "../kit/dom.js";
import { dialog } from "./dialog.js";

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
    this.element = dialog(t, t("link.title"), this.why, this.field, this.tab);
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
