#!/usr/bin/env bash
# convnetjs 0.3.0, Node.js 20, seen 2026-11-29.
# Guess:     at test time, dropout multiplies by the share of units that training kept, so that the average stays the same.
# Behaviour: ConvNetJS multiplies by the share that was dropped. With drop_prob 0.5 the two are equal. With 0.2, a test gets a quarter of the
#            activation that training had; with 0.1, a ninth.
# Output seen:
#   drop_prob 0.5: 0.50 in training, 0.50 at test time
#   drop_prob 0.2: 0.80 in training, 0.20 at test time
#   drop_prob 0.1: 0.90 in training, 0.10 at test time
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund convnetjs@0.3.0
cat > try.mjs <<'JS'
import convnetjs from "convnetjs";

const units = 1_000_000;
const ones = new convnetjs.Vol(1, 1, units, 1);
for (const drop_prob of [0.5, 0.2, 0.1]) {
  const layer = new convnetjs.DropoutLayer({ in_sx: 1, in_sy: 1, in_depth: units, drop_prob });
  const [training, test] = [true, false].map((training) => layer.forward(ones, training).w.reduce((sum, value) => sum + value) / units);
  console.log(`drop_prob ${drop_prob}: ${training.toFixed(2)} in training, ${test.toFixed(2)} at test time`);
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
