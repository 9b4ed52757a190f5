"""The lab's random function (`src/rng.rs`) in numpy: a second implementation, checked by the initial weights in the golden values."""

import numpy as np

WEIGHTS, ORDER, DROPOUT = 1, 2, 3  # streams
U32 = np.uint64(0xFFFFFFFF)


def mix(x):
    x ^= x >> np.uint64(16)
    x = x * np.uint64(0x7FEB352D) & U32
    x ^= x >> np.uint64(15)
    x = x * np.uint64(0x846CA68B) & U32
    return x ^ (x >> np.uint64(16))


def hash32(seed, stream, step, layer, index):
    """32 random bits for each index, in 64-bit integers."""
    index = np.asarray(index, np.uint64)
    h = mix(np.full_like(index, seed ^ 0x9E3779B9))
    for word in (stream, step, layer, index):
        h = mix(((h + np.uint64(0x9E3779B9)) & U32) ^ np.asarray(word, np.uint64))
    return h


def name_hash(name):
    h = 0x811C9DC5
    for byte in name.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    return h


def uniform(bits):
    return (bits >> np.uint64(8)).astype(np.float64) / 2**24


def normal_weights(seed, name, count, std):
    """Box and Muller, rounded to f32."""
    index = np.arange(count, dtype=np.uint64) * np.uint64(2)
    a, b = (uniform(hash32(seed, WEIGHTS, 0, name_hash(name), i)) for i in (index, index + np.uint64(1)))
    draws = np.sqrt(-2 * np.log(1 - a)) * np.cos(2 * np.pi * b)
    return (std * draws).astype(np.float32)


def dropout_factor(seed, step, layer, shape, probability):
    """(batch, features): 0 or 1 / (1 - p)."""
    bits = hash32(seed, DROPOUT, step, name_hash(layer), np.arange(np.prod(shape)))
    return ((uniform(bits) >= probability) / (1 - probability)).reshape(shape)
