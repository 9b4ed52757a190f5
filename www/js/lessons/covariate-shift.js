import { InputsToy } from "./inputs_toy.js";
import { loss } from "./measure.js";

/** The layer that is watched. */
const LAYER = "conv4";
/** Steps before the drift is counted: until then the running statistics of batch normalisation still find their place (0.9^50 = 0.005). */
const SETTLED = 50;
/** Drifts within this factor count as the same. */
const NEAR = 1.5;

/**
 * How far the middle 90 % of a layer's activations has moved between two looks, in standard deviations of the first.
 * @param {import("./measure.js").Lane | undefined} lane
 */
function drift(lane) {
  const start = lane?.history.find(({ step }) => step >= SETTLED)?.layers[LAYER];
  const end = lane?.last?.layers[LAYER];
  if (!start || !end) return { moved: NaN, from: NaN, to: NaN };
  const moves = [end.p50 - start.p50, end.p95 - start.p95, end.mean - start.mean].map(Math.abs);
  return { moved: Math.max(...moves) / start.std, from: start.p95, to: end.p95 };
}

export default {
  name: "covariate-shift",
  fragment: "width=0.25&norm=none&lr=0.02&test_every=0&lane2=norm:bn",
  lanes: ["none", "bn"],
  until: 300,
  choices: ["less", "same", "more"],
  sentences: ["moved", "range", "losses"],
  /** @param {import("./measure.js").Run} run */
  measure(run) {
    const [none, bn] = [0, 1].map((lane) => drift(run.lanes[lane]));
    const values = {
      none_moved: none.moved, none_from: none.from, none_to: none.to,
      bn_moved: bn.moved, bn_from: bn.from, bn_to: bn.to,
      none_loss: loss(run, 0), bn_loss: loss(run, 1),
      step_from: run.lanes[0]?.history.find(({ step }) => step >= SETTLED)?.step ?? NaN,
      step_to: run.lanes[0]?.last?.step ?? NaN,
    };
    const ratio = bn.moved / none.moved;
    const outcome = ratio > NEAR ? "more" : ratio > 1 / NEAR ? "same" : ratio >= 0 ? "less" : "";
    return { outcome, values };
  },
  formula: ["[layer_input|u] ~ [distribution_at|P_{t}],  [shift|shift] = distance([distribution_at|P_{t}], [distribution_at|P_{t+1}])"],
  toy: (/** @type {import("./panel.js").Panel} */ panel) => new InputsToy(panel),
  toyIn: ["run", "saw"],
};
