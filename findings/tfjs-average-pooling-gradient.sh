#!/usr/bin/env bash
# TensorFlow.js 4.22.0 (core, layers and the backend cpu), Node.js 20, seen 2026-11-29.
# Guess:     the gradient of average pooling is the slope of the forward pass, even at a padded border.
# Behaviour: Forward divides by the cells of the window that lie inside the image. The gradient divides by the whole window. A window in a
#            corner, with 4 of its 9 cells inside, thus passes on 4/9 of what it should, and the layers below learn less from every image
#            with a padded border.
# Output seen:
#   same, 3 x 3: slope 0.69 1.11 0.69 1.11 1.78 1.11 0.69 1.11 0.69, gradient 0.44 0.67 0.44 0.67 1.00 0.67 0.44 0.67 0.44
#   valid, 3 x 3: slope 0.11 0.11 0.11 0.11 0.11 0.11 0.11 0.11 0.11, gradient 0.11 0.11 0.11 0.11 0.11 0.11 0.11 0.11 0.11
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

compare("same, 3 x 3", (x) => tf.avgPool(x, 3, 1, "same"), [1, 3, 3, 1]);
compare("valid, 3 x 3", (x) => tf.avgPool(x, 3, 1, "valid"), [1, 3, 3, 1]);
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
