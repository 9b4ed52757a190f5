// @ts-check
/** The link to the lab with its present settings, for copying by hand where the browser allows neither to copy it nor to open it. */
import { dialog, pop } from "../components/dialog.js";
import { labLink } from "../components/link.js";
import { h } from "../kit/dom.js";

/** @param {import("../components/host.js").Host} shell @param {"copy" | "open"} refused what the browser refused */
export function showLink({ context, lab }, refused) {
  const { t } = context;
  const why = h("p", { id: "link-why" }, t(`link.${refused}`));
  const field = h("input", { type: "text", class: "link-field", readOnly: true, "aria-labelledby": "link-why", onfocus: () => field.select() });
  field.value = context.link();
  const tab = h("p", { hidden: refused === "open" }, labLink(context, {}, t("actions.open_title")));
  const element = dialog(t, t("link.title"), why, field, tab);
  pop(lab, element);
  field.focus();
}
