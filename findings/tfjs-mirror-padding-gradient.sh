#!/usr/bin/env bash
# TensorFlow.js 4.22.0 (core, layers and the backend cpu), Node.js 20, seen 2026-11-29.
# Guess:     a value that mirrorPad copies to two places gets the gradients of both.
# Behaviour: It gets only the gradient of the original. That is the gradient of padding with zeros, in either of forward's two modes.
# Output seen:
#   reflect: slope 1.00 2.00 3.00 1.00, gradient 1.00 1.00 1.00 1.00
#   symmetric: slope 2.00 2.00 1.00 2.00, gradient 1.00 1.00 1.00 1.00
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

for (const mode of ["reflect", "symmetric"]) compare(mode, (x) => tf.mirrorPad(x, [[2, 1]], mode), [4]);
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
