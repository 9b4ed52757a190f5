#!/usr/bin/env bash
# A machine with a real GPU: whole steps at batch 128 and 512, width 1 and 2, against TensorFlow.js on Dawn and PyTorch on
# CUDA, and the time to 26 % and 18 % test error on CIFAR-10. Run by run.sh --gpu, which prepares everything.
# usage: gpu.sh OUT [--peak TFLOP/s] [--data PATH] [--quick]
#   --peak    f32 rate of the card, from its data sheet, to compute shares; otherwise estimated from PyTorch and nvidia-smi
#   --data    the complete CIFAR-10 in the binary version (.tar.gz or the .bin files), for the time to accuracy
#   --quick   tiny sizes, to try the script itself on a machine without a GPU
# PYTHON names an interpreter with numpy and, for PyTorch on CUDA, torch (default: python3).
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB=$HERE/../../target/release/alexnet-lab
PYTHON=${PYTHON:-python3}

out=$1 peak='' data='' batches=128,512 widths=1,2 turns=8 steps=40
shift
while [ $# -gt 0 ]; do
    case $1 in
        --peak) peak=$2; shift ;;
        --data) data=$2; shift ;;
        --quick) batches=4,8 widths=0.25,0.5 turns=2 steps=2 ;;
        *) echo "gpu.sh: $1 is not known; see the head of $0" >&2; exit 2 ;;
    esac
    shift
done

torch=''
if "$PYTHON" -c 'import numpy, torch; assert torch.cuda.is_available()' 2> /dev/null; then
    torch=torch-cuda
    # Lanes of f32 in a multiprocessor: 64 on compute capability 7.x and 8.0, 128 on later ones; two operations per clock.
    [ -n "$peak" ] || peak=$("$PYTHON" - << 'PY'
import subprocess, torch
card = torch.cuda.get_device_properties(0)
lanes = 64 if (card.major, card.minor) <= (8, 0) else 128
clock = subprocess.run(["nvidia-smi", "--query-gpu=clocks.max.sm", "--format=csv,noheader,nounits"], capture_output=True, text=True)
print(2 * lanes * card.multi_processor_count * float(clock.stdout.split()[0]) / 1e6)
PY
    )
else
    echo "PyTorch on CUDA is left out: $PYTHON cannot import numpy and torch, or sees no card"
fi
[ -z "$peak" ] || echo "peak of f32: $peak TFLOP/s"

status=0
"$PYTHON" "$HERE/native.py" --backend gpu --batches $batches --widths $widths --turns $turns --steps $steps --out "$out" \
    --peers "$torch" ${peak:+--peak "$peak"} || status=1

# goal PERCENT OPTION...: trains until at most PERCENT of all 10,000 test images are wrong.
goal() {
    echo "== to $1 % test error: ${*:2}"
    "$LAB" train --backend gpu --data "$data" --test-size 10000 --until-error "$@" || status=1
}
if [ -n "$data" ]; then
    goal 26 --norm bn --batch 128 --lr 0.05 --schedule step --schedule-every 1200 --test-every 100 --epochs 9
    goal 18 --norm bn --batch 128 --lr 0.05 --schedule step --schedule-every 9775 --test-every 391 --epochs 75 --augment
else
    echo "The time to accuracy is left out: --data names no CIFAR-10"
fi

node "$HERE/node.mjs" --variants none --batches $batches --widths $widths --turns $turns --append --out "$out" \
    --peers ours-gpu,tfjs-webgpu,product-gpu || status=1
exit $status
