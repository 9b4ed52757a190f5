#!/usr/bin/env bash
# TensorFlow.js 4.22.0 (core, layers and the backend cpu), Node.js 20, seen 2026-11-29.
# Guess:     the gradient of resizing follows the option given to forward.
# Behaviour: halfPixelCenters moves the samples of forward and not those of the gradient. The result is the gradient of resizing without the
#            option, for bilinear and for nearest neighbour. For images that are not square, the bilinear gradient fails with an error, with
#            either option: it swaps height and width.
# Output seen:
#   bilinear, halfPixelCenters false: slope 1.78 2.22 2.22 2.78, gradient 1.78 2.22 2.22 2.78
#   nearest, halfPixelCenters false: slope 4.00 2.00 2.00 1.00, gradient 4.00 2.00 2.00 1.00
#   bilinear, halfPixelCenters true: slope 2.25 2.25 2.25 2.25, gradient 1.78 2.22 2.22 2.78
#   nearest, halfPixelCenters true: slope 1.00 2.00 2.00 4.00, gradient 4.00 2.00 2.00 1.00
#   bilinear, 1 x 2: The gradient of input 'images' has shape '1,2,1,1', which does not match the shape of the input '1,1,2,1'
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

/** The slope of the sum of f at every value, from its differences: f is linear, so that they are exact. */
function slopes(f, values, shape) {
  const sum = (v) => tf.sum(f(tf.tensor(v, shape))).dataSync()[0];
  const zero = sum(values.map(() => 0));
  return values.map((_, i) => sum(values.map((_, j) => +(i === j))) - zero);
}

function compare(name, f, shape) {
  const values = Array(shape.reduce((product, n) => product * n)).fill(0);
  const gradient = tf.grad((x) => tf.sum(f(x)))(tf.tensor(values, shape)).dataSync();
  const row = (numbers) => Array.from(numbers, (number) => number.toFixed(2)).join(" ");
  console.log(`${name}: slope ${row(slopes(f, values, shape))}, gradient ${row(gradient)}`);
}

for (const half of [false, true]) {
  compare(`bilinear, halfPixelCenters ${half}`, (x) => tf.image.resizeBilinear(x, [3, 3], false, half), [1, 2, 2, 1]);
  compare(`nearest, halfPixelCenters ${half}`, (x) => tf.image.resizeNearestNeighbor(x, [3, 3], false, half), [1, 2, 2, 1]);
}
try {
  compare("bilinear, 1 x 2", (x) => tf.image.resizeBilinear(x, [3, 3]), [1, 1, 2, 1]);
} catch (error) {
  console.log("bilinear, 1 x 2:", error.message.split(". ")[1]);
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
