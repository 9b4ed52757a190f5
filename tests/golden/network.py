"""The network in JAX, from the papers and PyTorch's documentation, in PyTorch's layouts; nothing here is read from the Rust code.

`config` is the dictionary of the settings in a weights file's metadata, all values text.
"""

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def learnt_layers(config):
    """[(name, (kernel, stride, padding) or None if linear, features, what follows)]; the last one has len(classes) features."""
    width = float(config["width"])
    scale = lambda features: int(features * width + 0.5)
    if config["arch"] == "original":
        first, middle, last, hidden = ((11, 4, 0), 96), ((5, 1, 2), 256), 256, 4096
        inner = 384
    else:
        first, middle, last, hidden = ((5, 1, 2), 32), ((5, 1, 2), 64), 64, 256
        inner = 96
    three = (3, 1, 1)
    layers = [("conv1", first[0], scale(first[1]), "lrn pool"), ("conv2", middle[0], scale(middle[1]), "lrn pool")]
    layers += [("conv3", three, scale(inner), ""), ("conv4", three, scale(inner), "")]
    layers += [(f"conv4_{i + 1}", three, scale(inner), "") for i in range(int(config["depth"]))]
    layers += [("conv5", three, scale(last), "pool")]
    return layers + [("fc6", None, scale(hidden), "dropout"), ("fc7", None, scale(hidden), "dropout")]


def conv(x, weight, bias, stride, padding):
    """x (batch, in, height, width), weight (out, in, kh, kw)."""
    y = lax.conv_general_dilated(x, weight, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NCHW", "OIHW", "NCHW"))
    return y + bias[None, :, None, None]


def activation(name, x):
    return {"relu": lambda: jnp.where(x > 0, x, 0.0), "leaky_relu": lambda: jnp.where(x > 0, x, 0.01 * x),
            "sigmoid": lambda: 1 / (1 + jnp.exp(-x)), "tanh": lambda: jnp.tanh(x)}[name]()


def pool(kind, x, kernel, stride, padding):
    """Max, or the average of the elements inside the image (count_include_pad=False)."""
    window, strides, pads = (1, 1, kernel, kernel), (1, 1, stride, stride), [(0, 0), (0, 0), (padding, padding), (padding, padding)]
    if kind == "max":
        return lax.reduce_window(x, -jnp.inf, lax.max, window, strides, pads)
    total = lambda values: lax.reduce_window(values, 0.0, lax.add, window, strides, pads)
    return total(x) / total(jnp.ones((1, 1) + x.shape[2:]))


def lrn(x, n, k, alpha, beta):
    """Krizhevsky et al. 2012, section 3.3; axis 1 is the channels."""
    below, above = n // 2, n - 1 - n // 2
    squares = jnp.pad(x * x, [(0, 0), (below, above)] + [(0, 0)] * (x.ndim - 2))
    total = sum(squares[:, i : i + x.shape[1]] for i in range(n))
    return x / (k + alpha * total) ** beta


def lrn_within_a_map(x, n, k, alpha, beta):
    """The same over n x n pixels of a channel; x (batch, channels, height, width)."""
    reach = (n // 2, n - 1 - n // 2)
    total = lax.reduce_window(x * x, 0.0, lax.add, (1, 1, n, n), (1, 1, 1, 1), [(0, 0), (0, 0), reach, reach])
    return x / (k + alpha * total) ** beta


def local(x, weight, bias, kernel, stride, padding):
    """x (batch, in, height, width), weight (out height, out width, out, in, kh, kw), bias (out height, out width, out)."""
    height, width, out = bias.shape
    taps = jnp.moveaxis(weight.reshape(height, width, out, -1), (2, 3), (0, 1))
    y = lax.conv_general_dilated_local(x, taps, (stride, stride), [(padding, padding)] * 2, (kernel, kernel))
    return y + jnp.moveaxis(bias, 2, 0)


def batch_norm(x, gamma, beta, epsilon, mean, variance):
    shape = (1, -1) + (1,) * (x.ndim - 2)
    return (x - mean.reshape(shape)) / jnp.sqrt(variance.reshape(shape) + epsilon) * gamma.reshape(shape) + beta.reshape(shape)


def batch_statistics(x):
    """Mean, biased variance, and the number of values of a channel."""
    axes = (0,) + tuple(range(2, x.ndim))
    return jnp.mean(x, axes), jnp.var(x, axes), x.size // x.shape[1]


def updated_running(running_mean, running_var, mean, variance, count, momentum):
    """PyTorch's rule: the running variance uses the unbiased one."""
    return (1 - momentum) * running_mean + momentum * mean, (1 - momentum) * running_var + momentum * variance * count / (count - 1)


def cross_entropy(logits, labels):
    """Mean over the batch."""
    return jnp.mean(jax.scipy.special.logsumexp(logits, axis=1) - logits[jnp.arange(len(labels)), labels])


def forward(config, tensors, x, training=False, masks=None):
    """Logits (batch, classes) of x (batch, 3, height, width), and the running statistics after a training step.

    `masks` gives dropout's factors, 0 or 1 / (1 - p), by the layer's name."""
    running = {}
    number = lambda key: float(config[key])

    def hidden(name, x):
        if config["norm"] == "bn":
            bn = "bn" + name.lstrip("convf")
            mean, variance = tensors[f"{bn}.running_mean"], tensors[f"{bn}.running_var"]
            if training:
                stored = mean, variance
                mean, variance, count = batch_statistics(x)
                updated = updated_running(*stored, mean, variance, count, number("bn_momentum"))
                running[f"{bn}.running_mean"], running[f"{bn}.running_var"] = updated
            x = batch_norm(x, tensors[f"{bn}.weight"], tensors[f"{bn}.bias"], number("bn_epsilon"), mean, variance)
        return activation(config["activation"], x)

    for name, window, _, then in learnt_layers(config):
        weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
        if window:
            x = conv(x, weight, bias, *window[1:])
        else:
            x = x.reshape(len(x), -1) @ weight.T + bias
        x = hidden(name, x)
        if "lrn" in then and config["norm"] == "lrn":
            x = lrn(x, int(config["lrn_n"]), number("lrn_k"), number("lrn_alpha"), number("lrn_beta"))
        if "pool" in then:
            overlap = config["overlap"] == "true"
            padding = 1 if overlap and config["arch"] == "scaled" else 0
            x = pool(config["pool"], x, 3 if overlap else 2, 2, padding)
        if "dropout" in then and training and masks:
            x = x * masks[f"{name}.dropout"]
    return x @ tensors["fc8.weight"].T + tensors["fc8.bias"], running
