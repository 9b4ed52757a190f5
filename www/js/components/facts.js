// @ts-check
/** The cost of this configuration, where it runs, and why there. */
import { h, setText } from "../kit/dom.js";
import { bytes, integer, number, si } from "../kit/format.js";

const ROWS = ["parameters", "macs", "memory", "step_time", "images", "rate", "dispatches", "backend", "adapter", "kernels", "reason"];

export class Cost {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    this.context = context;
    this.values = Object.fromEntries(ROWS.map((name) => [name, h("dd", null, "–")]));
    const rows = ROWS.map((name) =>
      h(
        "div",
        { class: `fact fact-${name}` },
        h("dt", null, context.tip.button([context.t(`cost.${name}`)], context.t(`cost.${name}_help`))),
        this.values[name],
      ),
    );
    this.element = h("dl", { class: "facts" }, rows);
  }

  /** @param {import("../session/state.js").State} state */
  update({ describe, config, milliseconds }) {
    if (!describe) return;
    const { t } = this.context;
    const { cost, backend } = describe;
    const batch = Number(config.batch);
    const known = Number.isFinite(milliseconds) && milliseconds > 0;
    const perSecond = (batch * 1000) / milliseconds;
    const set = (/** @type {string} */ name, /** @type {string} */ text) => setText(this.values[name], text);
    set("parameters", integer(cost.parameters));
    set("macs", t("units.macs_an_image", { n: si(cost.macs) }));
    set("memory", bytes(cost.memory_bytes));
    set("step_time", known ? `${number(milliseconds)} ms` : "–");
    set("images", known ? t("units.images_a_second", { n: integer(perSecond) }) : "–");
    set("rate", known ? t("units.macs_a_second", { n: si(perSecond * (cost.training_macs ?? 3 * cost.macs)) }) : "–");
    set("dispatches", cost.dispatches > 0 ? integer(cost.dispatches) : "–");
    set("backend", t(`backends.${backend.name}_long`, { simd: backend.simd === "relaxed" ? "relaxed SIMD" : "SIMD" }));
    set("adapter", backend.adapter || "–");
    set("kernels", backend.kernels ? this.kernels(backend.kernels) : "–");
    set("reason", t(`reasons.${backend.reason}`));
  }

  /** @param {import("../worker/types.js").Kernels} kernels */
  kernels({ family, measured }) {
    const { t } = this.context;
    const rates = measured?.tiled && { registers: number(measured.registers), tiled: number(measured.tiled) };
    return rates ? t(`families.${family}_measured`, rates) : t(`families.${family}`);
  }
}
