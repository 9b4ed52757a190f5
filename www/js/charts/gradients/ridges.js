// The lab's main picture: where log10|g| of every layer lies, on one axis from the floor to the largest gradient.
// A gradient that vanishes slides to the left, pales, and piles up in the hatched gutter below the floor.

import { Chart } from "../canvas.js";
import { element } from "../frame.js";
import { HeatStrip } from "./heat_strip.js";
import { LayerRidges } from "./layer_ridges.js";
import { RidgeScale } from "./ridge_scale.js";
import { GRADIENT_ROW, History } from "../rows.js";

/** @typedef {import("./types.js").RidgesData} RidgesData @typedef {import("./types.js").Source} Source */

/** Columns kept for each layer's history. */
const HISTORY = 256;
/** Earlier curves behind the current one, and the snapshots between them. */
const GHOSTS = 4;
const GHOST_EVERY = 4;

/** @extends {Chart<RidgesData>} */
export class Ridges extends Chart {
  /**
   * @param {HTMLElement} host
   * @param {import("../frame.js").ChartOptions & {onview?: (layer: string | null) => void, scale?: RidgeScale, leader?: Ridges}} options
   *   onview: one layer over time was chosen, or all layers; scale: shared with others; leader: the chart whose choices it follows
   */
  constructor(host, options) {
    super(host, options, "ridges");
    this.onview = options.onview;
    this.scale = options.scale ?? new RidgeScale();
    /** @type {Ridges | undefined} */
    this.leader = options.leader;
    /** @type {Ridges[]} */
    this.followers = [];
    this.leader?.followers.push(this);
    /** @type {string[]} */
    this.names = [];
    /** @type {Source} */
    this.source = "weights";
    /** @type {number | null} the layer shown over time; null: all layers now */
    this.layer = null;
    /** @type {Record<Source, History[]>} */
    this.history = { weights: [], activations: [] };
    /** @type {{weights: Float32Array, activations: Float32Array}[]} newest last */
    this.ghosts = [];
    /** @type {{label: string, weights: Float32Array, activations: Float32Array} | null} as it was just before the last switch changed */
    this.before = null;
    this.snapshots = 0;
    this.lastStep = -1;
    this.layersKey = "";
    this.eventsSeen = 0;
    this.ridges = new LayerRidges(this);
    this.strip = new HeatStrip(this);
    this.buildControls();
    this.observer.observe(this.root);
  }

  buildControls() {
    const bar = element("div", "chart-bar");
    /** @param {string} key @param {[string, () => void][]} choices */
    const group = (key, choices) => {
      const box = element("div", "chart-choice");
      box.setAttribute("role", "group");
      box.dataset.key = key;
      for (const [value, choose] of choices) {
        const button = /** @type {HTMLButtonElement} */ (element("button", ""));
        button.type = "button";
        button.dataset.value = value;
        button.addEventListener("click", () => {
          const before = this.layer;
          choose();
          this.showControls();
          this.select(null);
          for (const follower of this.followers) follower.follow(this);
          if (before !== this.layer) this.tellView();
        });
        box.append(button);
      }
      bar.append(box);
    };
    group("source", [
      ["weights", () => (this.source = "weights")],
      ["activations", () => (this.source = "activations")],
    ]);
    group("view", [
      ["layers", () => (this.layer = null)],
      ["time", () => (this.layer ??= 0)],
    ]);
    this.picker = /** @type {HTMLSelectElement} */ (element("select", "chart-picker"));
    this.picker.addEventListener("change", () => {
      this.layer = Number(/** @type {HTMLSelectElement} */ (this.picker).value);
      this.select(null);
      this.tellView();
    });
    this.beforeKey = element("span", "chart-before");
    bar.append(this.picker, this.beforeKey);
    this.bar = bar;
    this.root.prepend(bar);
    this.showControls();
  }

  /** @param {Ridges} leader */
  follow({ source, layer }) {
    [this.source, this.layer] = [source, layer];
    this.showControls();
    this.select(null);
  }

  tellView() {
    this.onview?.(this.layer === null ? null : (this.names[this.layer] ?? null));
  }

  /** One layer over time, or all layers. @param {string | null} name */
  showLayer(name) {
    const layer = name === null ? null : Math.max(0, this.names.indexOf(name));
    if (layer === this.layer) return;
    this.layer = layer;
    this.showControls();
    this.select(null);
  }

  showControls() {
    if (!this.bar || !this.picker) return;
    const chosen = [this.source, this.layer === null ? "layers" : "time"];
    for (const button of this.bar.querySelectorAll("button")) {
      const value = button.dataset.value ?? "";
      button.textContent = this.t(`charts.ridges.${value}`);
      button.setAttribute("aria-pressed", String(chosen.includes(value)));
    }
    for (const box of this.bar.querySelectorAll("[data-key]")) {
      box.setAttribute("aria-label", this.t(`charts.ridges.${/** @type {HTMLElement} */ (box).dataset.key}`));
    }
    this.picker.hidden = this.layer === null;
    this.showBefore();
    this.picker.setAttribute("aria-label", this.t("charts.ridges.layer"));
    if (this.layer !== null) this.picker.value = String(this.layer);
  }

  /** A slide has no room for the choices. */
  resize() {
    if (this.bar) this.bar.hidden = Boolean(this.leader) || (Boolean(this.options.compact) && this.root.clientHeight < 360);
    super.resize();
  }

  /** The dashed curves; an earlier snapshot is shown without them. */
  get compared() {
    return this.past ? null : this.before;
  }

  /** Explains the dashed curves; empty when there are none. */
  get beforeText() {
    if (!this.compared || this.layer !== null) return "";
    return this.t(this.compared.label ? "charts.ridges.before" : "charts.ridges.last_run", { label: this.compared.label });
  }

  showBefore() {
    if (this.beforeKey && this.beforeKey.textContent !== this.beforeText) this.beforeKey.textContent = this.beforeText;
  }

  themed() {
    this.showControls();
    this.strip?.forget();
  }

  /** @param {RidgesData} data kept until the next one */
  update(data) {
    const events = data.events ?? [];
    const last = this.latest;
    const layers = data.layers.join();
    if (layers !== this.layersKey) {
      this.before = null;
      this.restart(data);
      this.listLayers(data.layers);
      this.layersKey = layers;
    } else if (data.step < this.lastStep) {
      // A new run of the same network is compared with the last one.
      this.before = last && { label: "", weights: last.weights, activations: last.activations };
      this.restart(data);
    } else if (last && events.length > this.eventsSeen) {
      this.before = { label: events[events.length - 1].label, weights: last.weights, activations: last.activations };
      this.ghosts = [];
    }
    this.eventsSeen = events.length;
    if (data.step !== this.lastStep) this.remember(data);
    this.showBefore();
    super.update(data);
  }

  /** @param {RidgesData | null} past @param {string} [label] */
  recall(past, label) {
    super.recall(past, label);
    this.showBefore();
  }

  /** @param {RidgesData} data */
  restart(data) {
    for (const source of /** @type {Source[]} */ (["weights", "activations"])) {
      this.history[source] = data.layers.map(() => new History(HISTORY));
    }
    this.ghosts = [];
    this.lastStep = -1;
    this.snapshots = 0;
    this.strip.forget();
  }

  /** Forgets everything after a step. @param {number} step */
  cut(step) {
    for (const history of [...this.history.weights, ...this.history.activations]) history.columns = history.columns.filter((column) => column.step <= step);
    this.ghosts = [];
    this.lastStep = this.history.weights[0]?.columns.at(-1)?.step ?? -1;
    this.strip.forget();
    this.invalidate();
  }

  /** @param {string[]} names */
  listLayers(names) {
    this.cell = null;
    this.names = names;
    if (this.layer !== null) this.layer = Math.min(this.layer, names.length - 1);
    this.picker?.replaceChildren(
      ...names.map((name, index) => {
        const option = /** @type {HTMLOptionElement} */ (element("option", "", name));
        option.value = String(index);
        return option;
      }),
    );
    this.showControls();
  }

  /** @param {RidgesData} data */
  remember(data) {
    this.lastStep = data.step;
    for (const source of /** @type {Source[]} */ (["weights", "activations"])) {
      const rows = data[source];
      this.history[source].forEach((history, layer) => {
        history.push(data.step, rows.subarray(layer * GRADIENT_ROW, (layer + 1) * GRADIENT_ROW));
      });
    }
    if (this.snapshots++ % GHOST_EVERY === 0) {
      this.ghosts.push({ weights: data.weights, activations: data.activations });
      if (this.ghosts.length > GHOSTS) this.ghosts.shift();
    }
  }

  get view() {
    return this.layer === null ? this.ridges : this.strip;
  }

  /** @param {CanvasRenderingContext2D} ctx */
  draw(ctx) {
    this.view.draw(ctx);
  }

  describe() {
    return this.view.describe();
  }

  grid() {
    return this.view.grid();
  }

  /** @param {number} x @param {number} y */
  cellAt(x, y) {
    return this.view.cellAt(x, y);
  }

  /** @param {import('../canvas.js').Cell} cell */
  tipOf(cell) {
    return this.view.tipOf(cell);
  }
}
