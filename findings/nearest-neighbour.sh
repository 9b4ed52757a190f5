#!/usr/bin/env bash
# Pillow 13.0.0, opencv-python-headless 5.0.0.93, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     nearest neighbour, the one resampling without arithmetic, picks the same pixels in Pillow and OpenCV.
# Behaviour: To a quarter of the size they have no pixel in common: Pillow takes the one at the centre of each cell, OpenCV's INTER_NEAREST
#            the one at its left edge. This shifts maps of labels by a pixel or two against pictures. OpenCV's INTER_NEAREST_EXACT picks as
#            Pillow does.
# Output seen:
#   32 to 8: Pillow 2 6 10 14 18 22 26 30
#   32 to 8: OpenCV 0 4 8 12 16 20 24 28
#   32 to 8: OpenCV exact 2 6 10 14 18 22 26 30
#   8 to 12: Pillow 0 1 1 2 2 3 4 5 5 6 7 7
#   8 to 12: OpenCV 0 0 1 2 2 3 4 4 5 6 6 7
#   8 to 12: OpenCV exact 0 1 1 2 2 3 4 5 5 6 7 7
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 Pillow==13.0.0 numpy==2.4.6
cat > try.py <<'PY'
import cv2
import numpy as np
from PIL import Image

for size, wanted in ((32, 8), (8, 12)):
    row = np.arange(size, dtype=np.uint8).reshape(1, size)
    for name, picked in (
        ("Pillow", np.array(Image.fromarray(row).resize((wanted, 1), Image.Resampling.NEAREST))),
        ("OpenCV", cv2.resize(row, (wanted, 1), interpolation=cv2.INTER_NEAREST)),
        ("OpenCV exact", cv2.resize(row, (wanted, 1), interpolation=cv2.INTER_NEAREST_EXACT)),
    ):
        print(f"{size} to {wanted}: {name}", *picked[0])
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
