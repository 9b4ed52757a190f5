#!/usr/bin/env bash
# safetensors 0.8.0, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     saving a transposed array, as when a dense layer goes from one framework's order to another's, writes the transposed matrix or
#            refuses.
# Behaviour: safetensors.numpy writes the memory of the underlying array, under the new shape. Loading gives other numbers in the right
#            shape, without a warning. The same happens to every second column. numpy.ascontiguousarray before saving helps.
# Output seen:
#   transposed: saved [[0, 3], [1, 4], [2, 5]], loaded [[0, 1], [2, 3], [4, 5]]
#   every second column: saved [[0, 2], [3, 5]], loaded [[0, 1], [2, 3]]
#   transposed and copied: saved [[0, 3], [1, 4], [2, 5]], loaded [[0, 3], [1, 4], [2, 5]]
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6
cat > try.py <<'PY'
import warnings

import numpy as np
from safetensors.numpy import load, save

warnings.simplefilter("error")
weights = np.arange(6).reshape(2, 3)
for name, array in (
    ("transposed", weights.T),
    ("every second column", weights[:, ::2]),
    ("transposed and copied", np.ascontiguousarray(weights.T)),
):
    print(f"{name}: saved {array.tolist()}, loaded {load(save({'w': array}))['w'].tolist()}")
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
