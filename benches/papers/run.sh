#!/usr/bin/env bash
# The papers' experiments on the complete CIFAR-10, on this machine's processor. Takes hours; says how many before it starts. A run that was
# finished is not repeated, and an interrupted one continues.
# usage: bash benches/papers/run.sh --data cifar-10-binary.tar.gz [EXPERIMENT...]     all of experiments.mjs unless named
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cargo build --release --manifest-path "$ROOT/Cargo.toml"
exec node "$ROOT/benches/papers/run.mjs" "$@"
