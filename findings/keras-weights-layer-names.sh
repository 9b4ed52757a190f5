#!/usr/bin/env bash
# Keras 3.15.1 on JAX 0.10.2, h5py 3.16.0, Python 3.11, seen 2026-11-29.
# Guess:     a Keras file stores the weights of a layer under the layer's name.
# Behaviour: It does in the old .h5. In .weights.h5, which a .keras file contains too, a layer's folder is its class and a count. Here
#            layers/dense is the layer fc6, and the layer named dense is layers/dense_1. The given names are nowhere in .weights.h5. A reader
#            that goes by name takes the wrong matrix, and a layer inserted in front renames all that follow.
# Output seen:
#   model: fc6 (4, 3), dense (3, 2)
#   model.h5: model_weights/dense/sequential/dense/kernel (3, 2), model_weights/fc6/sequential/fc6/kernel (4, 3)
#   model.weights.h5: layers/dense/vars/0 (4, 3), layers/dense_1/vars/0 (3, 2)
#   unpacked/model.weights.h5: layers/dense/vars/0 (4, 3), layers/dense_1/vars/0 (3, 2)
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2 h5py==3.16.0
cat > try.py <<'PY'
import zipfile

import h5py
import keras

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="fc6"), keras.layers.Dense(2, name="dense")])
print("model:", ", ".join(f"{layer.name} {layer.kernel.shape}" for layer in model.layers))
model.save("model.h5")
model.save_weights("model.weights.h5")
model.save("model.keras")
zipfile.ZipFile("model.keras").extract("model.weights.h5", "unpacked")
for name in ("model.h5", "model.weights.h5", "unpacked/model.weights.h5"):
    found = []
    with h5py.File(name) as file:
        file.visititems(lambda path, item: found.append((path, getattr(item, "shape", ()))))
    print(f"{name}:", ", ".join(f"{path} {shape}" for path, shape in found if len(shape) == 2))
PY
seen=$(KERAS_BACKEND=jax JAX_PLATFORMS=cpu env/bin/python try.py 2>/dev/null)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
