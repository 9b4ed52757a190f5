// @ts-check
/** The gradient histograms of networks side by side, on one scale; for a single network, one chart. */
import { Ridges } from "../charts/gradients/ridges.js";
import { RidgeScale } from "../charts/gradients/ridge_scale.js";
import { h, setText } from "../kit/dom.js";

export class LaneRidges {
  /** @param {HTMLElement} host @param {ConstructorParameters<typeof Ridges>[1]} options */
  constructor(host, options) {
    this.host = host;
    this.options = options;
    /** @type {{chart: Ridges, name: HTMLElement, root: HTMLElement}[]} */
    this.lanes = [];
    this.name([""]);
  }

  /** The charts in the order of the lanes. */
  get charts() {
    return this.lanes.map(({ chart }) => chart);
  }

  /** @param {string[]} names one per network @param {number[]} [kept] the previous index of each */
  name(names, kept = [0]) {
    if (names.length !== this.lanes.length) this.build(names.length, kept);
    this.lanes.forEach(({ name }, at) => {
      name.dataset.lane = String(at + 1);
      name.hidden = names.length === 1;
      setText(name, names[at]);
      name.title = names[at];
    });
  }

  /** @param {number} count @param {number[]} kept */
  build(count, kept) {
    this.lanes = this.lanes.filter(({ chart, root }, at) => {
      if (kept.includes(at)) return true;
      chart.destroy();
      root.remove();
    });
    const scale = this.lanes[0]?.chart.scale ?? new RidgeScale();
    scale.needs.clear();
    while (this.lanes.length < count) {
      const at = this.lanes.length;
      const root = h("div", { class: "lane-ridges" });
      const name = h("p", { class: "lane-name" });
      const stage = h("div", { class: "lane-stage" });
      root.append(name, stage);
      this.host.append(root);
      const chart = new Ridges(stage, { ...this.options, scale, leader: this.lanes[0]?.chart });
      this.lanes.push({ chart, name, root });
    }
    this.host.dataset.lanes = String(count);
    // The choices apply to all charts.
    const [{ chart: first }] = this.lanes;
    if (first.bar) (count > 1 ? this.host : first.root).prepend(first.bar);
  }

  /** @param {number} lane @param {import("../charts/gradients/ridges.js").RidgesData} data */
  update(lane, data) {
    this.lanes[lane]?.chart.update(data);
  }

  /** One layer over time, or all layers. @param {string | null} layer */
  showLayer(layer) {
    for (const { chart } of this.lanes) if (chart.names.length > 0) chart.showLayer(layer);
  }
}
