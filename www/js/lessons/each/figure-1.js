import { PassesPicture } from "../pictures/passes.js";
import { SEEDS, completeFactor, ranges } from "../run/figure_1.js";
import { errorAtEnd, stepsTo } from "../run/measure.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every, numbers } = settings.lessons["figure-1"];

/** The mark: this training accuracy, averaged over so many batches of 32, about one pass over the 2,000 images. */
const { right: RIGHT, batches: BATCHES } = numbers;
/** Ratios of steps that separate the answers. */
const { near: NEAR, far: FAR } = numbers;

export default {
  name: "figure-1",
  fragment,
  lanes: ["relu", "tanh", "sigmoid"],
  until,
  every,
  choices: ["six", "longer", "same", "shorter"],
  sentences: ["steps", "ends", "seeds", "complete", "sigmoid"],
  /** @param {import("../run/measure.js").Run} run */
  measure(run) {
    const [when_relu, when_tanh, when_sigmoid] = [0, 1, 2].map((lane) => stepsTo(run, lane, RIGHT, BATCHES));
    const [relu_error_share, tanh_error_share, sigmoid_error_share] = [0, 1, 2].map((lane) => errorAtEnd(run, lane, BATCHES));
    const ended = Number.isFinite(relu_error_share + tanh_error_share + sigmoid_error_share);
    const factor = ended && when_relu > 0 && when_tanh > 0 ? when_tanh / when_relu : NaN;
    // What was measured before stays hidden until one's own run has ended.
    const before = Object.entries({ count_seeds: SEEDS, complete_factor: completeFactor(), ...ranges() });
    const values = {
      mark_share: 1 - RIGHT,
      count_batches: BATCHES,
      when_relu: ended ? when_relu : NaN,
      when_tanh: ended ? when_tanh : NaN,
      when_sigmoid: ended ? when_sigmoid : NaN,
      relu_error_share,
      tanh_error_share,
      sigmoid_error_share,
      factor,
      ...Object.fromEntries(before.map(([name, value]) => [name, ended ? value : NaN])),
    };
    const outcome = factor >= FAR ? "six" : factor >= NEAR ? "longer" : factor > 1 / NEAR ? "same" : factor > 0 ? "shorter" : "";
    return { outcome, values };
  },
  formula: [
    "[tanh|tanh]′([function_input|z]) = 1 − [tanh|tanh]^{2}([function_input|z]) ≤ 1",
    "[slope|σ′(z)] = [sigmoid|σ]([function_input|z]) (1 − [sigmoid|σ]([function_input|z])) ≤ [quarter|¼]",
    "[slope|ReLU′(z)] = 1 [if_positive|(z > 0)], 0 [if_positive|(z ≤ 0)]",
  ],
  picture: (/** @type {import("../run/types.js").Panel} */ panel) => new PassesPicture(panel),
};
