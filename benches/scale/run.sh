#!/usr/bin/env bash
# What a training step costs as batch, width and depth grow, measured beside the count of multiply-adds.
# Figures go to benches/scale/scale.json, the plot to benches/scale/scale.svg.
# usage: bash benches/scale/run.sh [--quick] [--rounds N] [--out FOLDER]
#   --rounds    how often each point is measured, 2 by default: about 7 minutes on two busy cores
#   --quick     fewer points, one round: about half a minute; into target/scale by default
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
PYTHON=$ROOT/target/scale/python

cargo build --release --manifest-path "$ROOT/Cargo.toml"
[ -x "$PYTHON/bin/python" ] || python3 -m venv "$PYTHON"
if ! cmp -s "$HERE/requirements.txt" "$PYTHON/requirements.txt"; then
    "$PYTHON/bin/pip" install --quiet --disable-pip-version-check -r "$HERE/requirements.txt"
    cp "$HERE/requirements.txt" "$PYTHON/requirements.txt"
fi
exec "$PYTHON/bin/python" "$HERE/scale.py" "$@"
