"""Rebuilds a network from a weights file, evaluates it in JAX in float64, and compares with the program's own logits.

    cargo run --release -- train --epochs 1 --save w.safetensors
    cargo run --release -- train --load w.safetensors --steps 0 --eval --predictions out.jsonl
    venv/bin/python tests/golden/evaluate.py w.safetensors out.jsonl                     # the shards in www/data/cifar10
    venv/bin/python tests/golden/evaluate.py w.safetensors out.jsonl --images test_batch.bin   # CIFAR-10, binary version

The network comes from the file alone: tensors by their PyTorch names, settings and normalisation from its metadata.
The program computes in f32: with u = 2^-24, sums of K <= 1024 products and 9 to 21 layers, a logit is off by about
layers * sqrt(K) * u = 4e-5 of the largest one at most; above 1e-4 of it the comparison fails.
"""

import argparse
import json
import sys
from pathlib import Path
from urllib.parse import parse_qsl

import jax
import network
import numpy as np
from PIL import Image
from safetensors import safe_open

SHARDS = Path(__file__).parents[2] / "www" / "data" / "cifar10"
CHUNK = 100


def read_weights(path):
    """(tensors in f64 without velocities, settings, metadata)."""
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name).astype(np.float64) for name in file.keys() if not name.startswith("velocity.")}
    return tensors, dict(parse_qsl(metadata["config"])), metadata


def read_images(path):
    """Test images, (n, 32, 32, 3) bytes, and labels."""
    if path.suffix == ".bin":
        records = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, 3073)
        return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), records[:, 0].astype(int)
    index = json.loads((path / "index.json").read_text())
    side, columns, images, labels = index["side"], index["columns"], [], []
    for shard in index["test"]:
        sheet = np.asarray(Image.open(path / shard["file"]).convert("RGB"))
        tiles = sheet.reshape(-1, side, columns, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
        images.append(tiles[: shard["count"]])
        labels += map(int, shard["labels"])
    return np.concatenate(images), np.array(labels)


def prepared(images, config, metadata):
    """(n, 3, height, width), normalised; the original architecture sees the nearest of the 32 x 32 pixels."""
    if config["arch"] == "original":
        nearest = np.arange(227) * 32 // 227
        images = images[:, nearest][:, :, nearest]
    mean, std = (np.array(json.loads(metadata[key])) for key in ("mean", "std"))
    return np.moveaxis((images / 255 - mean) / std, -1, 1)


def main():
    parser = argparse.ArgumentParser(description="Evaluates a weights file in JAX and compares with --predictions.")
    parser.add_argument("weights", type=Path)
    parser.add_argument("predictions", type=Path, help="one JSON object a line: index, label, logits")
    parser.add_argument("--images", type=Path, default=SHARDS, help="a folder of shards with index.json, or test_batch.bin")
    options = parser.parse_args()
    tensors, config, metadata = read_weights(options.weights)
    lines = [json.loads(line) for line in options.predictions.read_text().splitlines()]
    if not lines:
        sys.exit(f"{options.predictions} has no predictions")
    images, labels = read_images(options.images)
    indices = np.array([line["index"] for line in lines])
    theirs = np.array([line["logits"] for line in lines])

    evaluate = jax.jit(lambda tensors, x: network.forward(config, tensors, x)[0])
    chunks = [indices[i : i + CHUNK] for i in range(0, len(indices), CHUNK)]
    ours = np.concatenate([evaluate(tensors, prepared(images[chunk], config, metadata)) for chunk in chunks])

    wrong_labels = int(np.sum(labels[indices] != [line["label"] for line in lines]))
    difference, largest = np.abs(ours - theirs).max(), np.abs(ours).max()
    settings = " ".join(f"{key}={config[key]}" for key in ("activation", "norm", "pool", "overlap", "width", "depth"))
    print(f"{settings}, step {metadata['step']}, {len(lines)} images")
    print(f"accuracy {np.mean(ours.argmax(1) == labels[indices]):.4f} here, {np.mean(theirs.argmax(1) == labels[indices]):.4f} there")
    print(f"largest logit {largest:.4f}, largest difference {difference:.3e} ({difference / largest:.1e} of it), {wrong_labels} labels differ")
    sys.exit(bool(wrong_labels or not difference <= 1e-4 * largest))


if __name__ == "__main__":
    main()
