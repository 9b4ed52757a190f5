#!/usr/bin/env bash
# python-pptx 1.0.2, Pillow 13.0.0, Python 3.11, seen 2026-11-29.
# Guess:     a picture without a stated density goes onto a slide at 96 dpi, as on a screen, or is fitted to the slide.
# Behaviour: python-pptx assumes 72 dpi, and fits nothing. A figure of 2160 x 800 pixels, as a browser's canvas gives it, is 30 inches wide
#            on a 10-inch slide. A pHYs chunk is respected. So either the PNG must state its density, or the call the width.
# Output seen:
#   slide: 10.00 inches wide
#   no density: 30.00 x 11.11 inches
#   216 dpi: 10.00 x 3.70 inches
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check python-pptx==1.0.2 Pillow==13.0.0
cat > try.py <<'PY'
import io

from PIL import Image
from pptx import Presentation

presentation = Presentation()
slide = presentation.slides.add_slide(presentation.slide_layouts[6])
print(f"slide: {presentation.slide_width.inches:.2f} inches wide")
for name, options in (("no density", {}), ("216 dpi", {"dpi": (216, 216)})):
    file = io.BytesIO()
    Image.new("RGB", (2160, 800)).save(file, "PNG", **options)
    file.seek(0)
    picture = slide.shapes.add_picture(file, 0, 0)
    print(f"{name}: {picture.width.inches:.2f} x {picture.height.inches:.2f} inches")
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
