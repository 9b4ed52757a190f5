#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0, opencv-python-headless 5.0.0.93, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     auto_pad SAME_LOWER, with the odd cell of padding above and on the left, gives the same result in every runtime.
# Behaviour: There are three results. onnxruntime pads above and on the left, as the operator's text says. OpenCV pads below and on the
#            right, as SAME_UPPER would. ONNX's reference evaluator gives 2 x 2 windows instead of 3 x 3, and they begin at the second row
#            and column: it never looks at the first ones.
# Output seen:
#   onnxruntime (3, 3): 0 2 4 10 12 14 20 22 24
#   reference (2, 2): 12 14 22 24
#   OpenCV (3, 3): 6 8 9 16 18 19 21 23 24
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cat > try.py <<'PY'
import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def three(node, x, shape, opset):
    """What the three make of a model of one node."""
    info = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape), helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)]
    graph = helper.make_graph([node], "one", info[:1], info[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    bytes_ = model.SerializeToString()
    yield "onnxruntime", onnxruntime.InferenceSession(bytes_, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    yield "reference", ReferenceEvaluator(model).run(None, {"x": x})[0]
    net = cv2.dnn.readNetFromONNX(np.frombuffer(bytes_, np.uint8))
    net.setInput(x)
    yield "OpenCV", net.forward()


x = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_LOWER")
for name, y in three(node, x, [1, 1, 3, 3], 17):
    print(f"{name} {y.shape[2:]}:", *(f"{value:.0f}" for value in y.ravel()))
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
