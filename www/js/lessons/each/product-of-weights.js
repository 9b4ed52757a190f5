import { ProductPicture } from "../pictures/product.js";
import { at, guessing, loss } from "../run/measure.js";
import { powerToy } from "../toys/toy.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every } = settings.lessons["product-of-weights"];

/** Thresholds on the ratio of the two gradients that separate the answers. */
const [HALF, HUNDREDTH] = [0.1, 1e-3];

export default {
  name: "product-of-weights",
  fragment,
  lanes: ["one", "half", "double"],
  until,
  every,
  choices: ["half", "hundredth", "vanished"],
  sentences: ["half", "double", "losses"],
  /** @param {import("../run/measure.js").Run} run */
  measure(run) {
    const [one, half, double] = run.lanes.map((lane) => at(lane, "first", "conv1", "weight"));
    // The gradient of conv1's weights is a product with the weights of every layer after it.
    const count_factors = run.names.length - 1;
    const values = {
      one_conv1: one ?? NaN,
      half_conv1: half ?? NaN,
      double_conv1: double ?? NaN,
      half_ratio: half / one,
      double_ratio: double / one,
      count_factors,
      half_rule: 0.5 ** count_factors,
      double_rule: 2 ** count_factors,
      one_loss: loss(run, 0),
      half_loss: loss(run, 1),
      guessing_loss: guessing(run),
    };
    const { half_ratio } = values;
    const outcome = half_ratio > HALF ? "half" : half_ratio > HUNDREDTH ? "hundredth" : half_ratio >= 0 ? "vanished" : "";
    return { outcome, values };
  },
  formula: [
    "[gradient_weights|∂L/∂W_{1}] [proportional|∝] [weights|W_{2}] · [weights|W_{3}] · … · [weights|W_{L}]",
    "[size_of_weights|w]^{[layers_crossed|k]}",
  ],
  picture: (/** @type {import("../run/types.js").Panel} */ panel) => new ProductPicture(panel),
  toy: powerToy,
  // First by hand, then in the network.
  toySteps: ["question", "formula"],
};
