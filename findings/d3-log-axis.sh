#!/usr/bin/env bash
# d3-scale 4.0.2, Node.js 20, seen 2026-11-29.
# Guess:     a logarithmic axis for losses and learning rates reads 0.1, 0.01, 0.001, and complains about a loss of 0.
# Behaviour: The labels have SI prefixes: 0.1 is 100m and 0.001 is 1m, as if it were minutes or millions. A domain that touches 0 has no
#            ticks at all. It maps every value, even a positive one, to NaN, without an error: the whole curve is missing. Another format,
#            such as .0e, has to be requested.
# Output seen:
#   0.0001 to 1: ticks 0.0001 0.001 0.01 0.1 1, labels 100µ 1m 10m 100m 1
#   0.0001 to 1: 0.01 is at 50, 1 at 100
#   0 to 1: ticks none, labels none
#   0 to 1: 0.01 is at NaN, 1 at NaN
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund d3-scale@4.0.2
cat > try.mjs <<'JS'
import { scaleLog } from "d3-scale";

for (const domain of [[1e-4, 1], [0, 1]]) {
  const scale = scaleLog(domain, [0, 100]);
  const ticks = scale.ticks(4);
  console.log(`${domain.join(" to ")}: ticks ${ticks.join(" ") || "none"}, labels ${ticks.map(scale.tickFormat(4)).join(" ") || "none"}`);
  console.log(`${domain.join(" to ")}: 0.01 is at ${scale(0.01)}, 1 at ${scale(1)}`);
}
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
