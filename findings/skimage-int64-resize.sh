#!/usr/bin/env bash
# scikit-image 0.26.0, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     resizing an image of bytes gives the same result whichever type of integer holds them.
# Behaviour: An integer image is divided by the largest number of its type. Bytes come out between 0 and 1. The same levels in int64, numpy's
#            usual integer, are divided by 2^63 and come out at 1e-17: black. Nothing warns. With preserve_range=True all types agree.
# Output seen:
#   200 as uint8: 0.784, with preserve_range 200
#   200 as uint16: 0.00305, with preserve_range 200
#   200 as int32: 9.31e-08, with preserve_range 200
#   200 as int64: 2.17e-17, with preserve_range 200
#   200 as float64: 200, with preserve_range 200
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check scikit-image==0.26.0 numpy==2.4.6
cat > try.py <<'PY'
import warnings

import numpy as np
from skimage.transform import resize

warnings.simplefilter("error")
levels = np.full((4, 4), 200)
for kind in ("uint8", "uint16", "int32", "int64", "float64"):
    picture = levels.astype(kind)
    one, other = (resize(picture, (2, 2), preserve_range=keep)[0, 0] for keep in (False, True))
    print(f"200 as {kind}: {one:.3g}, with preserve_range {other:.3g}")
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
