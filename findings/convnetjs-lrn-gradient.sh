#!/usr/bin/env bash
# convnetjs 0.3.0, Node.js 20, seen 2026-11-29.
# Guess:     the gradient of ConvNetJS's local response normalisation is the slope of its output.
# Behaviour: It is right for a channel's own input. For a neighbour's input its size is wrong and, where the two inputs differ in sign, its
#            sign is wrong as well: training pushes the weights the wrong way.
# Output seen:
#   output 1 by inputs 1 to 3: slope 0.389 0.180 0.000, gradient 0.389 -0.359 0.000
#   output 2 by inputs 1 to 3: slope 0.048 0.176 0.144, gradient -0.024 0.176 -0.216
#   output 3 by inputs 1 to 3: slope 0.000 0.160 0.045, gradient 0.000 -0.107 0.045
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund convnetjs@0.3.0
cat > try.mjs <<'JS'
import convnetjs from "convnetjs";

const layer = new convnetjs.LocalResponseNormalizationLayer({ in_sx: 1, in_sy: 1, in_depth: 3, k: 1, n: 3, alpha: 1, beta: 0.75 });
const input = (values) => {
  const volume = new convnetjs.Vol(1, 1, values.length, 0);
  values.forEach((value, i) => (volume.w[i] = value));
  return volume;
};
const values = [1, -2, 3];
const step = 1e-5;
const row = (numbers) => Array.from(numbers, (number) => number.toFixed(3)).join(" ");
for (const channel of [0, 1, 2]) {
  const slopes = values.map((_, i) => {
    const [more, less] = [step, -step].map((by) => layer.forward(input(values.with(i, values[i] + by)), true).w[channel]);
    return (more - less) / (2 * step);
  });
  const volume = input(values);
  layer.forward(volume, true).dw[channel] = 1;
  layer.backward();
  console.log(`output ${channel + 1} by inputs 1 to 3: slope ${row(slopes)}, gradient ${row(volume.dw)}`);
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
