import { InputsToy } from "../toys/inputs_toy.js";
import { decided, difference, loss } from "../run/measure.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every, layer, numbers } = settings.lessons["covariate-shift"];

/** The measured layer. */
const LAYER = layer;
/** Steps before the drift is counted: until then the running statistics of batch normalisation are still settling (0.9^50 = 0.005). */
const { settled: SETTLED } = numbers;

/** Measures of a distribution's location. */
const PLACES = /** @type {const} */ (["p50", "p95", "mean"]);

/** @param {import("../run/measure.js").Lane | undefined} lane */
const settled = (lane) => (lane?.history ?? []).filter(({ step }) => step >= SETTLED);

/**
 * How far a layer's activations move between snapshots, on average: the largest move of median, 95th percentile and mean, in
 * standard deviations of the earlier snapshot.
 * @param {import("../run/measure.js").Lane | undefined} lane
 */
function drift(lane) {
  const looks = settled(lane).map(({ layers }) => layers[LAYER]);
  const moves = looks.slice(1).map((look, at) => Math.max(...PLACES.map((place) => Math.abs(look[place] - looks[at][place]))) / looks[at].std);
  return moves.reduce((sum, x) => sum + x, 0) / moves.length;
}

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
  toy: (/** @type {import("../run/types.js").Panel} */ panel) => new InputsToy(panel),
  toySteps: ["run", "saw"],
};
