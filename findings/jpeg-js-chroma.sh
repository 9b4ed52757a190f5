#!/usr/bin/env bash
# jpeg-js 0.4.4, Pillow 13.0.0, Node.js 20, Python 3.11, seen 2026-11-29.
# Guess:     two JPEG decoders differ by one to three levels, from rounding.
# Behaviour: They do where colour is stored at full resolution. At half resolution, as most cameras and tools write it (4:2:0), jpeg-js
#            repeats each value of colour four times, and libjpeg, in Pillow, interpolates. At edges the two are up to 69 levels apart. An
#            image decoded in Node is not the one that Python trained with.
# Output seen:
#   4:4:4: at most 3 levels apart, more than 3 in 0 of 12288 values
#   4:2:0: at most 69 levels apart, more than 3 in 1547 of 12288 values
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check Pillow==13.0.0
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund jpeg-js@0.4.4
cat > make.py <<'PY'
from PIL import Image, ImageDraw

# A red disk on blue.
picture = Image.new("RGB", (64, 64), (40, 80, 200))
ImageDraw.Draw(picture).ellipse((10, 14, 45, 49), fill=(210, 60, 50))
for name, subsampling in (("444", 0), ("420", 2)):
    picture.save(f"{name}.jpg", quality=95, subsampling=subsampling)
    with open(f"{name}.rgb", "wb") as file:
        file.write(Image.open(f"{name}.jpg").convert("RGB").tobytes())
PY
cat > try.mjs <<'JS'
import { readFileSync } from "node:fs";
import jpeg from "jpeg-js";

for (const name of ["444", "420"]) {
  const pillow = readFileSync(`${name}.rgb`);
  const { data } = jpeg.decode(readFileSync(`${name}.jpg`), { useTArray: true, formatAsRGBA: false });
  const apart = Array.from(pillow, (value, i) => Math.abs(value - data[i]));
  const more = apart.filter((levels) => levels > 3).length;
  console.log(`${[...name].join(":")}: at most ${Math.max(...apart)} levels apart, more than 3 in ${more} of ${apart.length} values`);
}
JS
seen=$(env/bin/python make.py && node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
