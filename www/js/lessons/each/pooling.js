import { PoolingPicture } from "../pictures/pooling.js";
import { at, decided, difference, loss, test } from "../run/measure.js";
import { PoolToy } from "../toys/pool_toy.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every } = settings.lessons.pooling;

export default {
  name: "pooling",
  fragment,
  lanes: ["max_overlap", "max", "avg_overlap", "avg"],
  until,
  every,
  choices: ["max", "avg", "noise"],
  sentences: ["routing", "kinds", "overlap", "tests"],
  /** @param {import("../run/measure.js").Run} run */
  measure(run) {
    const kinds = difference(run, 0, 2);
    const overlap = difference(run, 0, 1);
    const zero = (/** @type {number} */ lane) => at(run.lanes[lane], "first", "conv1", "zero");
    const values = {
      max_zero_share: zero(0),
      max_plain_zero_share: zero(1),
      avg_zero_share: zero(2),
      max_overlap_loss: loss(run, 0),
      max_loss: loss(run, 1),
      avg_overlap_loss: loss(run, 2),
      avg_loss: loss(run, 3),
      max_accuracy: test(run, 0).accuracy,
      avg_accuracy: test(run, 2).accuracy,
      kinds: kinds.mean,
      kinds_error: kinds.error,
      overlap: overlap.mean,
      overlap_error: overlap.error,
    };
    const outcome = Number.isNaN(kinds.mean) ? "" : !decided(kinds) ? "noise" : kinds.mean < 0 ? "max" : "avg";
    return { outcome, values };
  },
  formula: [
    "[max_pooling|max]: [pool_output|y] = [largest|max] [window|x_{i}],  [pool_gradient|∂L/∂x_{i}] = [pool_gradient|∂L/∂y] [winner|(i wins)]",
    "[average|avg]: [pool_output|y] = 1/[window_size|n] [window_sum|∑] [window|x_{i}],  [pool_gradient|∂L/∂x_{i}] = 1/[window_size|n] [pool_gradient|∂L/∂y]",
  ],
  picture: (/** @type {import("../run/types.js").Panel} */ panel) => new PoolingPicture(panel),
  toy: (/** @type {import("../run/types.js").Panel} */ panel) => new PoolToy(panel),
  // The toy shows what pooling does, not which one learns faster, so it may appear before the run.
  toySteps: ["question", "formula"],
};
