#!/usr/bin/env bash
# safetensors 0.8.0, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     get_slice takes the slices that a numpy array takes, since it uses the same brackets.
# Behaviour: A single index may be negative, and a step works. A negative bound raises OverflowError, so [-2:] does not give the last rows of
#            a layer. A bound past the end raises SafetensorError where numpy stops at the end, so a loop over pieces of a fixed size fails
#            on the last piece. A list of rows is refused.
# Output seen:
#   [-1] as numpy
#   [1:4:2] as numpy
#   [..., 0] as numpy
#   [-2:] OverflowError
#   [3:10] SafetensorError
#   [[0, 2]] SafetensorError
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6
cat > try.py <<'PY'
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

weights = np.arange(24, dtype=np.float32).reshape(4, 6)
save_file({"w": weights}, "w.safetensors")
with safe_open("w.safetensors", "np") as file:
    piece = file.get_slice("w")
    for index in ("[-1]", "[1:4:2]", "[..., 0]", "[-2:]", "[3:10]", "[[0, 2]]"):
        expected = eval("weights" + index)
        try:
            outcome = "as numpy" if np.array_equal(eval("piece" + index), expected) else "other numbers"
        except Exception as error:
            outcome = type(error).__name__
        print(index, outcome)
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
