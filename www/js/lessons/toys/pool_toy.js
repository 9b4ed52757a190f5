// @ts-check
/** Four poolings of one map: what each keeps of it, and where a gradient of 1 from each output goes back. */
import { h, setText } from "../../kit/dom.js";
import { pooledMap, pooledPlace, tapsOf } from "../../drill/arithmetic.js";
import { figure } from "../../drill/formula.js";
import { percent } from "../../kit/format.js";
import { ProbeToy } from "./probe_toy.js";

/** Named as the lesson's lanes. */
export const POOLINGS = [
  { name: "max_overlap", pool: "max", kernel: 3 },
  { name: "max", pool: "max", kernel: 2 },
  { name: "avg_overlap", pool: "avg", kernel: 3 },
  { name: "avg", pool: "avg", kernel: 2 },
];
const STRIDE = 2;

/**
 * A pooling layer for an output of this shape. Windows of 3 are padded where their output would otherwise differ in size from that of windows of 2.
 * @param {import("../../worker/types.js").Shape} input @param {{pool: string, kernel: number}} pooling @returns {import("../../worker/types.js").Layer}
 */
export function poolLayer(input, { pool, kernel }) {
  const { height, width, channels } = input;
  const padding = kernel === 3 && height % STRIDE === 0 ? 1 : 0;
  const size = (/** @type {number} */ x) => Math.floor((x + 2 * padding - kernel) / STRIDE) + 1;
  return { name: "pool", kind: "pool", input, output: { height: size(height), width: size(width), channels }, pool, kernel, stride: STRIDE, padding };
}

/** @param {Float32Array} gradient */
export const shareOfNone = (gradient) => gradient.filter((x) => x === 0).length / gradient.length;

/** @param {ArrayLike<number>} values */
const most = (values) => Array.from(values).reduce((top, x) => Math.max(top, Math.abs(x)), 0);

export class PoolToy extends ProbeToy {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    super(panel, "pool_toy");
  }

  /** The layer before the first pooling. */
  get layer() {
    return this.layers[this.layers.findIndex(({ kind }) => kind === "pool") - 1];
  }

  parts() {
    const { terms, say } = this.panel;
    this.columns = POOLINGS.map(({ name }) => {
      const fields = { pooling: this.panel.word(`lanes.${name}`) };
      return { kept: this.map("kept", { fields }), back: this.map("back", { fields, colour: "gradient" }), none: h("td"), share: h("td") };
    });
    const { columns } = this;
    const caption = (/** @type {string} */ key, /** @type {Node[]} */ ...more) =>
      h("th", { colSpan: POOLINGS.length, scope: "rowgroup" }, terms.nodes(say(`pool_toy.${key}`)), more);
    const rows = (/** @type {Node} */ head, /** @type {Node[]} */ cells) => h("tbody", null, h("tr", null, head), h("tr", null, cells));
    const boxes = (/** @type {"kept" | "back"} */ key) => columns.map((column) => h("td", null, column[key].element));
    this.full = { kept: h("span"), back: h("span") };
    return [
      h(
        "table",
        { class: "probe-columns" },
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            POOLINGS.map(({ name }) => h("th", { scope: "col" }, this.panel.word(`lanes.${name}`))),
          ),
        ),
        rows(caption("kept", this.full.kept), boxes("kept")),
        rows(caption("back", this.full.back), boxes("back")),
        rows(
          caption("none"),
          columns.map(({ none }) => none),
        ),
        rows(
          caption("share"),
          columns.map(({ share }) => share),
        ),
      ),
    ];
  }

  /** @param {import("./probe_toy.js").Reading} reading @param {Float32Array} map */
  draw({ layer, values }, map) {
    const { say } = this.panel;
    const { channel, place } = this;
    const own = place.row * layer.output.width + place.column;
    const pooled = POOLINGS.map((pooling) => {
      const pool = poolLayer(layer.output, pooling);
      return { pool, ...pooledMap(pool, values, channel) };
    });
    const scales = { kept: most(map), back: Math.max(...pooled.map(({ gradient }) => most(gradient))) };
    for (const key of /** @type {const} */ (["kept", "back"])) if (this.full) setText(this.full[key], say("pool_toy.full", { value: figure(scales[key]) }));
    pooled.forEach(({ pool, values: kept, gradient }, at) => {
      const column = this.columns?.[at];
      if (!column) return;
      const output = pooledPlace(pool, place);
      const [share, value] = [percent(shareOfNone(gradient)), figure(gradient[own])];
      column.kept.map.update({ ...pool.output, channels: [kept], place: output, scale: scales.kept });
      column.back.map.update({
        ...layer.output,
        channels: [gradient],
        taps: tapsOf(pool, output),
        scale: scales.back,
        words: say("pool_toy.words", { share, value }),
      });
      setText(column.none, share);
      setText(column.share, value);
    });
  }
}
