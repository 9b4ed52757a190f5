#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11, seen 2026-12-01.
# Guess:     where windows stick out at the end (ceil_mode, as cuda-convnet pools), ONNX's reference evaluator and onnxruntime pool the values
#            that are there, whatever the kind of pooling.
# Behaviour: For maxima and averages both do. LpPool is a sum: there the reference takes the mean of the values that are there times the size of
#            the whole window, so that a corner with 4 of 9 values counts 9/4 times. onnxruntime adds up what is there.
# Output seen:
#   MaxPool, 1 to 36 on a square of 6 x 6, the corner at the end has 29 30 35 36:
#     reference   15.00 17.00 18.00 / 27.00 29.00 30.00 / 33.00 35.00 36.00
#     onnxruntime 15.00 17.00 18.00 / 27.00 29.00 30.00 / 33.00 35.00 36.00
#   AveragePool:
#     reference   8.00 10.00 11.50 / 20.00 22.00 23.50 / 29.00 31.00 32.50
#     onnxruntime 8.00 10.00 11.50 / 20.00 22.00 23.50 / 29.00 31.00 32.50
#   LpPool, p 1:
#     reference   72.00 90.00 103.50 / 180.00 198.00 211.50 / 261.00 279.00 292.50
#     onnxruntime 72.00 90.00 69.00 / 180.00 198.00 141.00 / 174.00 186.00 130.00
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


def rows(pooled):
    return " / ".join(" ".join(f"{value:.2f}" for value in row) for row in pooled[0, 0])


x = np.arange(1, 37, dtype=np.float32).reshape(1, 1, 6, 6)
info = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape), helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 3, 3])]
titles = {
    "MaxPool": "MaxPool, 1 to 36 on a square of 6 x 6, the corner at the end has 29 30 35 36:",
    "AveragePool": "AveragePool:",
    "LpPool": "LpPool, p 1:",
}
for kind, title in titles.items():
    more = {"p": 1} if kind == "LpPool" else {}
    node = helper.make_node(kind, ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, **more)
    model = helper.make_model(helper.make_graph([node], "pool", info[:1], info[1:]), opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    print(title)
    print("  reference  ", rows(ReferenceEvaluator(model).run(None, {"x": x})[0]))
    print("  onnxruntime", rows(session.run(None, {"x": x})[0]))
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
