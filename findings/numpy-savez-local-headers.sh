#!/usr/bin/env bash
# numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     the ZIP header in front of each array of a small .npz file states how many bytes follow.
# Behaviour: It says 4294967295, for stored and for compressed arrays. The true sizes are in a ZIP64 field after the name, which the format
#            reserves for members of 4 GiB. Only the central directory at the end of the file has them in the usual place. A reader that
#            walks from header to header without ZIP64 fails on an array of three numbers.
# Output seen:
#   savez: local header 4294967295, ZIP64 field 152, central directory 152
#   savez_compressed: local header 4294967295, ZIP64 field 76, central directory 76
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.4.6
cat > try.py <<'PY'
import io
import struct
import zipfile

import numpy as np

for write in (np.savez, np.savez_compressed):
    file = io.BytesIO()
    write(file, a=np.arange(3))
    data = file.getvalue()
    packed, _, name, _ = struct.unpack("<IIHH", data[18:30])
    kind, length, _, packed64 = struct.unpack("<HHQQ", data[30 + name : 50 + name])
    assert (kind, length) == (1, 16)
    central = zipfile.ZipFile(file).getinfo("a.npy").compress_size
    print(f"{write.__name__}: local header {packed}, ZIP64 field {packed64}, central directory {central}")
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
