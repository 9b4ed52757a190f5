#!/usr/bin/env bash
# jsfive 0.4.2, h5wasm 0.10.3, h5py 3.16.0, numpy 2.4.6, Node.js 20, Python 3.11, seen 2026-11-29.
# Guess:     the two HDF5 readers for JavaScript return the same numbers, or refuse.
# Behaviour: jsfive turns int64 labels into numbers, and silently rounds those above 2^53. h5wasm turns them into BigInts, which cannot be
#            added to numbers. Where a chunk was never written, jsfive returns undefined instead of the fill value. jsfive, the small reader
#            in JavaScript, reads float16 weights; h5wasm, which is the C library, does not.
# Output seen:
#   int64, jsfive: 7 (number), 9007199254740992 (number)
#   int64, h5wasm: 7 (bigint), 9007199254740993 (bigint)
#   float16, jsfive: 1.5 (number), -2 (number)
#   float16, h5wasm: Float16 not supported
#   filled, jsfive: 1 (number), 2 (number), undefined (undefined), undefined (undefined)
#   filled, h5wasm: 1 (number), 2 (number), 7 (number), 7 (number)
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check h5py==3.16.0 numpy==2.4.6
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund jsfive@0.4.2 h5wasm@0.10.3
cat > make.py <<'PY'
import h5py
import numpy as np

with h5py.File("data.h5", "w") as file:
    file["int64"] = np.array([7, 2**53 + 1])
    file["float16"] = np.array([1.5, -2], dtype=np.float16)
    file.create_dataset("filled", (4,), "float32", chunks=(2,), fillvalue=7)[:2] = [1, 2]
PY
cat > try.mjs <<'JS'
import { readFileSync } from "node:fs";
import h5wasm from "h5wasm/node";
import * as jsfive from "jsfive";

await h5wasm.ready;
const readers = {
  jsfive: new jsfive.File(Uint8Array.from(readFileSync("data.h5")).buffer, "data.h5"),
  h5wasm: new h5wasm.File("data.h5", "r"),
};
for (const name of ["int64", "float16", "filled"]) {
  for (const [reader, file] of Object.entries(readers)) {
    let outcome;
    try {
      outcome = Array.from(file.get(name).value, (value) => `${value} (${typeof value})`).join(", ");
    } catch (error) {
      outcome = error.message;
    }
    console.log(`${name}, ${reader}: ${outcome}`);
  }
}
JS
seen=$(env/bin/python make.py && node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
