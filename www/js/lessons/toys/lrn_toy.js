// @ts-check
/** LRN at one pixel of conv1's activations, with constants to try, whether the network has LRN or not. */
import { channelsAt, largest } from "../../drill/arithmetic.js";
import { LrnTrial } from "../../drill/lrn_trial.js";
import { ProbeToy } from "./probe_toy.js";

export class LrnToy extends ProbeToy {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    super(panel, "lrn_toy");
  }

  /** The layer whose output LRN receives, or would receive. */
  get layer() {
    return this.layers.find(({ kind }) => kind === "activation");
  }

  /** The strongest channel of the most active pixel, where LRN has an effect. @param {Float32Array} values @param {number} channels */
  first(values, channels) {
    const at = (/** @type {number} */ pixel) => values.subarray(pixel * channels, (pixel + 1) * channels);
    const sums = Array.from({ length: values.length / channels }, (_, pixel) => at(pixel).reduce((sum, x) => sum + x, 0));
    const [pixel] = largest(sums, 1);
    return pixel * channels + largest(at(pixel), 1)[0];
  }

  parts() {
    const { say, inside, terms, session } = this.panel;
    const own = () => {
      const { lrn_n, lrn_k, lrn_alpha, lrn_beta } = session.state.config;
      return { n: Number(lrn_n), k: Number(lrn_k), alpha: Number(lrn_alpha), beta: Number(lrn_beta) };
    };
    this.trial = new LrnTrial({
      say: inside,
      terms,
      setting: (key) => session.setting(key),
      own,
      again: say("lrn_toy.again"),
      onpick: (channel) => this.chooseChannel(channel),
    });
    return this.trial.elements;
  }

  /** @param {import("./probe_toy.js").Reading} reading */
  draw({ layer, values }) {
    this.trial?.update(channelsAt(values, layer.output, this.place), this.channel);
  }
}
