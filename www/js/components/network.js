// @ts-check
/** The drawn network: one column per block. Data flows left to right and, within a block, top to bottom. Each component is a switch. */
import { h, setAttribute, setText, svg } from "../kit/dom.js";
import { live, percent, si } from "../kit/format.js";
import { Chip, chipsOf } from "./chip.js";
import { Spark } from "../charts/gradients/spark.js";
import { GRADIENT_ROW } from "../charts/rows.js";
import { Thumbnails } from "./thumbnails.js";

/**
 * @typedef {import("../worker/types.js").Description} Description
 * @typedef {import("../worker/types.js").Block} Block
 */

export class Network {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    this.context = context;
    this.key = "";
    /** @type {Chip[]} */
    this.chips = [];
    /** What may follow a learnt layer, in order. @type {string[]} */
    this.slots = [];
    /** @type {{block: string, tensor: number, spark: Spark, norm: HTMLElement, element: HTMLElement}[]} */
    this.gradients = [];
    this.thumbnails = new Thumbnails();
    this.loss = h("span", { class: "big" }, "–");
    this.accuracy = h("span", { class: "big" }, "–");
    this.strip = h("div", { class: "strip", role: "group", "aria-label": context.t("regions.network"), tabIndex: 0 });
    this.element = h("section", { class: "network", "aria-label": context.t("regions.network") }, this.strip);
  }

  /** @param {import("../session/state.js").State} state */
  update(state) {
    if (!state.describe) return;
    const { network } = state.describe;
    const key = JSON.stringify([network.layers, network.blocks.map((block) => block.name)]);
    if (key !== this.key) this.build(state.describe, key);
    for (const chip of this.chips) chip.update(state);
    setText(this.loss, Number.isNaN(state.loss) && state.step === 0 ? "–" : live(state.loss));
    setText(this.accuracy, Number.isNaN(state.accuracy) ? "–" : percent(state.accuracy));
    for (const gradient of this.gradients) {
      setAttribute(gradient.element, "data-diverged", state.divergence?.layer.split(".")[0] === gradient.block);
    }
  }

  /** @param {Description} describe @param {string} key */
  build(describe, key) {
    const focused = /** @type {HTMLElement | null} */ (/** @type {ShadowRoot} */ (this.context.root).activeElement)?.dataset.chip;
    for (const { spark } of this.gradients) spark.destroy();
    this.key = key;
    this.chips = [];
    this.gradients = [];
    const { blocks } = describe.network;
    const lrn = blocks.some((block) => block.lrn === "after_pool") ? ["pool", "lrn"] : ["lrn", "pool"];
    this.slots = ["bn", "activation", ...lrn];
    setAttribute(this.strip, "data-many", blocks.length > 10);
    this.strip.style.setProperty("--blocks", String(blocks.length));
    this.strip.replaceChildren(this.input(describe), ...blocks.map((block) => this.block(describe, block)), this.output(describe));
    this.retheme(); // colours are only known inside the document
    if (focused) this.chips.find((chip) => chip.element.dataset.chip === focused)?.element.focus();
  }

  /** The first column: the next images, and the meaning of the rows below. @param {Description} describe */
  input({ network, config }) {
    const { t } = this.context;
    const { height, width, channels } = network.input;
    const row = (/** @type {string} */ name) => h("div", { class: `row-name row-${name}` }, t(`network.rows.${name}`));
    const rows = this.slots.map(row);
    return h(
      "div",
      { class: "column column-input" },
      h("div", { class: "picture" }, this.thumbnails.element),
      h("div", { class: "head" }, h("strong", null, t("network.images")), h("span", { class: "shape" }, `${config.batch} × ${height}×${width}×${channels}`)),
      rows,
      row("gradient"),
    );
  }

  /** @param {Description} describe @param {Block} block */
  block(describe, block) {
    const { t } = this.context;
    const { network } = describe;
    const range = network.layers.slice(block.layers.start, block.layers.end);
    const [layer] = range;
    const { height, width, channels } = layer.output;
    const flat = layer.kind === "linear";
    const kind = flat ? t("network.linear") : `${layer.kernel}×${layer.kernel}`;
    const shape = flat ? String(channels) : `${height}×${width}×${channels}`;
    const slot = (/** @type {string} */ name) => {
      const chips = chipsOf(name, range, block.lrn).map((spec) => new Chip(spec, `${block.name}.${name}`, this.context));
      this.chips.push(...chips);
      return h(
        "div",
        { class: `slot slot-${name}` },
        chips.map((chip) => chip.element),
      );
    };
    const look = () => this.context.look(block.name);
    const host = h("div", { class: "spark" });
    const norm = h("span", { class: "norm" }, "–");
    const element = h(
      "div",
      { class: "column", role: "group", "aria-label": t("network.block", { name: block.name, shape }), "data-block": block.name },
      h("div", { class: "picture", onclick: look }, volume(height, channels, !flat)),
      h(
        "div",
        { class: "head", title: `${kind} · ${shape}. ` + t("network.block_title", { parameters: si(block.parameters), macs: si(block.macs) }) },
        h("button", { type: "button", class: "look", title: t("network.look"), "aria-haspopup": "dialog", onclick: look }, h("strong", null, block.name)),
        h("span", { class: "shape" }, `${kind} · ${shape}`),
      ),
      this.slots.map(slot),
      h("div", { class: "gradient-cell" }, host, norm),
    );
    const spark = new Spark(host, this.context.chartOptions());
    const tensor = network.tensors.findIndex((candidate) => candidate.name === `${block.name}.weight`);
    this.gradients.push({ block: block.name, tensor, spark, norm, element });
    return element;
  }

  /** The last column: the output. @param {Description} describe */
  output({ network }) {
    const { t } = this.context;
    return h(
      "div",
      { class: "column column-output" },
      h("div", { class: "picture" }, h("div", { class: "softmax" }, "softmax")),
      h("div", { class: "head" }, h("strong", null, t("network.classes", { n: network.classes })), h("span", { class: "shape" }, t("network.cross_entropy"))),
      h(
        "div",
        { class: "result" },
        h("div", null, h("span", { class: "counter-name" }, t("network.loss")), this.loss),
        h("div", null, h("span", { class: "counter-name" }, t("network.accuracy")), this.accuracy),
      ),
    );
  }

  /** @param {Pick<import("../worker/types.js").Snapshot, "parameters">} snapshot */
  showSnapshot({ parameters }) {
    for (const { block, tensor, spark, norm } of this.gradients) {
      const row = parameters.subarray(tensor * GRADIENT_ROW, (tensor + 1) * GRADIENT_ROW);
      if (row.length < GRADIENT_ROW) continue;
      spark.update({ layer: block, row });
      setText(norm, live(row[133]));
    }
  }

  /** @param {{pixels: Uint8Array, labels: Uint8Array}} batch */
  showBatch({ pixels }) {
    this.thumbnails.show(pixels);
  }

  retheme() {
    for (const { spark } of this.gradients) spark.refreshTheme();
  }

  destroy() {
    for (const { spark } of this.gradients) spark.destroy();
  }
}

/**
 * A block's output as a solid: the height of its front grows with the root of the image's side, its depth with the logarithm of the channels.
 * @param {number} side @param {number} channels @param {boolean} conv
 */
export function volume(side, channels, conv) {
  const front = conv ? 8 + 44 * Math.sqrt(Math.min(side, 64) / 32) : 7;
  const height = conv ? front : Math.min(76, 16 + 7 * Math.log2(Math.max(channels, 2)));
  const depth = conv ? 4 + 5 * Math.log2(Math.max(channels / 8, 1)) : 6;
  const lean = 0.55 * depth;
  const [total, middle] = [front + depth, 44];
  const [x, y] = [(100 - total) / 2, middle - (height - lean) / 2];
  const points = (/** @type {number[][]} */ list) => list.map((point) => point.map((v) => v.toFixed(1)).join(",")).join(" ");
  return svg(
    "svg",
    { viewBox: "0 0 100 88", class: "volume", "aria-hidden": "true" },
    svg("line", { x1: -60, y1: middle, x2: x - 3, y2: middle, class: "flow" }),
    svg("line", { x1: x + total + 3, y1: middle, x2: 160, y2: middle, class: "flow" }),
    svg("polygon", {
      class: "volume-top",
      points: points([
        [x, y],
        [x + depth, y - lean],
        [x + depth + front, y - lean],
        [x + front, y],
      ]),
    }),
    svg("polygon", {
      class: "volume-side",
      points: points([
        [x + front, y],
        [x + front + depth, y - lean],
        [x + front + depth, y - lean + height],
        [x + front, y + height],
      ]),
    }),
    svg("rect", { class: "volume-front", x, y, width: front, height }),
  );
}
