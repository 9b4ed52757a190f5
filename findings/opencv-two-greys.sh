#!/usr/bin/env bash
# opencv-python-headless 5.0.0.93, Pillow 13.0.0, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     in one library, reading a PNG as grey gives the same as reading it in colour and converting it to grey.
# Behaviour: cv2.imread with IMREAD_GRAYSCALE is one lower than cv2.cvtColor for half of all colours: it truncates where the other rounds.
#            Pillow's convert agrees with cvtColor except for one colour in a thousand. A network trained on one and fed with the other sees
#            slightly darker images.
# Output seen:
#   imread - cvtColor: -1 for 318137, 0 for 317919 colours
#   Pillow - cvtColor: -1 for 390, 0 for 635428, 1 for 238 colours
#   pure green: imread 149, cvtColor 150, Pillow 150
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

levels = np.arange(0, 256, 3, dtype=np.uint8)
colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 86, 3)
cv2.imwrite("colours.png", colours[..., ::-1])
read = cv2.imread("colours.png", cv2.IMREAD_GRAYSCALE).astype(int)
turned = cv2.cvtColor(cv2.imread("colours.png"), cv2.COLOR_BGR2GRAY).astype(int)
pillow = np.array(Image.open("colours.png").convert("L")).astype(int)
for name, grey in (("imread", read), ("Pillow", pillow)):
    counts = zip(*np.unique(grey - turned, return_counts=True))
    print(f"{name} - cvtColor:", ", ".join(f"{difference} for {count}" for difference, count in counts), "colours")
at = np.nonzero((colours == [0, 255, 0]).all(-1))
print(f"pure green: imread {read[at][0]}, cvtColor {turned[at][0]}, Pillow {pillow[at][0]}")
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
