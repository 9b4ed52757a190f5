import { LrnPicture } from "../pictures/lrn.js";
import { LrnToy } from "../toys/lrn_toy.js";
import { at, loss } from "../run/measure.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every, numbers } = settings.lessons["lrn-competition"];

/** Largest relative distance from the constant factor at which a network counts as divided by it. */
const NEAR = 0.1;

export default {
  name: "lrn-competition",
  fragment,
  lanes: ["none", "paper", "tenth", "one"],
  until,
  every,
  choices: ["nothing", "constant", "competition"],
  sentences: ["paper", "tenth", "one", "losses"],
  /** @param {import("../run/measure.js").Run} run */
  measure(run) {
    const conv2 = (/** @type {number} */ lane, /** @type {"mean" | "max"} */ what) => at(run.lanes[lane], "first", "conv2", what);
    const left = (/** @type {number} */ lane, /** @type {"mean" | "max"} */ what) => conv2(lane, what) / conv2(0, what);
    const constant = numbers.k ** -numbers.beta;
    const values = {
      paper_mean: left(1, "mean"),
      paper_max: left(1, "max"),
      tenth_mean: left(2, "mean"),
      tenth_max: left(2, "max"),
      one_mean: left(3, "mean"),
      one_max: left(3, "max"),
      constant,
      none_loss: loss(run, 0),
      paper_loss: loss(run, 1),
    };
    const near = (/** @type {number} */ wanted) => [values.paper_mean, values.paper_max].every((share) => Math.abs(share / wanted - 1) < NEAR);
    const outcome = !(values.paper_mean > 0) ? "" : near(1) ? "nothing" : near(constant) ? "constant" : "competition";
    return { outcome, values };
  },
  formula: ["[lrn_output|b_{i}] = [response|a_{i}] / ( [lrn_k|k] + [lrn_alpha|α] [lrn_sum|∑_{j}] [response|a_{j}]^{2} )^{[lrn_beta|β]}"],
  picture: (/** @type {import("../run/types.js").Panel} */ panel) => new LrnPicture(panel),
  toy: (/** @type {import("../run/types.js").Panel} */ panel) => new LrnToy(panel),
};
