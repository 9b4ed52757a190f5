import { LAST, accuracy, decided, difference, loss, test } from "./measure.js";

export default {
  name: "norms",
  fragment: "width=0.25&norm=none&lr=0.02&test_every=200&lane2=norm:lrn&lane3=norm:bn",
  lanes: ["none", "lrn", "bn"],
  until: 200,
  choices: ["none", "lrn", "bn", "noise"],
  sentences: ["losses", "differences", "tests"],
  /** @param {import("./measure.js").Run} run */
  measure(run) {
    const [none_lrn, none_bn, lrn_bn] = [[0, 1], [0, 2], [1, 2]].map(([a, b]) => difference(run, a, b));
    const values = {
      count_last: LAST,
      none_loss: loss(run, 0), lrn_loss: loss(run, 1), bn_loss: loss(run, 2),
      none_accuracy: accuracy(run, 0), lrn_accuracy: accuracy(run, 1), bn_accuracy: accuracy(run, 2),
      none_test_accuracy: test(run, 0).accuracy, lrn_test_accuracy: test(run, 1).accuracy, bn_test_accuracy: test(run, 2).accuracy,
      none_lrn: none_lrn.mean, none_lrn_error: none_lrn.error,
      lrn_bn: lrn_bn.mean, lrn_bn_error: lrn_bn.error,
    };
    const lowest = { none: [none_lrn, none_bn], lrn: [none_lrn, lrn_bn], bn: [none_bn, lrn_bn] };
    const losses = { none: values.none_loss, lrn: values.lrn_loss, bn: values.bn_loss };
    const [best] = Object.entries(losses).reduce((least, entry) => (entry[1] < least[1] ? entry : least));
    const known = Object.values(losses).every((x) => x > 0);
    const clear = lowest[/** @type {keyof typeof lowest} */ (best)].every(decided);
    return { outcome: known ? (clear ? best : "noise") : "", values };
  },
  formula: [
    "[bn|BN](x) = [bn_gamma|γ] (x − [batch_mean|μ]) / √([batch_variance|σ^{2}] + [bn_epsilon|ε]) + [bn_beta|β]",
    "[lrn_output|b_{i}] = [response|a_{i}] / ( [lrn_k|k] + [lrn_alpha|α] [lrn_sum|∑_{j}] [response|a_{j}]^{2} )^{[lrn_beta|β]}",
  ],
};
