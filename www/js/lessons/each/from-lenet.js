import { LadderPicture } from "../pictures/ladder.js";
import { CHOICES, LEVELS, MOST, RUNGS, SEEDS, errorOf, gainBy, gainOf, points } from "../run/ladder.js";
import { test } from "../run/measure.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every } = settings.lessons["from-lenet"];

export default {
  name: "from-lenet",
  fragment,
  lanes: ["lenet", "relu", "bn"],
  until,
  every,
  choices: CHOICES,
  sentences: ["run", "seeds", "gains", "least", "noise"],
  /** @param {import("../run/measure.js").Run} run */
  measure(run) {
    const [lenet_accuracy, relu_accuracy, bn_accuracy] = [0, 1, 2].map((lane) => test(run, lane).accuracy);
    // What was measured before stays hidden until one's own run has ended.
    const ended = Number.isFinite(lenet_accuracy + relu_accuracy + bn_accuracy);
    const told = (/** @type {number} */ value) => (ended ? value : NaN);
    const levels = RUNGS.map((name, rung) => [`${name}_mean_accuracy`, told(LEVELS[rung])]);
    const gains = RUNGS.slice(1).flatMap((name, at) => [
      [`${name}_points`, told(points(gainOf(at + 1)))],
      [`${name}_error`, told(points(errorOf(at + 1)))],
    ]);
    const values = {
      lenet_accuracy,
      relu_accuracy,
      bn_accuracy,
      own_points: points(relu_accuracy - lenet_accuracy),
      rest_points: points(bn_accuracy - relu_accuracy),
      most_points: told(points(gainBy(MOST))),
      count_seeds: SEEDS,
      count_steps: until,
      ...Object.fromEntries([...levels, ...gains]),
    };
    return { outcome: ended ? MOST : "", values };
  },
  formula: [
    "[alexnet|AlexNet] = [lenet|LeNet] − [sigmoid|σ] + [relu|ReLU] − [average_pooling|avg] + [max_pooling|max] + [overlap|3/2] + [deep_and_wide|×] + [augmentation|↔] + [lrn|LRN]",
    "[test_accuracy|A]([last_rung|n]) = [test_accuracy|A](0) + [rungs_sum|∑_{k}] [rung_gain|Δ_{k}]",
  ],
  picture: (/** @type {import("../run/types.js").Panel} */ panel) => new LadderPicture(panel),
};
