"""Writes `pictures.zip`: the pictures that `tests/inputs/pictures.rs` reads, and what Pillow makes of them.

    python3 -m venv venv && venv/bin/pip install -r tests/golden/requirements.txt
    venv/bin/python tests/golden/pictures.py

Each NAME in the archive is a picture, and NAME.rgb its 32 x 32 pixels: turned upright, on white, the middle square, reduced by a
triangle.
"""

import io
import math
import zipfile
from pathlib import Path

from PIL import Image, ImageOps

HERE = Path(__file__).parent
WIDTH, HEIGHT, SIDE = 90, 60, 32


def scene(mode="RGB"):
    """Smooth waves, and a corner that shows which way is up."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            wave = [128 + 90 * math.sin(x / 9 + band) * math.cos(y / (7 + band)) for band in range(3)]
            image.putpixel((x, y), (250, 20, 20) if x < 35 and y < 18 else tuple(round(value) for value in wave))
    return image.convert(mode)


def transparent():
    image = scene("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
    return image


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


PICTURES = {
    "plain.png": (scene(), {}),
    "transparent.png": (transparent(), {}),
    "palette.png": (scene().quantize(64), {}),
    "grey.png": (scene("L"), {}),
    "deep.png": (scene("L").convert("I;16").point(lambda value: value * 256 + 99), {}),
    "exact.png": (scene().resize((SIDE, SIDE)), {}),
    "small.png": (scene().resize((17, 20)), {}),
    "plain.jpg": (scene(), {"quality": 90}),
    "progressive.jpg": (scene(), {"quality": 80, "progressive": True, "subsampling": "4:2:0"}),
    "grey.jpg": (scene("L"), {"quality": 90}),
    "cmyk.jpg": (scene("CMYK"), {"quality": 90}),
    "turned.jpg": (scene(), {"quality": 95, "exif": turned(6)}),
    "mirrored.jpg": (scene(), {"quality": 95, "exif": turned(5)}),
    "turned.png": (scene(), {"exif": turned(8)}),
    "turned.webp": (scene(), {"lossless": True, "exif": turned(3)}),
    "lossless.webp": (scene(), {"lossless": True}),
    "lossy.webp": (scene(), {"quality": 90}),
    "transparent.webp": (transparent(), {"lossless": True, "exact": True}),
    "plain.gif": (scene().quantize(128), {}),
    "moving.gif": (scene().quantize(128), {"save_all": True, "append_images": [Image.new("P", (WIDTH, HEIGHT))]}),
    "plain.bmp": (scene(), {}),
    "palette.bmp": (scene().quantize(32), {}),
}


def expected(data):
    image = Image.open(io.BytesIO(data))
    image = ImageOps.exif_transpose(image)
    if image.mode == "I;16":
        image = image.point(lambda value: value / 257 + 0.5).convert("L")
    if image.mode in ("RGBA", "LA") or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    image = image.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.BILINEAR).tobytes()


with zipfile.ZipFile(HERE / "pictures.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for name, (image, options) in PICTURES.items():
        data = io.BytesIO()
        image.save(data, name.rsplit(".")[-1].replace("jpg", "jpeg"), **options)
        for path, content in ((name, data.getvalue()), (f"{name}.rgb", expected(data.getvalue()))):
            archive.writestr(zipfile.ZipInfo(path, (2026, 12, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
