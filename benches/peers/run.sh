#!/usr/bin/env bash
# Measures the engine beside its peers. Figures go to benches/peers/peers.json, tables to standard output.
# usage: bash benches/peers/run.sh [--browser] [--node] [--native] [--gpu] [OPTION...]
#   --browser   Chromium and Firefox: our page's module, TensorFlow.js, ConvNetJS
#   --node      Node with Dawn: our module and TensorFlow.js, for a machine with a GPU and no browser
#   --native    this program's CPU backend, JAX and TensorFlow on the CPU
#   --gpu       a real GPU: --node and the program at batch 128 and 512, width 1 and 2, PyTorch on CUDA, time to accuracy
# Without any: browser, node and native, in about 20 minutes on two cores without a GPU. `run.sh --node --help` and
# `run.sh --native --help` list the options of the parts.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
PYTHON=$ROOT/target/peers/python

parts=() options=() append=no out=$HERE/peers.json
while [ $# -gt 0 ]; do
    case $1 in
        --browser | --node | --native | --gpu) parts+=("${1#--}") ;;
        --append) append=yes ;;
        --out) out=$2; shift ;;
        *) options+=("$1") ;;
    esac
    shift
done
[ ${#parts[@]} -gt 0 ] || parts=(browser node native)

# What the parts need: the page, the program, the peers' packages.
cargo build --release --manifest-path "$ROOT/Cargo.toml"
"$ROOT/target/release/alexnet-lab" build > /dev/null
[ -d "$HERE/node_modules/webgpu" ] || (cd "$HERE" && npm ci)
mkdir -p "$ROOT/target/peers"

# python FILE: a separate environment with the packages of FILE.
python() {
    [ -x "$PYTHON/bin/python" ] || python3 -m venv "$PYTHON"
    cmp -s "$HERE/$1" "$PYTHON/$1" && return
    "$PYTHON/bin/pip" install --quiet --disable-pip-version-check -r "$HERE/$1"
    cp "$HERE/$1" "$PYTHON/$1"
}

[ $append = yes ] || rm -f "$out"
status=0
for part in "${parts[@]}"; do
    echo "== $part"
    case $part in
        browser) node "$HERE/browser.mjs" --append --out "$out" "${options[@]}" || status=1 ;;
        node) node "$HERE/node.mjs" --append --out "$out" "${options[@]}" || status=1 ;;
        native) python requirements.txt && "$PYTHON/bin/python" "$HERE/native.py" --out "$out" "${options[@]}" || status=1 ;;
        gpu) bash "$HERE/gpu.sh" "$out" "${options[@]}" || status=1 ;;
    esac
done
exit $status
