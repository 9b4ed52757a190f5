// @ts-check
/** A component of the network as a button with an icon and a name. A click opens its choices there. */
import { h, setAttribute, setText } from "../kit/dom.js";
import { icon } from "../kit/icons.js";

/**
 * @typedef {import("../worker/types.js").Layer} Layer
 * @typedef {import("../worker/types.js").Block} Block
 * @typedef {{kind: "norm" | "activation" | "pool" | "dropout", ghost: boolean, pool?: string}} Spec `ghost`: the slot is there, the component is not.
 * `pool`: the layer's own kind, as the paper's may differ from layer to layer.
 */

/**
 * The chips in a slot of a block. The last block has none: only the loss follows it.
 * @param {string} slot bn, activation, lrn or pool
 * @param {Layer[]} layers of the block
 * @param {Block["lrn"]} lrn where it may stand
 * @returns {Spec[]}
 */
export function chipsOf(slot, layers, lrn) {
  const at = (/** @type {string} */ kind) => layers.findIndex((layer) => layer.kind === kind);
  const has = (/** @type {string} */ kind) => at(kind) >= 0;
  const behind = at("batch_norm") > at("activation");
  if (!has("activation")) return [];
  switch (slot) {
    case "bn":
      return [{ kind: "norm", ghost: behind || !has("batch_norm") }];
    case "activation":
      return [{ kind: "activation", ghost: false }];
    case "lrn":
      return lrn ? [{ kind: "norm", ghost: !behind && !has("lrn") }] : [];
    default:
      if (has("pool")) return [{ kind: "pool", ghost: false, pool: layers[at("pool")].pool }];
      return has("dropout") ? [{ kind: "dropout", ghost: false }] : [];
  }
}

export class Chip {
  /** @param {Spec} spec @param {string} place `conv1.activation`, unique @param {import("./context.js").Context} context */
  constructor(spec, place, context) {
    this.spec = spec;
    this.place = place;
    this.context = context;
    this.sign = h("span", { class: "chip-sign" });
    this.text = h("span", { class: "chip-text" });
    this.element = h(
      "button",
      {
        type: "button",
        class: "chip",
        "data-kind": spec.kind,
        "data-ghost": spec.ghost,
        "data-chip": place,
        "aria-haspopup": "dialog",
        onclick: () => context.openMenu(spec.kind, this.element),
      },
      this.sign,
      this.text,
    );
    const mates = (/** @type {boolean} */ on) => () => context.highlight(spec.kind, on);
    this.element.addEventListener("pointerenter", mates(true));
    this.element.addEventListener("pointerleave", mates(false));
  }

  /** @param {import("../session/state.js").State} state */
  update({ config }) {
    this.element.hidden = !config.norm; // while it loads
    if (this.element.hidden) return;
    const { t } = this.context;
    const { sign, text } = this.words(config);
    if (this.sign.dataset.sign !== sign) {
      this.sign.dataset.sign = sign;
      this.sign.replaceChildren(icon(sign));
    }
    setText(this.text, text);
    // Dropout of 0 counts as no component.
    if (this.spec.kind === "dropout") setAttribute(this.element, "data-ghost", Number(config.dropout) === 0);
    const setting = t(`settings.${this.spec.kind}.label`);
    setAttribute(this.element, "aria-label", `${setting}: ${text}`);
    setAttribute(this.element, "title", t("network.chip_title", { setting, value: text }));
  }

  /** @param {Record<string, string>} config */
  words(config) {
    const { t } = this.context;
    const short = (/** @type {string} */ key, /** @type {string} */ value) =>
      t(t.has(`short.${key}.${value}`) ? `short.${key}.${value}` : `options.${key}.${value}`);
    switch (this.spec.kind) {
      case "activation":
        return { sign: config.activation, text: short("activation", config.activation) };
      case "pool": {
        const { pool = config.pool } = this.spec;
        return { sign: pool, text: `${short("pool", pool)} ${config.overlap === "true" ? "3/2" : "2/2"}` };
      }
      case "dropout":
        return { sign: "dropout", text: `${t("short.dropout")} ${config.dropout}` };
      default: {
        const slot = this.place.endsWith(".norm") ? config.norm : this.place.split(".")[1];
        const sign = slot === "lrn" && config.norm === "bn" && config.bn_place === "lrn" ? "bn" : slot;
        return { sign, text: short("norm", sign) };
      }
    }
  }
}
