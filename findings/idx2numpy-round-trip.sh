#!/usr/bin/env bash
# idx2numpy 1.2.3, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     idx2numpy can write what it reads from an IDX file.
# Behaviour: It can for bytes. Numbers of more than one byte are big-endian in IDX. The reader leaves them so, but the writer knows only the
#            machine's own order: on a little-endian machine it refuses everything that its own reader has read. The file itself is right.
#            array.astype(array.dtype.newbyteorder("=")) in between helps.
# Output seen:
#   uint8: read as |u1, written again the same
#   int16: read as >i2, FormatError
#   int32: read as >i4, FormatError
#   float32: read as >f4, FormatError
#   float64: read as >f8, FormatError
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check idx2numpy==1.2.3 numpy==2.4.6
cat > try.py <<'PY'
import idx2numpy
import numpy as np

for kind in ("uint8", "int16", "int32", "float32", "float64"):
    file = idx2numpy.convert_to_string(np.array([[1, 2], [3, 4]], dtype=kind))
    array = idx2numpy.convert_from_string(file)
    try:
        outcome = "written again the same" if idx2numpy.convert_to_string(array) == file else "written again otherwise"
    except idx2numpy.FormatError as error:
        outcome = type(error).__name__
    print(f"{kind}: read as {array.dtype.str}, {outcome}")
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
