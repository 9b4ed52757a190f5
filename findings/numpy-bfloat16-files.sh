#!/usr/bin/env bash
# numpy 2.4.6, ml_dtypes 0.6.0, h5py 3.16.0, Python 3.11, seen 2026-11-29.
# Guess:     with ml_dtypes loaded, numpy.save and h5py keep the type of bfloat16 weights, or refuse them.
# Behaviour: Both write them silently, and both return raw bytes: the type is a void of two bytes, and arithmetic on it fails. The file does
#            not say which type it was, so float16 and bfloat16 cannot be told apart. If you know the type, .view() restores the numbers. The
#            8-bit floats become voids of one byte.
# Output seen:
#   bfloat16: npy |V2, hdf5 |V2, viewed again 1.5 -2 3
#   float8_e4m3fn: npy |V1, hdf5 |V1, viewed again 1.5 -2 3
#   arithmetic: UFuncTypeError
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.4.6 ml_dtypes==0.6.0 h5py==3.16.0
cat > try.py <<'PY'
import io

import h5py
import ml_dtypes
import numpy as np

for kind in (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn):
    weights = np.array([1.5, -2, 3], dtype=kind)
    npy = io.BytesIO()
    np.save(npy, weights)
    npy.seek(0)
    back = np.load(npy)
    with h5py.File(io.BytesIO(), "w") as hdf5:
        hdf5["w"] = weights
        stored = hdf5["w"].dtype.str
    print(f"{np.dtype(kind).name}: npy {back.dtype.str}, hdf5 {stored}, viewed again", *back.view(kind))
try:
    back + back
except TypeError as error:
    print("arithmetic:", type(error).__name__.lstrip("_"))
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
