// @ts-check
/** The first steps, and every key. */
import { dialog, pop } from "../components/dialog.js";
import { h } from "../kit/dom.js";
import { address, isFolder } from "../kit/files.js";
import { KEYS } from "../kit/keyboard.js";
import { forgetRuns } from "../session/storage.js";

/** @param {import("../components/host.js").Host} shell */
export function showHelp({ context, lab }) {
  const { t } = context;
  const rows = KEYS.map(({ key, action }) =>
    h("tr", null, h("td", null, h("kbd", null, t.has(`keys.${key}`) ? t(`keys.${key}`) : key)), h("td", null, t(`keys.action_${action}`))),
  );
  const forget = h(
    "button",
    {
      type: "button",
      class: "action",
      onclick: () =>
        forgetRuns()
          .catch(() => {})
          .then(() => (forget.textContent = t("help.forgotten"))),
    },
    t("help.forget"),
  );
  const points = ["first", "second", "third", "fourth"].map((name) => h("li", null, t(`help.${name}`)));
  const documents = (isFolder ? ["guide", "slides"] : []).map((folder) =>
    h("p", null, h("a", { href: address(`${folder}/${t.language}/index.html`), target: "_blank" }, t(`help.${folder}`))),
  );
  const element = dialog(
    t,
    t("help.title"),
    h("p", null, t("help.what")),
    h("ol", null, points),
    h("h3", null, t("help.keys")),
    h("table", { class: "keys" }, h("tbody", null, rows)),
    h("p", { class: "fine" }, t("help.inside")),
    h("p", { class: "fine" }, t("help.charts")),
    h("p", { class: "fine" }, t("help.kept"), " ", forget),
    ...documents,
  );
  element.addEventListener("click", ({ target }) => target === element && element.close());
  pop(lab, element);
}
