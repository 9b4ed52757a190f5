#!/usr/bin/env bash
# Pillow 13.0.0, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     converting a 16-bit PNG to 8 bits, by convert("L") or convert("RGB"), scales it, as opening a 16-bit colour image does.
# Behaviour: A 16-bit colour image is scaled to 8 bits when it is opened, and loses its lower byte unasked. A grey one stays at 16 bits, and
#            convert does not scale but clips: everything brighter than 255 of 65535 turns white. X-rays and depth maps, which come as 16-bit
#            grey, are then nearly all white.
# Output seen:
#   stored: 0 200 255 300 32768 65535
#   colour: 0 0 0 1 128 255, mode RGB
#   grey: 0 200 255 300 32768 65535, mode I;16
#   grey as L: 0 200 255 255 255 255
#   grey as RGB: 0 200 255 255 255 255
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check Pillow==13.0.0 numpy==2.4.6
cat > try.py <<'PY'
import struct
import zlib

import numpy as np
from PIL import Image

VALUES = [0, 200, 255, 300, 32768, 65535]


def png(name, colour, channels):
    """Writes a PNG of 16 bits, one row high."""
    row = b"\0" + b"".join(struct.pack(">H", value) * channels for value in VALUES)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", len(VALUES), 1, 16, colour, 0, 0, 0)), (b"IDAT", zlib.compress(row)), (b"IEND", b"")]
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, data in chunks:
            file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))


png("colour.png", 2, 3)
png("grey.png", 0, 1)
colour, grey = Image.open("colour.png"), Image.open("grey.png")
print("stored:", *VALUES)
print("colour:", *np.array(colour)[0, :, 0], end=f", mode {colour.mode}\n")
print("grey:", *np.array(grey)[0], end=f", mode {grey.mode}\n")
print("grey as L:", *np.array(grey.convert("L"))[0])
print("grey as RGB:", *np.array(grey.convert("RGB"))[0, :, 0])
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
