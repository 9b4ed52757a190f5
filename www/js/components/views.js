// @ts-check
/** All charts: made once, fed as data comes, redrawn in another language or theme without losing their past. */
import { h } from "../dom.js";
import { Curves } from "../charts/curves.js";
import { Ridges } from "../charts/ridges.js";
import { Norms } from "../charts/norms.js";
import { Activations } from "../charts/activations.js";
import { Filters } from "../charts/filters.js";
import { FeatureMaps } from "../charts/feature_maps.js";
import { Predictions } from "../charts/predictions.js";
import { Confusion } from "../charts/confusion.js";
import { GRADIENT_ROW } from "../charts/rows.js";

/** Test images with their answers, the chosen one first. */
const PREDICTIONS = 8;

export class Views {
  /** @param {import("../shell.js").Context} context */
  constructor(context) {
    this.context = context;
    const options = context.chartOptions();
    const host = (/** @type {string} */ name) => h("div", { class: `view view-${name}` });
    this.hosts = {
      curves: host("curves"), ridges: host("ridges"), norms: host("norms"), activations: host("activations"),
      predictions: host("predictions"), filters: host("filters"), maps: host("maps"), confusion: host("confusion"),
    };
    this.curves = new Curves(this.hosts.curves, options);
    this.ridges = new Ridges(this.hosts.ridges, {
      ...options,
      onview: (layer) => this.context.change(layer === null ? { ridges: "layers" } : { ridges: "time", layer }),
    });
    this.norms = new Norms(this.hosts.norms, options);
    this.activations = new Activations(this.hosts.activations, options);
    this.filters = new Filters(this.hosts.filters, options);
    this.maps = new FeatureMaps(this.hosts.maps, options);
    this.confusion = new Confusion(this.hosts.confusion, { ...options, onpick: (image) => this.pick(image) });
    this.predictions = new Predictions(this.hosts.predictions, { ...options, onpick: (index) => this.pick(this.first + index) });
    this.all = [this.curves, this.ridges, this.norms, this.activations, this.filters, this.maps, this.predictions, this.confusion];
    /** @type {{step: number, label: string}[]} flipped switches of this run */
    this.marks = [];
    /** @type {number[]} rows of step, loss, accuracy that are not drawn yet */
    this.training = [];
    this.run = -1;
    this.first = 0;
  }

  /** What must be measured for what is seen. @param {(name: string) => boolean} seen @returns {import("../types.js").Watch} */
  watch(seen) {
    const { config } = this.context.session.state;
    const image = Number(config.image ?? 0);
    return {
      snapshot: seen("ridges") || seen("norms") || seen("activations"),
      batch: seen("network"),
      filters: seen("filters"),
      maps: seen("maps") ? { block: config.layer ?? "conv1", image } : null,
      predict: seen("predictions") ? { first: image, count: PREDICTIONS } : null,
    };
  }

  /** @param {number} image of the test images: the other views show it next */
  pick(image) {
    this.context.change({ image: String(image) });
  }

  /** New data of one kind. @param {import("../session.js").Kind} kind @param {any} detail */
  receive(kind, detail) {
    const { state } = this.context.session;
    const network = state.describe?.network;
    switch (kind) {
      case "records":
        for (let i = 0; i < detail.length; i += 3) this.training.push(detail[i] + 1, detail[i + 1], detail[i + 2]);
        break;
      case "evaluation":
        this.curves.update({ test: Float32Array.of(detail.step, detail.loss, detail.accuracy) });
        this.confusion.update({ ...detail, classes: this.classes(), counts: detail.confusion });
        break;
      case "mark":
        this.mark(detail);
        break;
      case "snapshot": {
        if (!network) break;
        this.snapshot = detail;
        const layers = network.blocks.map(({ name }) => name);
        const weights = pick(detail.parameters, layers.map((name) => network.tensors.findIndex((tensor) => tensor.name === `${name}.weight`)));
        const data = { step: detail.step, layers, weights, activations: detail.activation_gradients, events: this.marks };
        this.ridges.update(data);
        this.norms.update({ ...data, activation: state.config.activation });
        this.activations.update({ step: detail.step, layers, rows: detail.activations });
        break;
      }
      case "filters":
        this.filters.update(detail);
        break;
      case "maps":
        this.maps.update({ ...detail, layer: detail.block });
        break;
      case "predictions":
        this.first = detail.first;
        this.predictions.update({ ...detail, classes: this.classes() });
        break;
    }
  }

  /** @param {{step: number, changes: [string, string][]}} change */
  mark({ step, changes }) {
    const { t } = this.context;
    const label = changes.map(([key, value]) => markLabel(t, key, value)).join(", ");
    this.marks = [...this.marks, { step, label }];
    this.curves.update({ events: this.marks });
  }

  /** Draws what has come since the last frame. @param {import("../session.js").State} state */
  update(state) {
    this.confusion.mistakes.choose(Number(state.config.image));
    if (this.ridges.names.length > 0) this.ridges.showLayer(state.config.ridges === "time" ? state.config.layer : null);
    const again = state.run !== this.run;
    if (again) {
      this.run = state.run;
      this.marks = [];
    }
    if (!again && this.training.length === 0) return;
    const images = Math.min(Number(state.config.train_size), state.describe?.data.train_total ?? Infinity);
    this.curves.update({
      restart: again,
      training: Float32Array.from(this.training),
      stepsPerEpoch: Number.isFinite(images) ? images / Number(state.config.batch) : 0,
      ...(again ? { events: [] } : {}),
    });
    this.training = [];
  }

  /** The classes as they are called in the page's language. */
  classes() {
    const { t, session } = this.context;
    const names = session.state.describe?.data.classes ?? [];
    return names.map((name) => (t.has(`classes.${name}`) ? t(`classes.${name}`) : name));
  }

  /** Colours or language have changed. */
  refresh() {
    const options = this.context.chartOptions();
    for (const { data } of [this.confusion, this.predictions]) if (data) data.classes = this.classes();
    for (const chart of this.all) {
      Object.assign(chart.options, options);
      chart.refreshTheme();
    }
  }

  destroy() {
    for (const chart of this.all) chart.destroy();
  }
}

/** @param {Float32Array} rows @param {number[]} indices */
function pick(rows, indices) {
  const picked = new Float32Array(indices.length * GRADIENT_ROW);
  indices.forEach((index, at) => picked.set(rows.subarray(index * GRADIENT_ROW, (index + 1) * GRADIENT_ROW), at * GRADIENT_ROW));
  return picked;
}

/** `Sigmoid`, `LRN`, `learning rate 0.001`: short, for a line on a time axis. @param {import("../i18n.js").Texts} t @param {string} key @param {string} value */
function markLabel(t, key, value) {
  const option = `options.${key}.${value}`;
  if (t.has(option) && ["activation", "norm", "pool"].includes(key)) return t(t.has(`short.${key}.${value}`) ? `short.${key}.${value}` : option);
  return `${t(`settings.${key}.label`)} ${t.has(option) ? t(option) : value}`;
}
