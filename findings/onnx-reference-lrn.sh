#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     ONNX's own reference evaluator is the one to trust for LRN, AlexNet's normalisation.
# Behaviour: It counts the images where it should count the channels: it normalises only as many channels as the batch has images, and passes
#            the others through unchanged. With a batch at least as large as the number of channels, it agrees with the formula. onnxruntime
#            always agrees with it.
# Output seen:
#   batch 1, share of each channel that is left:
#     formula     0.479 0.272 0.169 0.187
#     reference   0.479 1.000 1.000 1.000
#     onnxruntime 0.479 0.272 0.169 0.187
#   batch 4, share of each channel that is left:
#     formula     0.479 0.272 0.169 0.187
#     reference   0.479 0.272 0.169 0.187
#     onnxruntime 0.479 0.272 0.169 0.187
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > try.py <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def shares(outcome, x):
    return " ".join(f"{value:.3f}" for value in (outcome / x)[0].ravel())


size, alpha, beta, bias = 3, 1.0, 0.75, 1.0
for batch in (1, 4):
    x = np.tile(np.array([1, 2, 3, 4], dtype=np.float32).reshape(1, 4, 1, 1), (batch, 1, 1, 1))
    node = helper.make_node("LRN", ["x"], ["y"], size=size, alpha=alpha, beta=beta, bias=bias)
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name in "xy"]
    graph = helper.make_graph([node], "lrn", info[:1], info[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    squares = np.pad(x[:, :, 0, 0] ** 2, ((0, 0), (1, 1)))
    sums = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    formula = x / (bias + alpha / size * sums.reshape(x.shape)) ** beta
    reference = ReferenceEvaluator(model).run(None, {"x": x})[0]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    print(f"batch {batch}, share of each channel that is left:")
    print("  formula    ", shares(formula, x))
    print("  reference  ", shares(reference, x))
    print("  onnxruntime", shares(session.run(None, {"x": x})[0], x))
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
