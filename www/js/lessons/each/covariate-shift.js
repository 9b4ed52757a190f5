import { InputsToy } from "../toys/inputs_toy.js";
import { DriftPicture } from "../pictures/drift.js";
import { drift, settled } from "../run/drift.js";
import { decided, difference, loss } from "../run/measure.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every } = settings.lessons["covariate-shift"];

export default {
  name: "covariate-shift",
  fragment,
  lanes: ["none", "bn", "noisy"],
  until,
  every,
  choices: ["faster", "same", "slower"],
  sentences: ["moved", "losses", "gain"],
  /** @param {import("../run/measure.js").Run} run */
  measure(run) {
    const steps = settled(run.lanes[0]).map(({ step }) => step);
    const [none_moved, bn_moved, noisy_moved] = [0, 1, 2].map((lane) => drift(run.lanes[lane]));
    const [bn_gain, noisy_gain] = [1, 2].map((lane) => difference(run, 0, lane));
    const values = {
      none_moved,
      bn_moved,
      noisy_moved,
      none_loss: loss(run, 0),
      bn_loss: loss(run, 1),
      noisy_loss: loss(run, 2),
      bn_gain: bn_gain.mean,
      bn_gain_error: bn_gain.error,
      noisy_gain: noisy_gain.mean,
      noisy_gain_error: noisy_gain.error,
      step_from: steps[0] ?? NaN,
      count_between: steps[1] - steps[0],
    };
    const outcome = Number.isNaN(noisy_gain.mean) ? "" : !decided(noisy_gain) ? "same" : noisy_gain.mean > 0 ? "faster" : "slower";
    return { outcome, values };
  },
  formula: [
    "[layer_input|u] [distributed|~] [distribution_at|P_{t}],  [shift|shift] = [distance|distance]([distribution_at|P_{t}], [distribution_at|P_{t+1}])",
    "[noise|noise]: [noisy|y] = [noise_scale|s] [bn|BN]([bn_input|x]) + [noise_shift|m]",
  ],
  picture: (/** @type {import("../run/types.js").Panel} */ panel) => new DriftPicture(panel),
  toy: (/** @type {import("../run/types.js").Panel} */ panel) => new InputsToy(panel),
  toySteps: ["run", "saw"],
};
