// @ts-check
/** Networks side by side: their list, the one shown in detail, and suggestions for comparison. */
import { h, setAttribute } from "../kit/dom.js";
import { icon } from "../kit/icons.js";
import { laneLabels, valueLabel } from "./labels.js";

const MOST = 4;
/** Comparisons that take one click, besides the same network with another seed. */
const COMPARED = ["activation", "norm", "pool", "overlap", "dropout"];
const DROPOUT = { false: "0.5", true: "0" };

export class Lanes {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    this.context = context;
    this.key = "";
    this.list = h("div", { class: "lane-list", role: "group", "aria-label": context.t("lanes.title") });
    this.select = h("select", { "aria-label": context.t("lanes.add"), onchange: () => this.add() });
    const { t, tip, flip } = context;
    const box = h("input", { type: "checkbox", checked: flip.all, onchange: () => (flip.all = box.checked) });
    this.all = h("label", { class: "lane-all" }, box, t("lanes.all"));
    this.all.append(tip.explain(this.all, t("lanes.all_help"), this.all, [box]));
    this.element = h("div", { class: "lanes" }, this.list, this.all, this.select, tip.explain(this.select, t("lanes.add_help")));
  }

  /** @param {import("../session/state.js").State} state */
  update({ lanes, shown, describe, schema }) {
    const labels = laneLabels(this.context.t, lanes, this.context.laneNames());
    const ended = lanes.map(({ divergence }) => divergence?.step ?? -1);
    const key = JSON.stringify([labels, shown, ended, lanes[0].config, schema.length, describe === null]);
    if (key === this.key) return;
    this.key = key;
    this.list.hidden = this.all.hidden = lanes.length === 1;
    const focused = /** @type {HTMLElement | null} */ (this.context.root.activeElement)?.dataset.show;
    this.list.replaceChildren(...labels.map((label, at) => this.lane(label, at, shown === at, ended[at])));
    if (focused !== undefined) /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-show="${focused}"]`))?.focus();
    this.offer(lanes, schema.length > 0 && describe !== null);
  }

  /** @param {string} label @param {number} at @param {boolean} shown @param {number} ended the step at which it diverged, else -1 */
  lane(label, at, shown, ended) {
    const { t, session } = this.context;
    const words = ended < 0 ? label : `${label} · ${t("lanes.diverged", { step: ended })}`;
    const show = h(
      "button",
      { type: "button", class: "lane-show", "data-show": at, "aria-pressed": shown, title: t("lanes.show_help"), onclick: () => session.show(at) },
      h("i", { class: "lane-swatch", "data-lane": at + 1 }),
      words,
    );
    const remove =
      at > 0 &&
      h(
        "button",
        {
          type: "button",
          class: "lane-remove",
          title: t("lanes.remove"),
          "aria-label": `${t("lanes.remove")}: ${label}`,
          onclick: () => session.removeLane(at),
        },
        icon("close"),
      );
    const lane = h("span", { class: "lane" }, show, remove);
    setAttribute(lane, "data-shown", shown);
    return lane;
  }

  /** Offers choices that differ from the first network. @param {import("../session/state.js").Lane[]} lanes @param {boolean} ready */
  offer([{ config }, ...others], ready) {
    const { t, session } = this.context;
    this.select.hidden = !ready || others.length + 1 >= MOST;
    const values = (/** @type {string} */ key) => {
      if (key === "dropout") return [DROPOUT[/** @type {"true" | "false"} */ (String(Number(config.dropout) > 0))]];
      return session.setting(key)?.options ?? ["true", "false"];
    };
    const taken = others.map(({ changes }) => Object.entries(changes).join());
    const changes = COMPARED.flatMap((key) =>
      values(key)
        .filter((value) => value !== config[key])
        .map((value) => [key, value]),
    );
    changes.push(["seed", String(Number(config.seed) + 1)]);
    const options = changes
      .filter((change) => !taken.includes(change.join()))
      .map(([key, value]) => h("option", { value: `${key}:${value}` }, valueLabel(t, key, value)));
    this.select.replaceChildren(h("option", { value: "" }, t("lanes.add")), ...options);
  }

  add() {
    const [key, value] = this.select.value.split(":");
    this.select.value = "";
    if (value !== undefined) this.context.session.addLane({ [key]: value });
  }
}
