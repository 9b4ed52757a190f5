// @ts-check
/** A dialog with a title and a button that closes it. */
import { h } from "../kit/dom.js";
import { icon } from "../kit/icons.js";

/** @param {import("../kit/i18n.js").Texts} t @param {string} title @param {...import("../kit/dom.js").Child} content */
export function dialog(t, title, ...content) {
  const close = h("button", { type: "button", class: "tool", "aria-label": t("actions.close"), onclick: () => element.close() }, icon("close"));
  const element = h("dialog", { class: "dialog", "aria-label": title }, h("div", { class: "dialog-head" }, h("h2", null, title), close), ...content);
  return element;
}

/** Opens a dialog for once, unless another one is open. @param {HTMLElement} lab @param {HTMLDialogElement} element */
export function pop(lab, element) {
  if (lab.querySelector("dialog[open]")) return;
  element.addEventListener("close", () => element.remove());
  lab.append(element);
  element.showModal();
}
