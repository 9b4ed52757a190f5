#!/usr/bin/env bash
# TensorFlow.js 4.22.0 (core, layers and the backend cpu), Node.js 20, seen 2026-11-29.
# Guess:     a seed makes dropout's masks repeat from run to run, but not from step to step.
# Behaviour: With a seed, every step draws the same mask: the layer restarts from the seed at each call. Half of the units never learn, and
#            the other half are never dropped. Without a seed, each step has another mask.
# Output seen:
#   seed 7: 1 mask in 20 steps
#   no seed: 20 masks in 20 steps
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

const ones = tf.ones([1, 64]);
for (const [name, seed] of [["seed 7", 7], ["no seed", undefined]]) {
  const dropout = layers.layers.dropout({ rate: 0.5, seed });
  const masks = new Set(Array.from({ length: 20 }, () => dropout.apply(ones, { training: true }).dataSync().join()));
  console.log(`${name}: ${masks.size} mask${masks.size === 1 ? "" : "s"} in 20 steps`);
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
