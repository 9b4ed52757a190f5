// @ts-check
/** All charts. They are made once, updated as data arrives, and redrawn in another language or theme without losing their history. */
import { h } from "../kit/dom.js";
import { Curves } from "../charts/plots/curves.js";
import { Norms } from "../charts/gradients/norms.js";
import { Activations } from "../charts/plots/activations.js";
import { Filters } from "../charts/pictures/filters.js";
import { FeatureMaps } from "../charts/pictures/feature_maps.js";
import { Predictions } from "../charts/pictures/predictions.js";
import { Confusion } from "../charts/pictures/confusion.js";
import { Timeline } from "../charts/past/timeline.js";
import { laneLabels, laneMarks, valueLabel } from "./labels.js";
import { LaneRidges } from "./lane_ridges.js";
import { shownLayer } from "../session/state.js";

/** Number of test images with predictions, the chosen one first. */
const PREDICTIONS = 8;

export class Views {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    this.context = context;
    const options = context.chartOptions();
    const host = (/** @type {string} */ name) => h("div", { class: `view view-${name}` });
    this.hosts = {
      curves: host("curves"),
      ridges: host("ridges"),
      norms: host("norms"),
      activations: host("activations"),
      predictions: host("predictions"),
      filters: host("filters"),
      maps: host("maps"),
      confusion: host("confusion"),
    };
    this.curves = new Curves(this.hosts.curves, options);
    this.ridges = new LaneRidges(this.hosts.ridges, {
      ...options,
      onview: (layer) => this.context.change(layer === null ? { ridges: "layers" } : { ridges: "time", layer }),
    });
    this.norms = new Norms(this.hosts.norms, options);
    this.activations = new Activations(this.hosts.activations, options);
    this.filters = new Filters(this.hosts.filters, { ...options, onpick: (channel) => this.context.look("conv1", channel) });
    this.maps = new FeatureMaps(this.hosts.maps, { ...options, onpick: (channel) => this.context.look(shownLayer(this.context.session.state), channel) });
    this.confusion = new Confusion(this.hosts.confusion, { ...options, onpick: (image) => this.pick(image) });
    this.predictions = new Predictions(this.hosts.predictions, { ...options, onpick: (index) => this.pick(this.first + index) });
    this.timeline = new Timeline(this.hosts.curves, this, () => this.context.recalled());
    this.others = [this.curves, this.norms, this.activations, this.filters, this.maps, this.predictions, this.confusion];
    /** @type {{step: number, label: string, lane: number}[]} changed switches of this run */
    this.marks = [];
    /** @type {number[][]} rows of step, loss, accuracy of each lane, not drawn yet */
    this.training = [];
    this.names = [""];
    this.shown = 0;
    this.run = -1;
    this.first = 0;
  }

  /** What must be measured for the visible charts. @param {(name: string) => boolean} seen @returns {import("../worker/types.js").Watch} */
  watch(seen) {
    const { state } = this.context.session;
    const image = Number(state.config.image ?? 0);
    const layer = shownLayer(state);
    const last = state.describe?.network.blocks.at(-1)?.name;
    return {
      snapshot: seen("ridges") || seen("norms") || seen("activations"),
      batch: seen("network"),
      filters: seen("filters"),
      // The last layer has no activation function behind it.
      maps: seen("maps") ? { layer: layer === last ? layer : `${layer}.activation`, image } : null,
      predict: seen("predictions") ? { first: image, count: PREDICTIONS } : null,
      unit: null,
      every: 0,
    };
  }

  /** @param {number} image the test image that the other views show next */
  pick(image) {
    this.context.change({ image: String(image) });
  }

  get all() {
    return [...this.ridges.charts, ...this.others];
  }

  /** Takes new data of one kind. @param {import("../session/state.js").Change} change `lane`: its network */
  receive({ kind, detail, lane }) {
    const { state } = this.context.session;
    const side = state.lanes[lane];
    this.begin(state);
    switch (kind) {
      case "records": {
        const rows = (this.training[lane] ??= []);
        for (let i = 0; i < detail.length; i += 3) rows.push(detail[i] + 1, detail[i + 1], detail[i + 2]);
        break;
      }
      case "evaluation":
        this.curves.update({
          lane,
          test: Float32Array.of(detail.step, detail.loss, detail.accuracy),
          fit: detail.train && Float32Array.of(detail.step, detail.train.loss, detail.train.accuracy),
        });
        if (lane === state.shown) this.showEvaluation(detail);
        break;
      case "cut":
        this.draw(state);
        this.marks = this.marks.filter((mark) => mark.lane !== lane || mark.step <= detail);
        this.timeline.cut(lane, detail, this.marks);
        this.showMarks();
        break;
      case "mark":
        this.mark(detail, lane);
        break;
      case "snapshot":
        if (side?.describe) this.timeline.look(lane, detail, side.describe.network, side.config.activation);
        break;
      case "filters":
        if (side) this.timeline.filters(lane, side.step, { size: side.describe?.network.tensors[0].shape[0] ?? 1, values: detail.values });
        break;
      case "maps": {
        const layer = state.describe?.network.layers.find(({ name }) => name === detail.layer);
        if (layer) this.maps.update({ ...layer.output, layer: detail.layer.split(".")[0], values: detail.values });
        break;
      }
      case "predictions":
        this.first = detail.first;
        this.predictions.update({ ...detail, classes: this.classes() });
        break;
    }
  }

  /** @param {import("../worker/types.js").Evaluation} evaluation */
  showEvaluation(evaluation) {
    this.confusion.update({ ...evaluation, classes: this.classes(), counts: evaluation.confusion, holdBack: this.context.session.state.config.hold_back });
  }

  /** @param {{step: number, changes: [key: string, value: string, before: string][]}} change @param {number} lane */
  mark({ step, changes }, lane) {
    const { t } = this.context;
    const label = changes.map(([key, value]) => valueLabel(t, key, value)).join(", ");
    if (this.marks.some((mark) => mark.step === step && mark.label === label && mark.lane === lane)) return; // a run that continues from there repeats its marks
    this.marks = [...this.marks, { step, label, lane }];
    this.timeline.marks = this.marks;
    this.showMarks();
  }

  /** Shows the marks at the curves, which cover all networks. */
  showMarks() {
    const { t, session } = this.context;
    this.curves.update({ events: laneMarks(t, this.marks, session.state.lanes.length) });
  }

  /** Draws the data since the last frame. @param {import("../session/state.js").State} state */
  update(state) {
    this.name(state);
    this.confusion.mistakes.choose(Number(state.config.image));
    this.ridges.showLayer(state.config.ridges === "time" ? shownLayer(state) : null);
    this.begin(state);
    this.draw(state);
    this.timeline.update();
  }

  /** Passes new data to the curves. @param {import("../session/state.js").State} state */
  draw(state) {
    const images = Math.min(Number(state.config.train_size), state.describe?.data.train_total ?? Infinity);
    const stepsPerEpoch = Number.isFinite(images) ? images / Number(state.config.batch) : 0;
    this.training.forEach((rows, lane) => {
      if (rows.length > 0) this.curves.update({ lane, training: Float32Array.from(rows), stepsPerEpoch });
    });
    this.training = [];
  }

  /** A new run: the charts start empty. @param {import("../session/state.js").State} state */
  begin({ run }) {
    if (run === this.run) return;
    this.run = run;
    this.marks = [];
    this.training = [];
    this.curves.update({ restart: true, events: [] });
    this.timeline.clear();
  }

  /** A copy of the timeline, up to the newest data: a hidden frame draws nothing. */
  copy() {
    const { state } = this.context.session;
    this.begin(state);
    this.draw(state);
    return this.timeline.copy();
  }

  /** Goes on from a copy of the timeline. @param {ReturnType<Timeline["copy"]>} copy */
  adopt(copy) {
    const { state } = this.context.session;
    this.begin(state);
    this.name(state);
    this.marks = copy.marks;
    this.timeline.adopt(copy);
    this.showMarks();
  }

  /** Names the networks side by side, and shows the data of the one on show. @param {import("../session/state.js").State} state */
  name(state) {
    const names = laneLabels(this.context.t, state.lanes, this.context.laneNames());
    if (names.join() !== this.names.join()) {
      this.names = names;
      const kept = this.timeline.name(state.lanes);
      this.marks = this.timeline.marks;
      this.curves.update({ lanes: names, kept });
      this.showMarks();
      this.ridges.name(names, kept);
      this.timeline.recall(this.timeline.step);
    }
    if (state.shown === this.shown) return;
    this.timeline.show((this.shown = state.shown));
    if (state.evaluation) this.showEvaluation(state.evaluation);
  }

  /** The class names in the page's language. */
  classes() {
    const { t, session } = this.context;
    const names = session.state.describe?.data.classes ?? [];
    return names.map((name) => (t.has(`classes.${name}`) ? t(`classes.${name}`) : name));
  }

  /** Redraws after a change of colours or language. */
  refresh() {
    const options = this.context.chartOptions();
    for (const { data } of [this.confusion, this.predictions]) if (data) data.classes = this.classes();
    for (const chart of this.all) {
      Object.assign(chart.options, options);
      chart.refreshTheme();
    }
    this.timeline.refresh();
  }

  destroy() {
    for (const chart of this.all) chart.destroy();
    this.timeline.destroy();
  }
}
