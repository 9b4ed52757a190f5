#!/usr/bin/env bash
# Keras 3.15.1 on JAX 0.10.2, Python 3.11, seen 2026-11-29.
# Guess:     the loss of a softmax layer has the gradient p - y, which is larger the more a network is wrong.
# Behaviour: Keras clips the probability at 1e-7 before the logarithm. Once the wrong class leads by more than 16.1 in logits, the loss stays
#            at 16.118 and its gradient is exactly 0: the network cannot leave its mistake. With from_logits=True and no softmax layer, the
#            gradient is p - y throughout.
# Output seen:
#   wrong class ahead by 4, softmax layer: loss 4.018, gradient 0.982
#   wrong class ahead by 4, from_logits: loss 4.018, gradient 0.982
#   wrong class ahead by 15, softmax layer: loss 15.000, gradient 1.000
#   wrong class ahead by 15, from_logits: loss 15.000, gradient 1.000
#   wrong class ahead by 17, softmax layer: loss 16.118, gradient 0.000
#   wrong class ahead by 17, from_logits: loss 17.000, gradient 1.000
#   wrong class ahead by 40, softmax layer: loss 16.118, gradient 0.000
#   wrong class ahead by 40, from_logits: loss 40.000, gradient 1.000
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2
cat > try.py <<'PY'
import jax
import jax.numpy as jnp
import keras

truth = jnp.array([[0.0, 1.0]])
softmax = keras.layers.Activation("softmax")
losses = {
    "softmax layer": lambda logits: keras.losses.categorical_crossentropy(truth, softmax(logits))[0],
    "from_logits": lambda logits: keras.losses.categorical_crossentropy(truth, logits, from_logits=True)[0],
}
for ahead in (4.0, 15.0, 17.0, 40.0):
    for name, loss in losses.items():
        logits = jnp.array([[ahead, 0.0]])
        gradient = jax.grad(loss)(logits)[0, 0]
        print(f"wrong class ahead by {ahead:.0f}, {name}: loss {loss(logits):.3f}, gradient {abs(gradient):.3f}")
PY
seen=$(KERAS_BACKEND=jax JAX_PLATFORMS=cpu env/bin/python try.py 2>/dev/null)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
