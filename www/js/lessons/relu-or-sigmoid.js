import { GainsToy } from "./gains_toy.js";
import { at, guessing, lastHidden, loss } from "./measure.js";

/** Beyond these ratios of the two gradients, an answer is the right one. */
const [SAME, MUCH] = [10, 1000];

export default {
  name: "relu-or-sigmoid",
  fragment: "width=0.25&depth=4&norm=none&test_every=200&lane2=activation:sigmoid&lane3=activation:tanh",
  lanes: ["relu", "sigmoid", "tanh"],
  until: 200,
  choices: ["larger", "same", "smaller", "vanished"],
  sentences: ["gradient", "passed", "tanh"],
  /** @param {import("./measure.js").Run} run */
  measure(run) {
    const [relu, sigmoid, tanh] = run.lanes;
    const passed = (/** @type {import("./measure.js").Lane | undefined} */ lane) => at(lane, "first", "conv1", "activation") / at(lane, "first", lastHidden(run), "activation");
    // From the last hidden activation back to conv1's, the gradient crosses one sigmoid a layer.
    const count_layers = run.names.length - 2;
    const values = {
      relu_conv1: at(relu, "first", "conv1", "weight"),
      sigmoid_conv1: at(sigmoid, "first", "conv1", "weight"),
      tanh_conv1: at(tanh, "first", "conv1", "weight"),
      ratio: at(relu, "first", "conv1", "weight") / at(sigmoid, "first", "conv1", "weight"),
      relu_passed: passed(relu),
      sigmoid_passed: passed(sigmoid),
      count_layers,
      bound: 0.25 ** count_layers,
      relu_loss: loss(run, 0),
      sigmoid_loss: loss(run, 1),
      tanh_loss: loss(run, 2),
      guessing_loss: guessing(run),
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
  toy: (/** @type {import("./panel.js").Panel} */ panel) => new GainsToy(panel),
  toySteps: ["run", "saw", "formula"],
};
