#!/usr/bin/env bash
# Chromium 156 (Debian 12) by puppeteer-core 25.16.0, Pillow 13.0.0, opencv-python-headless 5.0.0.93, Node.js 20, Python 3.11, seen
# 2026-11-29. CHROMIUM names another path than /usr/bin/chromium.
# Guess:     an 8-bit PNG has the same numbers in a browser as in Python, since PNG is lossless.
# Behaviour: A gAMA chunk of four bytes changes them. Chromium applies it while decoding, and 64 becomes 137 where the gamma is 1. Pillow and
#            OpenCV ignore it. createImageBitmap with colorSpaceConversion "none" gives the stored numbers.
# Output seen:
#   without gAMA: Pillow 0 64 128 255, OpenCV 0 64 128 255
#   without gAMA: Chromium 0 64 128 255, with "none" 0 64 128 255
#   with gAMA: Pillow 0 64 128 255, OpenCV 0 64 128 255
#   with gAMA: Chromium 0 137 188 255, with "none" 0 64 128 255
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check Pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund puppeteer-core@25.16.0
cat > make.py <<'PY'
import struct
import sys
import zlib

import cv2
import numpy as np
from PIL import Image

name, gamma = sys.argv[1:]
row = b"\0" + b"".join(bytes([level] * 3) for level in (0, 64, 128, 255))
chunks = [(b"IHDR", struct.pack(">IIBBBBB", 4, 1, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(row)), (b"IEND", b"")]
if gamma == "with gAMA":
    chunks.insert(1, (b"gAMA", struct.pack(">I", 100_000)))
with open(name, "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n")
    for kind, data in chunks:
        file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
print(f"{gamma}: Pillow", *np.array(Image.open(name))[0, :, 0], end=", OpenCV ")
print(*cv2.imread(name)[0, :, 0])
PY
cat > try.mjs <<'JS'
import { readFileSync } from "node:fs";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

/** Calls `use` with an empty page of the system's Chromium. */
async function withPage(use) {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    userDataDir: join(process.cwd(), "profile"),
    args: ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    await use(await browser.newPage());
  } finally {
    await browser.close();
  }
}

const [name, gamma] = process.argv.slice(2);
await withPage(async (page) => {
  const levels = await page.evaluate(async (base64) => {
    const png = new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], { type: "image/png" });
    const rows = [];
    for (const colorSpaceConversion of ["default", "none"]) {
      const bitmap = await createImageBitmap(png, { colorSpaceConversion });
      const context = new OffscreenCanvas(bitmap.width, 1).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      rows.push(Array.from(context.getImageData(0, 0, bitmap.width, 1).data).filter((_, i) => i % 4 === 0).join(" "));
    }
    return rows;
  }, readFileSync(name).toString("base64"));
  console.log(`${gamma}: Chromium ${levels[0]}, with "none" ${levels[1]}`);
});
JS
seen=$(for gamma in "without gAMA" "with gAMA"; do env/bin/python make.py a.png "$gamma" && node try.mjs a.png "$gamma"; done)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
