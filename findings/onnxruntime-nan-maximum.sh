#!/usr/bin/env bash
# onnxruntime 1.32.0 on x86-64, onnx 1.23.2, numpy 2.4.6, Python 3.11, seen 2026-11-29.
# Guess:     a NaN in a pooling window comes out as NaN, or is ignored, wherever in the window it is.
# Behaviour: It depends on the cell. MaxPool and GlobalMaxPool return NaN only if it is in the last cell of the window, ReduceMax only if it
#            is in the first. Elsewhere the NaN vanishes, and a network that has diverged looks sound. A NaN in the second cell also makes
#            ReduceMax miss the true maximum: for 1, NaN, 3 and 4 the answer is 3.
# Output seen:
#   MaxPool, NaN in cell 1 to 4: 4 4 4 nan
#   GlobalMaxPool, NaN in cell 1 to 4: 4 4 4 nan
#   ReduceMax, NaN in cell 1 to 4: nan 3 4 3
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cat > try.py <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

for operator, attributes in (
    ("MaxPool", {"kernel_shape": [2, 2]}),
    ("GlobalMaxPool", {}),
    ("ReduceMax", {"axes": [2, 3]}),
):
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, size, size]) for name, size in (("x", 2), ("y", 1)))
    graph = helper.make_graph([node], "maximum", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = []
    for cell in range(4):
        x = np.array([1, 2, 3, 4], dtype=np.float32)
        x[cell] = np.nan
        found.append(session.run(None, {"x": x.reshape(1, 1, 2, 2)})[0].item())
    print(f"{operator}, NaN in cell 1 to 4:", *(f"{value:.0f}" for value in found))
PY
seen=$(env/bin/python try.py)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
