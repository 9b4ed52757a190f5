#!/usr/bin/env bash
# TensorFlow.js 4.22.0 (core, layers and the backend cpu), Node.js 20, seen 2026-11-29.
# Guess:     an optimiser stops when its learningRate is set to 0, as getConfig says.
# Behaviour: Adam and RMSProp stop. SGD and momentum continue with the old rate, while getConfig shows the new one: they keep a tensor made
#            from the old rate. A schedule that assigns the rate works with some optimisers only. SGD and momentum have setLearningRate for
#            it; the other two do not.
# Output seen:
#   sgd: step 0.10, after learningRate = 0: 0.10, getConfig 0, setLearningRate(0): 0.00
#   momentum: step 0.10, after learningRate = 0: 0.15, getConfig 0, setLearningRate(0): 0.00
#   rmsprop: step 0.32, after learningRate = 0: 0.00, getConfig 0, no setLearningRate
#   adam: step 0.10, after learningRate = 0: 0.00, getConfig 0, no setLearningRate
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 @tensorflow/tfjs-layers@4.22.0
cat > try.mjs <<'JS'
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers"; // brings the gradients

await tf.setBackend("cpu");
const makers = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.5),
  rmsprop: () => tf.train.rmsprop(0.1),
  adam: () => tf.train.adam(0.1),
};
for (const [name, make] of Object.entries(makers)) {
  const optimizer = make();
  const weight = tf.variable(tf.scalar(0));
  const step = () => {
    const before = weight.dataSync()[0];
    optimizer.minimize(() => tf.mul(weight, 1), false, [weight]);
    return (before - weight.dataSync()[0]).toFixed(2);
  };
  const first = step();
  optimizer.learningRate = 0;
  const assigned = `learningRate = 0: ${step()}, getConfig ${optimizer.getConfig().learningRate}`;
  optimizer.setLearningRate?.(0);
  const set = optimizer.setLearningRate ? `setLearningRate(0): ${step()}` : "no setLearningRate";
  console.log(`${name}: step ${first}, after ${assigned}, ${set}`);
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
