import { CurvesPicture } from "../pictures/curves.js";
import { LAST, decided, difference, loss, test } from "../run/measure.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every } = settings.lessons.norms;

const LANES = ["none", "lrn", "bn_as_lrn", "bn"];

export default {
  name: "norms",
  fragment,
  lanes: LANES,
  until,
  every,
  choices: ["none", "lrn", "bn_as_lrn", "bn", "noise"],
  sentences: ["losses", "differences", "place", "tests"],
  /** @param {import("../run/measure.js").Run} run */
  measure(run) {
    const [none_lrn, lrn_bn, lrn_as_lrn, as_lrn_bn] = [
      [0, 1],
      [1, 3],
      [1, 2],
      [2, 3],
    ].map(([a, b]) => difference(run, a, b));
    const [none_loss, lrn_loss, bn_as_lrn_loss, bn_loss] = [0, 1, 2, 3].map((lane) => loss(run, lane));
    const [none_test_accuracy, lrn_test_accuracy, bn_as_lrn_test_accuracy, bn_test_accuracy] = [0, 1, 2, 3].map((lane) => test(run, lane).accuracy);
    const values = {
      count_last: LAST,
      none_loss,
      lrn_loss,
      bn_as_lrn_loss,
      bn_loss,
      none_test_accuracy,
      lrn_test_accuracy,
      bn_as_lrn_test_accuracy,
      bn_test_accuracy,
      none_lrn: none_lrn.mean,
      none_lrn_error: none_lrn.error,
      lrn_bn: lrn_bn.mean,
      lrn_bn_error: lrn_bn.error,
      lrn_as_lrn: lrn_as_lrn.mean,
      lrn_as_lrn_error: lrn_as_lrn.error,
      as_lrn_bn: as_lrn_bn.mean,
      as_lrn_bn_error: as_lrn_bn.error,
    };
    const losses = [none_loss, lrn_loss, bn_as_lrn_loss, bn_loss];
    const best = losses.indexOf(Math.min(...losses));
    const clear = losses.every((_, lane) => lane === best || decided(difference(run, lane, best)));
    return { outcome: losses.every((x) => x > 0) ? (clear ? LANES[best] : "noise") : "", values };
  },
  formula: [
    "[bn|BN]([bn_input|x]) = [bn_gamma|γ] ([bn_input|x] − [batch_mean|μ]) / √([batch_variance|σ^{2}] + [bn_epsilon|ε]) + [bn_beta|β]",
    "[lrn_output|b_{i}] = [response|a_{i}] / ( [lrn_k|k] + [lrn_alpha|α] [lrn_sum|∑_{j}] [response|a_{j}]^{2} )^{[lrn_beta|β]}",
  ],
  picture: (/** @type {import("../run/types.js").Panel} */ panel) => new CurvesPicture(panel),
};
