#!/usr/bin/env bash
# onnx 1.23.2, onnxruntime 1.32.0, opencv-python-headless 5.0.0.93, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     a model of an older opset means the same wherever it runs, since each model states its opset.
# Behaviour: Up to opset 12, Softmax without an axis normalises over all but the first dimension; from 13 on, over the last one only.
#            onnxruntime follows this. ONNX's own reference evaluator and OpenCV read the old model by the new rule. A network that ends in N
#            x classes x 1 x 1 then gives every class a probability of one.
# Output seen:
#   opset 12: onnxruntime 0.090 0.245 0.665, reference 1.000 1.000 1.000, OpenCV 1.000 1.000 1.000
#   opset 13: onnxruntime 1.000 1.000 1.000, reference 1.000 1.000 1.000, OpenCV 1.000 1.000 1.000
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


x = np.array([1, 2, 3], dtype=np.float32).reshape(1, 3, 1, 1)
for opset in (12, 13):
    outcomes = three(helper.make_node("Softmax", ["x"], ["y"]), x, x.shape, opset)
    print(f"opset {opset}:", ", ".join(name + "".join(f" {value:.3f}" for value in y.ravel()) for name, y in outcomes))
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
