import { at, lastHidden } from "./measure.js";
import { ScaleToy } from "./scale_toy.js";

/** How much larger the weights of the second and the fourth lane are. */
const SCALE = 4;

export default {
  name: "scale-of-weights",
  fragment: "width=0.25&norm=bn&init_scale=0.25&test_every=0&lane2=init_scale:1&lane3=norm:none&lane4=norm:none,init_scale:1",
  lanes: ["bn_small", "bn_large", "none_small", "none_large"],
  until: 60,
  choices: ["larger", "same", "quarter"],
  sentences: ["weight", "activation", "none", "losses"],
  /** @param {import("./measure.js").Run} run */
  measure(run) {
    const hidden = lastHidden(run);
    // The logits grow with the weights of fc8, which no normalisation follows: what arrives at the last hidden layer is the measure.
    const [bn_small, bn_large, none_small, none_large] = [0, 1, 2, 3].map((lane) => {
      const arrives = at(run.lanes[lane], "first", hidden, "activation");
      return { weight: at(run.lanes[lane], "first", "conv1", "weight") / arrives, activation: at(run.lanes[lane], "first", "conv1", "activation") / arrives };
    });
    const count_factors = run.names.length - 2;
    const values = {
      bn_ratio: bn_large.weight / bn_small.weight,
      bn_passed: bn_large.activation / bn_small.activation,
      none_ratio: none_large.weight / none_small.weight,
      count_factors,
      bn_rule: 1 / SCALE,
      none_rule: SCALE ** count_factors,
      small_loss: run.lanes[0]?.records[0]?.[1] ?? NaN,
      large_loss: run.lanes[1]?.records[0]?.[1] ?? NaN,
    };
    const { bn_ratio } = values;
    const outcome = bn_ratio > 2 ? "larger" : bn_ratio > 0.5 ? "same" : bn_ratio > 0 ? "quarter" : "";
    return { outcome, values };
  },
  formula: [
    "[bn|BN]([scale|a][weights|W][layer_input|u]) = [bn|BN]([weights|W][layer_input|u])",
    "[derivative|∂][bn|BN]([scale|a][weights|W][layer_input|u])/[derivative|∂][layer_input|u] = [derivative|∂][bn|BN]([weights|W][layer_input|u])/[derivative|∂][layer_input|u]",
    "[derivative|∂][bn|BN]([scale|a][weights|W][layer_input|u])/[derivative|∂]([scale|a][weights|W]) = 1/[scale|a] · [derivative|∂][bn|BN]([weights|W][layer_input|u])/[derivative|∂][weights|W]",
  ],
  toy: (/** @type {import("./panel.js").Panel} */ panel) => new ScaleToy(panel),
};
