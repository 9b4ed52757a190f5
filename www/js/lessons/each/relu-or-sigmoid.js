import { GradientsPicture } from "../pictures/gradients.js";
import { GainsToy } from "../toys/gains_toy.js";
import { at, guessing, lastHidden, loss } from "../run/measure.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every, numbers } = settings.lessons["relu-or-sigmoid"];

/** Thresholds on the ratio of the two gradients that separate the answers. */
const { same: SAME, much: MUCH } = numbers;

export default {
  name: "relu-or-sigmoid",
  fragment,
  lanes: ["relu", "sigmoid"],
  depths: ["0", "4", "8", "12"],
  until,
  every,
  choices: ["larger", "same", "smaller", "vanished"],
  sentences: ["gradient", "passed", "losses"],
  /** @param {import("../run/measure.js").Run} run */
  measure(run) {
    const [relu, sigmoid] = run.lanes;
    const passed = (/** @type {import("../run/measure.js").Lane | undefined} */ lane) =>
      at(lane, "first", "conv1", "activation") / at(lane, "first", lastHidden(run), "activation");
    // From the last hidden activation back to conv1's, the gradient crosses one sigmoid per layer.
    const count_layers = run.names.length - 2;
    const values = {
      relu_conv1: at(relu, "first", "conv1", "weight"),
      sigmoid_conv1: at(sigmoid, "first", "conv1", "weight"),
      ratio: at(relu, "first", "conv1", "weight") / at(sigmoid, "first", "conv1", "weight"),
      relu_passed: passed(relu),
      sigmoid_passed: passed(sigmoid),
      count_layers,
      bound: 0.25 ** count_layers,
      relu_loss: loss(run, 0),
      sigmoid_loss: loss(run, 1),
      guessing_loss: guessing(run),
      count_steps: run.until,
    };
    const { ratio } = values;
    const outcome = ratio > MUCH ? "vanished" : ratio > SAME ? "smaller" : ratio > 1 / SAME ? "same" : ratio > 0 ? "larger" : "";
    return { outcome, values };
  },
  formula: [
    "[gradient_activation|∂L/∂a_{l−1}] = [weights|W_{l}][transposed|^{T}] ( [slope|σ′(z_{l})] [elementwise|⊙] [gradient_activation|∂L/∂a_{l}] )",
    "[slope|σ′(z)] = [sigmoid|σ]([function_input|z]) (1 − [sigmoid|σ]([function_input|z])) ≤ [quarter|¼]",
    "[gain|gain of l] = [norm|‖][gradient_activation|∂L/∂a_{l−1}][norm|‖] / [norm|‖][gradient_activation|∂L/∂a_{l}][norm|‖]",
    "[slope|ReLU′(z)] = 1 [if_positive|(z > 0)], 0 [if_positive|(z ≤ 0)]",
  ],
  picture: (/** @type {import("../run/types.js").Panel} */ panel) => new GradientsPicture(panel),
  toy: (/** @type {import("../run/types.js").Panel} */ panel) => new GainsToy(panel),
  toySteps: ["run", "saw", "formula"],
};
