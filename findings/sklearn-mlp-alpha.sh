#!/usr/bin/env bash
# scikit-learn 1.9.1, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     alpha of the multi-layer perceptron is the weight of the L2 term, whatever the batch size, as weight_decay is elsewhere.
# Behaviour: Each step divides the decay by the rows of the batch. With a batch eight times as large, a weight shrinks an eighth as much per
#            step, and a 64th as much over an epoch. To keep the same regularisation, alpha has to grow with the batch.
# Output seen:
#   batch 1: 8 steps an epoch, each multiplies the weight by 0.9000
#   batch 2: 4 steps an epoch, each multiplies the weight by 0.9500
#   batch 8: 1 steps an epoch, each multiplies the weight by 0.9875
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6
cat > try.py <<'PY'
import warnings

import numpy as np
from sklearn.neural_network import MLPRegressor

warnings.simplefilter("ignore")
# Only zeros, so that nothing but the decay moves the weight.
x, y = np.zeros((8, 1)), np.zeros(8)
for batch in (1, 2, 8):
    weights = []
    for rate in (1e-300, 0.1):
        settings = dict(solver="sgd", momentum=0, alpha=1, learning_rate_init=rate, batch_size=batch, max_iter=1, random_state=0)
        model = MLPRegressor(hidden_layer_sizes=(), activation="identity", **settings)
        weights.append(model.fit(x, y).coefs_[0].item())
    steps = len(x) // batch
    print(f"batch {batch}: {steps} steps an epoch, each multiplies the weight by {(weights[1] / weights[0]) ** (1 / steps):.4f}")
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
