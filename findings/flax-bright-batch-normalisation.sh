#!/usr/bin/env bash
# flax 0.12.8, JAX 0.10.2, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     batch normalisation in float32 gets the variance of bytes right to a few digits, without scaling them first.
# Behaviour: flax computes E[x^2] - E[x]^2 unless use_fast_variance is off. Near 255 the squares are so large that float32 holds their mean
#            to 1/256 at best. For a bright image with one darker pixel the variance is 0, and the pixel comes out at the root of 1/epsilon,
#            ten times as far from the mean as it should be. The error for other images depends on how many numbers the processor adds at
#            once.
# Output seen:
#   exact variance 0.000976
#   use_fast_variance True: variance 0.000000, darker pixel at -316
#   use_fast_variance False: variance 0.000976, darker pixel at -32
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check flax==0.12.8 jax==0.10.2 numpy==2.4.6
cat > try.py <<'PY'
import flax.linen as nn
import jax
import numpy as np

pixels = np.full((1, 32, 32, 1), 255, dtype=np.float32)
pixels[0, 0, 0, 0] = 254
print(f"exact variance {pixels.astype(float).var():.6f}")
for fast in (True, False):
    norm = nn.BatchNorm(use_running_average=False, momentum=0.0, use_fast_variance=fast)
    outcome, state = norm.apply(norm.init(jax.random.key(0), pixels), pixels, mutable=["batch_stats"])
    variance = state["batch_stats"]["var"].item()
    print(f"use_fast_variance {fast}: variance {variance:.6f}, darker pixel at {outcome[0, 0, 0, 0]:.0f}")
PY
seen=$(JAX_PLATFORMS=cpu env/bin/python try.py 2>/dev/null)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
