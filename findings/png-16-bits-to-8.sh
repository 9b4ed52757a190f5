#!/usr/bin/env bash
# pngjs 7.0.0, upng-js 2.1.0, Node.js 20, seen 2026-11-29.
# Guess:     two PNG decoders that return 8 bits per value agree, since PNG is lossless.
# Behaviour: They do for 8-bit images. For 16-bit ones, pngjs divides by 257 and rounds, and UPNG cuts off the lower byte, as Pillow and
#            OpenCV do. A quarter of the 65,536 levels come out one apart.
# Output seen:
#   level 255: pngjs 1, UPNG 0
#   level 32768: pngjs 128, UPNG 128
#   level 65280: pngjs 254, UPNG 255
#   levels that differ: 16256 of 65536
#   pngjs is the level / 257, rounded: true
#   UPNG is the upper byte: true
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund pngjs@7.0.0 upng-js@2.1.0
cat > try.mjs <<'JS'
import { PNG } from "pngjs";
import UPNG from "upng-js";

// Every level once, as grey.
const levels = Uint16Array.from({ length: 65536 }, (_, level) => level);
const size = { width: 256, height: 256 };
const grey16 = { ...size, bitDepth: 16, colorType: 0, inputColorType: 0 };
const file = Uint8Array.from(PNG.sync.write({ ...size, data: Buffer.from(levels.buffer) }, grey16));
const pngjs = PNG.sync.read(Buffer.from(file)).data;
const upng = new Uint8Array(UPNG.toRGBA8(UPNG.decode(file.buffer))[0]);
for (const level of [255, 32768, 65280]) console.log(`level ${level}: pngjs ${pngjs[level * 4]}, UPNG ${upng[level * 4]}`);
console.log(`levels that differ: ${levels.filter((level) => pngjs[level * 4] !== upng[level * 4]).length} of 65536`);
console.log(`pngjs is the level / 257, rounded: ${levels.every((level) => pngjs[level * 4] === Math.round(level / 257))}`);
console.log(`UPNG is the upper byte: ${levels.every((level) => upng[level * 4] === level >> 8)}`);
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
