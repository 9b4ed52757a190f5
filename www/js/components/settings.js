// @ts-check
/** All settings that are not in the drawn network, in groups. */
import { h } from "../kit/dom.js";
import { Control } from "./control.js";
import { MENUS } from "./menu.js";

/** The order on the page. A schema key that is missing here comes last, so none gets lost. */
const GROUPS = {
  optimizer: ["lr", "momentum", "weight_decay", "schedule", "schedule_every", "batch"],
  start: ["init", "init_scale", "init_scale_layer", "seed", "width", "depth", "arch"],
  images: ["data", "hold_back", "train_size", "augment", "test_size", "test_every", "train_eval"],
  stop: ["stop_steps", "stop_accuracy", "stop_loss", "stop_seconds"],
  machine: ["backend", "workers"],
};

export class Settings {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    const { session, t } = context;
    /** @type {Control[]} */
    this.controls = [];
    this.element = h("div", { class: "settings" });
    // These are in the menus of their chips.
    const inTheNetwork = Object.values(MENUS).flatMap(({ choice, more }) => [choice, ...Object.keys(more)]);
    const known = new Set([...Object.values(GROUPS).flat(), ...inTheNetwork]);
    const rest = session.state.schema.filter(({ key, effect }) => effect !== "view" && !known.has(key)).map(({ key }) => key);
    for (const [group, keys] of Object.entries({ ...GROUPS, rest })) {
      const controls = keys.flatMap((key) => {
        const setting = session.setting(key);
        // A single option is no choice.
        return setting && (setting.options?.length ?? 2) > 1 ? [new Control(setting, context)] : [];
      });
      if (controls.length === 0) continue;
      this.controls.push(...controls);
      this.element.append(
        h(
          "fieldset",
          { class: "group" },
          h("legend", null, t(`groups.${group}`)),
          controls.map((control) => control.element),
        ),
      );
    }
    this.element.append(h("p", { class: "fine" }, t("effects.restart_sign"), " ", t("effects.restart")));
  }

  /** @param {import("../session/state.js").State} state */
  update({ config, describe }) {
    for (const control of this.controls) {
      const { train_total, test_total } = describe?.data ?? {};
      control.limit = { train_size: train_total, test_size: test_total }[control.setting.key] ?? Infinity;
      control.update(config);
      if (control.setting.key === "schedule_every") control.element.hidden = config.schedule !== "step";
      if (control.setting.key === "hold_back") control.element.hidden = describe?.data.source !== "generated";
    }
  }
}
