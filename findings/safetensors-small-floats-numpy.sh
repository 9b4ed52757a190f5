#!/usr/bin/env bash
# safetensors 0.8.0, numpy 2.4.6, ml_dtypes 0.6.0, Python 3.11, seen 2026-11-29.
# Guess:     safetensors.numpy can read what it writes, and load and load_file differ only in the source of the bytes.
# Behaviour: It writes bfloat16 and the 8-bit floats of ml_dtypes. load, which takes the file's bytes, reads neither. load_file reads
#            bfloat16 only if something has imported ml_dtypes before. Installing it is not enough, and the error mentions a type and not an
#            import. No function for numpy reads the 8-bit floats.
# Output seen:
#   ml_dtypes installed, bfloat16, load: KeyError: 'BF16'
#   ml_dtypes installed, bfloat16, load_file: TypeError: data type 'bfloat16' not understood
#   ml_dtypes installed, float8_e4m3fn, load: KeyError: 'F8_E4M3'
#   ml_dtypes installed, float8_e4m3fn, load_file: AttributeError: module 'numpy' has no attribute 'float8_e4m3fn'
#   ml_dtypes imported, bfloat16, load: KeyError: 'BF16'
#   ml_dtypes imported, bfloat16, load_file: 1.5 -2 3
#   ml_dtypes imported, float8_e4m3fn, load: KeyError: 'F8_E4M3'
#   ml_dtypes imported, float8_e4m3fn, load_file: AttributeError: module 'numpy' has no attribute 'float8_e4m3fn'
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6 ml_dtypes==0.6.0
cat > write.py <<'PY'
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

for kind in (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn):
    save_file({"w": np.array([1.5, -2, 3], dtype=kind)}, np.dtype(kind).name)
PY
cat > read.py <<'PY'
import sys

if sys.argv[1] == "imported":
    import ml_dtypes
from safetensors.numpy import load, load_file

for name in ("bfloat16", "float8_e4m3fn"):
    with open(name, "rb") as file:
        bytes_ = file.read()
    for function, argument in ((load, bytes_), (load_file, name)):
        try:
            outcome = " ".join(map(str, function(argument)["w"]))
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}"
        print(f"ml_dtypes {sys.argv[1]}, {name}, {function.__name__}: {outcome}")
PY
seen=$(env/bin/python write.py; for state in installed imported; do env/bin/python read.py $state; done)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
