#!/usr/bin/env bash
# fflate 0.8.3, pako 3.0.3, Node.js 20, seen 2026-11-29.
# Guess:     gunzipSync returns the whole file or throws an error, since gzip ends with a checksum and a size.
# Behaviour: For a file with several members, as bgzip and cat make them, fflate's gunzipSync returns the first one without an error. For a
#            file padded with zeros it returns nothing at all, again without an error. Its class Gunzip reads all members. pako and Node's
#            zlib read both files.
# Output seen:
#   two members, 1630 bytes: zlib 1630, pako 1630, gunzipSync 650, Gunzip 1630
#   one member and zeros, 650 bytes: zlib 650, pako 650, gunzipSync 0, Gunzip invalid gzip data
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund fflate@0.8.3 pako@3.0.3
cat > try.mjs <<'JS'
import { gunzipSync as zlib, gzipSync } from "node:zlib";
import { Gunzip, gunzipSync } from "fflate";
import { ungzip } from "pako";

/** Reads all in one piece with fflate's class for streams. */
function stream(bytes) {
  let length = 0;
  new Gunzip((part) => (length += part.length)).push(bytes, true);
  return { length };
}

function outcome(read, bytes) {
  try {
    return read(bytes).length;
  } catch (error) {
    return error.message ?? error;
  }
}

const [one, other] = [Buffer.alloc(650, "one "), Buffer.alloc(980, "other ")];
for (const [name, parts] of [
  ["two members, 1630 bytes", [gzipSync(one), gzipSync(other)]],
  ["one member and zeros, 650 bytes", [gzipSync(one), Buffer.alloc(512)]],
]) {
  const bytes = new Uint8Array(Buffer.concat(parts));
  const found = Object.entries({ zlib, pako: ungzip, gunzipSync, Gunzip: stream }).map(([by, read]) => `${by} ${outcome(read, bytes)}`);
  console.log(`${name}: ${found.join(", ")}`);
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
