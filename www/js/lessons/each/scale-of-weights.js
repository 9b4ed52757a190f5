import { ScalePicture } from "../pictures/scale.js";
import { at, loss } from "../run/measure.js";
import { ScaleToy } from "../toys/scale_toy.js";
import { LAYER, SCALE, meanUpdate, updateRatio } from "../run/updates.js";
import { UpdatesToy } from "../toys/updates_toy.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every } = settings.lessons["scale-of-weights"];

/** The block whose output is the layer's input. */
const BEFORE = "conv2";
/** Halfway between 1/16 and 1/4, and between 1/4 and 1, on a logarithmic scale. */
const [LOW, HIGH] = [0.125, 0.5];

const updates = (/** @type {import("../run/types.js").Panel} */ panel) => new UpdatesToy(panel);

export default {
  name: "scale-of-weights",
  fragment,
  lanes: ["bn_small", "bn_large", "none_small", "none_large"],
  until,
  every,
  choices: ["same", "quarter", "sixteenth"],
  sentences: ["updates", "first", "losses", "none"],
  /** @param {import("../run/measure.js").Run} run */
  measure(run) {
    const [bn_small, bn_large, none_small, none_large] = [0, 1, 2, 3].map((lane) => run.lanes[lane]);
    /** @param {import("../run/measure.js").Lane | undefined} large @param {import("../run/measure.js").Lane | undefined} small @param {string} layer @param {"weight" | "activation"} what */
    const ratio = (large, small, layer, what) => at(large, "first", layer, what) / at(small, "first", layer, what);
    const firstLoss = (/** @type {number} */ lane) => run.lanes[lane]?.records[0]?.[1] ?? NaN;
    const values = {
      bn_small_update: meanUpdate(bn_small),
      bn_large_update: meanUpdate(bn_large),
      bn_update_ratio: updateRatio(bn_large, bn_small),
      bn_update_rule: 1 / SCALE ** 2,
      bn_weight_ratio: ratio(bn_large, bn_small, LAYER, "weight"),
      bn_weight_rule: 1 / SCALE,
      bn_passed: ratio(bn_large, bn_small, BEFORE, "activation"),
      none_weight_ratio: ratio(none_large, none_small, LAYER, "weight"),
      none_passed: ratio(none_large, none_small, BEFORE, "activation"),
      none_update_ratio: updateRatio(none_large, none_small),
      bn_small_first_loss: firstLoss(0),
      bn_large_first_loss: firstLoss(1),
      none_small_first_loss: firstLoss(2),
      none_large_first_loss: firstLoss(3),
      bn_small_loss: loss(run, 0),
      bn_large_loss: loss(run, 1),
    };
    const { bn_update_ratio } = values;
    const outcome = bn_update_ratio > HIGH ? "same" : bn_update_ratio > LOW ? "quarter" : bn_update_ratio > 0 ? "sixteenth" : "";
    return { outcome, values };
  },
  formula: [
    "[bn|BN]([scale|a][weights|W][layer_input|u]) = [bn|BN]([weights|W][layer_input|u])",
    "[derivative|∂][bn|BN]([scale|a][weights|W][layer_input|u])/[derivative|∂][layer_input|u] = [derivative|∂][bn|BN]([weights|W][layer_input|u])/[derivative|∂][layer_input|u]",
    "[derivative|∂][bn|BN]([scale|a][weights|W][layer_input|u])/[derivative|∂]([scale|a][weights|W]) = 1/[scale|a] · [derivative|∂][bn|BN]([weights|W][layer_input|u])/[derivative|∂][weights|W]",
    "[update|‖Δ(aW)‖] / [size|‖aW‖] = 1/[scale|a]^{2} · [update|‖ΔW‖] / [size|‖W‖]",
    "[update|ΔW] = −[rate|η] [gradient_weight|∂L/∂W]",
  ],
  picture: (/** @type {import("../run/types.js").Panel} */ panel) => new ScalePicture(panel),
  toy: (/** @type {import("../run/types.js").Panel} */ panel) => new ScaleToy(panel),
  toys: { run: updates, saw: updates },
};
