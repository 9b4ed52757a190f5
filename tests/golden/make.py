"""Writes the golden values of `tests/training/golden.rs`: JAX on the CPU in float64, all gradients by its autodiff.

    python3 -m venv venv && venv/bin/pip install -r tests/golden/requirements.txt
    venv/bin/python tests/golden/make.py            # writes layers.safetensors and training.json beside this file
    venv/bin/python tests/golden/make.py --check    # compares with what is there, to a relative 1e-12

With the pinned versions, the files are equal byte for byte on the same kind of processor. Another one may sum in another order,
which --check allows for. Inputs are exact in f32, so that an f32 backend starts from the same numbers.
"""

import json
import os
import sys
from pathlib import Path

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import network
import numpy as np
import random_bits
from safetensors.numpy import load_file, save

HERE = Path(__file__).parent
random = np.random.Generator(np.random.PCG64(2012))


def draw(*shape, scale=1.0):
    return (random.standard_normal(shape) * scale).astype(np.float32).astype(np.float64)


def nhwc(x):
    return np.moveaxis(np.asarray(x), 1, -1)


def hwio(weight):
    return np.transpose(np.asarray(weight), (2, 3, 1, 0))


def with_gradients(function, *inputs):
    """The output, a random cotangent of it, and the gradient of each input."""
    output, pull = jax.vjp(function, *inputs)
    grad_output = draw(*output.shape)
    return output, grad_output, pull(jnp.asarray(grad_output))


class Layers:
    """Tensors named `layer.case.tensor` in the lab's layouts, and the cases' constants."""

    def __init__(self):
        self.tensors, self.cases = {}, {}

    def add(self, layer, constants, **tensors):
        case = str(len(self.cases.setdefault(layer, [])))
        self.cases[layer].append(constants)
        for name, values in tensors.items():
            # Floats that are exact in f32 are stored as f32.
            values = np.ascontiguousarray(values)
            if values.dtype == np.float64 and np.all(values.astype(np.float32) == values):
                values = values.astype(np.float32)
            self.tensors[f"{layer}.{case}.{name}"] = values


def convolutions(layers):
    # (batch, height, width, in, out, kernel, stride, padding); the last but one leaves a column uncovered.
    for b, h, w, i, o, k, s, p in [(2, 6, 5, 3, 4, 3, 1, 1), (2, 9, 8, 3, 5, 5, 1, 2), (1, 11, 11, 3, 5, 5, 2, 0),
                                   (2, 15, 12, 2, 6, 7, 4, 0), (3, 5, 4, 1, 7, 1, 1, 0), (2, 7, 7, 5, 3, 3, 2, 2)]:
        x, weight, bias = draw(b, i, h, w), draw(o, i, k, k, scale=0.3), draw(o)
        convolve = lambda x, weight, bias: network.conv(x, weight, bias, s, p)
        y, g, (gx, gw, gb) = with_gradients(convolve, x, weight, bias)
        layers.add("conv", {"kernel": k, "stride": s, "padding": p}, input=nhwc(x), weight=hwio(weight), bias=bias, output=nhwc(y),
                   grad_output=nhwc(g), grad_input=nhwc(gx), grad_weight=hwio(gw), grad_bias=gb)


def linears(layers):
    x, weight, bias = draw(3, 17), draw(5, 17), draw(5)
    y, g, (gx, gw, gb) = with_gradients(lambda x, weight, bias: x @ weight.T + bias, x, weight, bias)
    layers.add("linear", {}, input=x, weight=weight.T, bias=bias, output=y, grad_output=g, grad_input=gx, grad_weight=gw.T, grad_bias=gb)


def activations(layers):
    for name in ["relu", "sigmoid", "tanh", "leaky_relu"]:
        x = draw(2, 3, 4, 5, scale=3.0)
        y, g, (gx,) = with_gradients(lambda x: network.activation(name, x), x)
        layers.add("activation", {"function": name}, input=nhwc(x), output=nhwc(y), grad_output=nhwc(g), grad_input=nhwc(gx))


def poolings(layers):
    for kind in ["max", "avg"]:
        for b, c, h, w, k, s, p in [(2, 3, 8, 8, 3, 2, 1), (2, 5, 7, 9, 3, 2, 1), (2, 3, 8, 6, 2, 2, 0), (1, 4, 13, 13, 3, 2, 0)]:
            x = draw(b, c, h, w)
            y, g, (gx,) = with_gradients(lambda x: network.pool(kind, x, k, s, p), x)
            layers.add("pool", {"pool": kind, "kernel": k, "stride": s, "padding": p}, input=nhwc(x), output=nhwc(y),
                       grad_output=nhwc(g), grad_input=nhwc(gx))


def response_normalisations(layers):
    # The paper's constants; alpha large enough to matter; windows that are even, wider than the channels, and of one channel.
    for c, n, k, alpha, beta in [(8, 5, 2.0, 1e-4, 0.75), (8, 5, 2.0, 0.5, 0.75), (7, 4, 1.0, 1.0, 0.5), (3, 9, 0.5, 2.0, 1.25), (4, 1, 1.0, 3.0, 0.75)]:
        x = draw(2, c, 3, 2, scale=2.0)
        y, g, (gx,) = with_gradients(lambda x: network.lrn(x, n, k, alpha, beta), x)
        layers.add("lrn", {"n": n, "k": k, "alpha": alpha, "beta": beta}, input=nhwc(x), output=nhwc(y), grad_output=nhwc(g), grad_input=nhwc(gx))


def response_normalisations_within_maps(layers):
    # cuda-convnet's constants; windows that are even, larger than the map, and of one pixel.
    for h, w, n, k, alpha, beta in [(4, 5, 3, 1.0, 5e-5 / 9, 0.75), (4, 5, 3, 1.0, 0.5, 0.75), (5, 3, 4, 2.0, 1.0, 0.5), (3, 3, 9, 0.5, 0.25, 1.25),
                                    (2, 2, 1, 1.0, 3.0, 0.75)]:
        x = draw(2, 3, h, w, scale=2.0)
        y, g, (gx,) = with_gradients(lambda x: network.lrn_within_a_map(x, n, k, alpha, beta), x)
        layers.add("lrn_map", {"n": n, "k": k, "alpha": alpha, "beta": beta}, input=nhwc(x), output=nhwc(y), grad_output=nhwc(g),
                   grad_input=nhwc(gx))


def locals_(layers):
    # (batch, height, width, in, out, kernel, stride, padding)
    for b, h, w, i, o, k, s, p in [(2, 4, 5, 3, 4, 3, 1, 1), (3, 6, 7, 2, 3, 3, 2, 0), (1, 5, 4, 3, 5, 5, 1, 2), (2, 3, 3, 2, 2, 1, 1, 0)]:
        height, width = [(size + 2 * p - k) // s + 1 for size in (h, w)]
        x, weight, bias = draw(b, i, h, w), draw(height, width, o, i, k, k, scale=0.3), draw(height, width, o)
        y, g, (gx, gw, gb) = with_gradients(lambda x, weight, bias: network.local(x, weight, bias, k, s, p), x, weight, bias)
        own = lambda weight: np.transpose(np.asarray(weight), (0, 1, 4, 5, 3, 2))
        layers.add("local", {"kernel": k, "stride": s, "padding": p}, input=nhwc(x), weight=own(weight), bias=bias, output=nhwc(y),
                   grad_output=nhwc(g), grad_input=nhwc(gx), grad_weight=own(gw), grad_bias=gb)


def batch_normalisations(layers):
    for shape, epsilon, momentum, mean in [((4, 3, 5, 2), 1e-5, 0.1, 0.0), ((6, 5), 1e-3, 0.25, 10.0), ((2, 4, 1, 1), 1e-5, 1.0, -1.0)]:
        channels = shape[1]
        x, gamma, beta = draw(*shape, scale=2.0) + mean, draw(channels), draw(channels)
        x = x.astype(np.float32).astype(np.float64)
        running = draw(channels), np.abs(draw(channels))

        def train(x, gamma, beta):
            batch_mean, variance, _ = network.batch_statistics(x)
            return network.batch_norm(x, gamma, beta, epsilon, batch_mean, variance)

        y, g, (gx, gg, gb) = with_gradients(train, x, gamma, beta)
        updated = network.updated_running(*running, *network.batch_statistics(x), momentum)
        evaluated = network.batch_norm(x, gamma, beta, epsilon, *running)
        layers.add("batch_norm", {"epsilon": epsilon, "momentum": momentum}, input=nhwc(x), gamma=gamma, beta=beta, running=np.stack(running),
                   output=nhwc(y), grad_output=nhwc(g), grad_input=nhwc(gx), grad_gamma=gg, grad_beta=gb,
                   updated_running=np.stack(updated), evaluated=nhwc(evaluated))


def losses(layers):
    for batch, classes, scale in [(4, 5, 1.0), (1, 10, 3.0), (3, 2, 300.0)]:
        logits, labels = draw(batch, classes, scale=scale), random.integers(0, classes, batch)
        loss, grad = jax.value_and_grad(network.cross_entropy)(jnp.asarray(logits), labels)
        correct = int(np.sum(np.argmax(logits, 1) == labels))
        layers.add("softmax_loss", {"labels": labels.tolist(), "correct": correct}, logits=logits, loss=np.array([loss]), grad_logits=grad)


def descend(hyper, w, v, g):
    """PyTorch's SGD: momentum buffer v, no dampening, no Nesterov."""
    v = hyper["momentum"] * v + g + hyper["weight_decay"] * w
    return w - hyper["lr"] * v, v


def optimizers(layers):
    for rate, momentum, decay in [(0.125, 0.9, 5e-4), (0.5, 0.0, 0.0), (0.01, 0.99, 0.1)]:
        hyper = {key: float(np.float32(value)) for key, value in [("lr", rate), ("momentum", momentum), ("weight_decay", decay)]}
        start, gradients = draw(9), draw(6, 9)
        w, v = start, np.zeros(9)
        for g in gradients:
            w, v = descend(hyper, w, v, g)
        layers.add("sgd", hyper, start=start, gradients=gradients, parameters=w, velocities=v)


RUN = dict(arch="scaled", width="0.25", depth="0", init="he", init_scale="1", seed="7", norm="none", activation="relu", pool="max",
           overlap="true", dropout="0", lrn_n="5", lrn_k="2", lrn_alpha="0.5", lrn_beta="0.75", bn_epsilon="1e-5", bn_momentum="0.1",
           lr="0.002", momentum="0.9", weight_decay="5e-4", batch="4")
RUNS = [
    RUN,
    RUN | dict(norm="lrn", dropout="0.5", lr="0.02"),
    RUN | dict(activation="tanh", norm="bn", pool="avg", overlap="false", lr="0.001", batch="8"),
    RUN | dict(activation="leaky_relu", norm="bn", overlap="false", depth="1", init="xavier", dropout="0.25", lr="0.001", batch="8"),
    RUN | dict(activation="sigmoid", norm="lrn", lrn_n="4", lrn_k="1", pool="avg", init="paper", init_scale="10", lr="0.05"),
]
CLASSES, STEPS = 5, 10


def initial(config):
    """Tensors in PyTorch's layouts from the random function, whose indices follow the lab's layouts."""
    tensors, std = {}, {}
    inputs, side = 3, 32
    for name, window, features, then in network.learnt_layers(config) + [("fc8", None, CLASSES, "")]:
        kernel = window[0] if window else 1
        shape = (kernel, kernel, inputs, features) if window else (side, side, inputs, features)
        fan_in, fan_out = int(np.prod(shape[:3])), kernel * kernel * features
        std = {"paper": 0.01, "xavier": (2 / (fan_in + fan_out)) ** 0.5, "he": (2 / fan_in) ** 0.5}[config["init"]]
        values = random_bits.normal_weights(int(config["seed"]), f"{name}.weight", int(np.prod(shape)), std * float(config["init_scale"]))
        weight = values.astype(np.float64).reshape(shape).transpose(3, 2, 0, 1)
        ones = config["init"] == "paper" and name in ("conv2", "conv4", "conv5", "fc6", "fc7")
        tensors[f"{name}.weight"] = weight if window else weight.reshape(features, -1)
        tensors[f"{name}.bias"] = np.full(features, float(ones))
        if config["norm"] == "bn" and name != "fc8":
            bn = "bn" + name.lstrip("convf")
            for part, value in [("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)]:
                tensors[f"{bn}.{part}"] = np.full(features, value)
        side = side // 2 if "pool" in then else side if window else 1
        inputs = features
    return tensors


def pixels(step, batch):
    """(batch, 32, 32, 3) bytes and (batch) labels from the random function, as the Rust test draws them."""
    count = batch * 32 * 32 * 3
    draw = lambda name, n: random_bits.hash32(99, random_bits.ORDER, step, random_bits.name_hash(name), np.arange(n))
    return (draw("pixels", count) >> np.uint64(24)).reshape(batch, 32, 32, 3), (draw("labels", batch) % np.uint64(CLASSES)).astype(int)


def normalised(bytes_):
    """Mean 0.5 and deviation 0.25; to (batch, 3, 32, 32)."""
    return np.moveaxis((bytes_.astype(np.float64) / 255 - 0.5) / 0.25, -1, 1)


def lab_layout(config, name, values):
    """Conv (kh, kw, in, out), linear (height * width * in, out)."""
    values = np.asarray(values)
    if name.endswith("fc6.weight"):
        channels = next(features for layer, _, features, _ in network.learnt_layers(config) if layer == "conv5")
        values = values.reshape(len(values), channels, 4, 4)
    return values.transpose(2, 3, 1, 0) if values.ndim == 4 else values.T


def fingerprint(config, name, values):
    """The norm, and the product with a vector of hashed numbers in [-1, 1), which no permutation of the values keeps."""
    values = lab_layout(config, name, values).ravel()
    bits = random_bits.hash32(0, random_bits.WEIGHTS, 0, random_bits.name_hash(name), np.arange(values.size))
    return [float(np.linalg.norm(values)), float(values @ (2 * random_bits.uniform(bits) - 1))]


def train(config):
    hyper = {key: float(np.float32(config[key])) for key in ("lr", "momentum", "weight_decay")}
    tensors, batch = initial(config), int(config["batch"])
    parameters = {name: values for name, values in tensors.items() if "running" not in name}
    running = {name: values for name, values in tensors.items() if "running" in name}
    velocities = {name: np.zeros_like(values) for name, values in parameters.items()}

    def prints():
        named = parameters | running | {f"velocity.{name}": values for name, values in velocities.items()}
        return {name: fingerprint(config, name, values) for name, values in named.items()}

    hidden = {f"{name}.dropout": (batch, features) for name, window, features, _ in network.learnt_layers(config) if not window}
    factor = lambda step, name: random_bits.dropout_factor(int(config["seed"]), step, name, hidden[name], float(config["dropout"]))

    def loss_of(parameters, running, x, labels, factors):
        logits, running = network.forward(config, parameters | running, x, True, factors)
        return network.cross_entropy(logits, labels), (logits, running)

    gradients_of = jax.jit(jax.value_and_grad(loss_of, has_aux=True))
    result = {"config": config, "classes": CLASSES, "initial": prints(), "loss": [], "correct": [], "after": {}}
    for step in range(STEPS):
        bytes_, labels = pixels(step, batch)
        inputs = normalised(bytes_), labels, {name: factor(step, name) for name in hidden}
        (loss, (logits, running)), grads = gradients_of(parameters, running, *inputs)
        for name, grad in grads.items():
            parameters[name], velocities[name] = descend(hyper, parameters[name], velocities[name], grad)
        result["loss"].append(float(loss))
        result["correct"].append(int(np.sum(np.argmax(logits, 1) == labels)))
        if step + 1 in (1, STEPS):
            result["after"][str(step + 1)] = prints()
    logits, _ = network.forward(config, parameters | running, normalised(pixels(STEPS, batch)[0]))
    return result | {"logits": np.asarray(logits).ravel().tolist()}


def close(a, b):
    """Whether two JSON values agree to a relative 1e-12, vectors as wholes."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    if isinstance(a, list) and a and isinstance(a[0], float):
        return np.linalg.norm(np.subtract(a, b)) <= 1e-12 * (np.linalg.norm(a) + 1)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(close, a, b))
    return a == b


def main():
    layers = Layers()
    for add in [convolutions, linears, activations, poolings, response_normalisations, batch_normalisations, losses, optimizers,
                response_normalisations_within_maps, locals_]:
        add(layers)
    # One metadata key: several would be written in the order of a hash map.
    layer_bytes = save(layers.tensors, {"cases": json.dumps(layers.cases)})
    training = [train(config) for config in RUNS]
    if "--check" not in sys.argv:
        (HERE / "layers.safetensors").write_bytes(layer_bytes)
        (HERE / "training.json").write_text(json.dumps(training, indent=1) + "\n")
        return
    stored = load_file(HERE / "layers.safetensors")
    differing = [name for name, values in layers.tensors.items() if not close(values.ravel().tolist(), stored[name].ravel().tolist())]
    differing += [f"run {i}" for i, (a, b) in enumerate(zip(training, json.loads((HERE / "training.json").read_text()), strict=True)) if not close(a, b)]
    print(f"differing: {differing}" if differing else "as stored")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
