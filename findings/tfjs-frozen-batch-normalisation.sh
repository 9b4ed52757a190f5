#!/usr/bin/env bash
# TensorFlow.js 4.22.0 (core, layers and the backend cpu), Node.js 20, seen 2026-11-29.
# Guess:     trainable = false freezes a batch normalisation layer: it uses its stored mean and variance and keeps them, as in Keras.
# Behaviour: Only its weights gamma and beta are frozen. In fit, the stored mean and variance move with each batch. A pretrained network that
#            is fine-tuned with frozen layers drifts away from what was loaded.
# Output seen:
#   gamma, beta, mean, variance before: 1.00 0.00 0.00 1.00
#   gamma, beta, mean, variance after:  1.00 0.00 6.50 3.00
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
import * as layers from "@tensorflow/tfjs-layers";

await tf.setBackend("cpu");

const norm = layers.layers.batchNormalization({ inputShape: [1], momentum: 0.5 });
const model = layers.sequential({ layers: [norm, layers.layers.dense({ units: 1 })] });
const stored = () => norm.getWeights().map((weight) => weight.dataSync()[0].toFixed(2)).join(" ");
norm.trainable = false;
model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
console.log(`gamma, beta, mean, variance before: ${stored()}`);
const x = tf.tensor2d([[10], [12], [14], [16]]);
await model.fit(x, x, { epochs: 1, batchSize: 4, verbose: 0 });
console.log(`gamma, beta, mean, variance after:  ${stored()}`);
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
