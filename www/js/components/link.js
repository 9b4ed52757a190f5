// @ts-check
/** A link to the lab with its present settings. */
import { h } from "../kit/dom.js";

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
