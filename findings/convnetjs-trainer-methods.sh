#!/usr/bin/env bash
# convnetjs 0.3.0, Node.js 20, seen 2026-11-29.
# Guess:     the trainer has the methods that the library is known for, such as adam and nesterov, and rejects an unknown one.
# Behaviour: The published package knows sgd, adagrad, adadelta and windowgrad. Any other word means sgd with momentum, without an error:
#            adam, nesterov and every typo. Two curves of a comparison are then the same curve.
# Output seen:
#   sgd: weight 0.05514 after 3 steps
#   adam: weight 0.05514 after 3 steps
#   nesterov: weight 0.05514 after 3 steps
#   nonsense: weight 0.05514 after 3 steps
#   adagrad: weight 0.02268 after 3 steps
#   adadelta: weight 0.01350 after 3 steps
#   windowgrad: weight 0.09971 after 3 steps
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund convnetjs@0.3.0
cat > try.mjs <<'JS'
import convnetjs from "convnetjs";

for (const method of ["sgd", "adam", "nesterov", "nonsense", "adagrad", "adadelta", "windowgrad"]) {
  const net = new convnetjs.Net();
  net.makeLayers([{ type: "input", out_sx: 1, out_sy: 1, out_depth: 1 }, { type: "regression", num_neurons: 1 }]);
  const [weight] = net.getParamsAndGrads().map(({ params }) => params);
  weight[0] = 0;
  const trainer = new convnetjs.Trainer(net, { method, learning_rate: 0.01, momentum: 0.9, batch_size: 1, l2_decay: 0 });
  const one = new convnetjs.Vol(1, 1, 1, 1);
  for (let step = 0; step < 3; step++) trainer.train(one, [1]);
  console.log(`${method}: weight ${weight[0].toFixed(5)} after 3 steps`);
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
