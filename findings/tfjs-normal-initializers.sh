#!/usr/bin/env bash
# TensorFlow.js 4.22.0 (core, layers and the backend cpu), Node.js 20, seen 2026-11-29.
# Guess:     heNormal draws weights with the deviation of He's paper, as Keras does under the same name.
# Behaviour: The bell curve is cut off at two deviations, and nothing compensates for the narrower curve. The weights of heNormal,
#            glorotNormal and leCunNormal have 0.88 of the deviation that they are named after; over eight layers of ReLU, a third of it is
#            left (0.88^8). The uniform ones are right. Keras compensates.
# Output seen:
#   heNormal 0.88
#   glorotNormal 0.88
#   leCunNormal 0.88
#   heUniform 1.00
#   glorotUniform 1.00
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

const size = 400;
for (const [name, gain] of Object.entries({ heNormal: 2, glorotNormal: 1, leCunNormal: 1, heUniform: 2, glorotUniform: 1 })) {
  const weights = layers.initializers[name]({ seed: 1 }).apply([size, size]);
  console.log(name, Math.sqrt(tf.moments(weights).variance.dataSync()[0] / (gain / size)).toFixed(2));
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
