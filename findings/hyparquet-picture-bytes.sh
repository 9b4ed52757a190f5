#!/usr/bin/env bash
# hyparquet 1.31.5, hyparquet-writer 0.17.0, Node.js 20, seen 2026-11-29.
# Guess:     a column of bytes, as pictures in Parquet data sets are, is read as bytes.
# Behaviour: hyparquet reads a byte array without a further type as UTF-8 text. Each byte that is no text becomes U+FFFD, and the picture is
#            lost: PNG and JPEG begin with such a byte. With the option utf8: false the bytes come out, and text in such columns as bytes as
#            well.
# Output seen:
#   written: 137 80 78 71 13 10 26 10
#   read with {}: String 239 191 189 80 78 71 13 10 26 10
#   read with {"utf8":false}: Uint8Array 137 80 78 71 13 10 26 10
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund hyparquet@1.31.5 hyparquet-writer@0.17.0
cat > try.mjs <<'JS'
import { parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";

// How a PNG begins.
const image = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]);
const file = parquetWriteBuffer({ columnData: [{ name: "image", data: [image], type: "BYTE_ARRAY" }] });
console.log("written:", ...image);
for (const options of [{}, { utf8: false }]) {
  const [row] = await parquetReadObjects({ file, ...options });
  const kind = row.image.constructor.name;
  console.log(`read with ${JSON.stringify(options)}: ${kind}`, ...(kind === "String" ? Buffer.from(row.image) : row.image));
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
