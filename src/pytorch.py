"""The network of AlexNet Lab in PyTorch, with its saved weights. It needs only torch.

    python alexnet.py IMAGES ...    prints a line of JSON per image: index, label, logits

IMAGES are files in CIFAR-10's binary format, such as test_batch.bin.
Settings that differ from the defaults: SETTINGS
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

WEIGHTS = Path(__file__).with_name(FILE)
SIDE = 32  # of a stored image


# LOCAL


class AlexNet(nn.Module):
    def __init__(self):
        super().__init__()
        # MODULES

    def forward(self, x):  # SHAPE
        # LAYERS
        return x  # the logits


def read_safetensors(path):
    """The tensors by name, and the metadata. A file holds the length of its header, the header as JSON, and the tensors' bytes."""
    data = Path(path).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__", {})
    buffer = bytearray(data[start:])
    tensors = {}
    for name, entry in header.items():
        first, end = entry["data_offsets"]
        assert entry["dtype"] == "F32", f"{name} is of type {entry['dtype']}"
        values = torch.frombuffer(buffer, dtype=torch.float32, count=(end - first) // 4, offset=first)
        tensors[name] = values.reshape(entry["shape"])
    return tensors, metadata


def load(path=WEIGHTS):
    """The network in evaluation mode, with running statistics and without dropout; and the file's metadata."""
    tensors, metadata = read_safetensors(path)
    network = AlexNet()
    # Momentum continues from the velocities, which only training needs.
    network.load_state_dict({name: tensor for name, tensor in tensors.items() if not name.startswith("velocity.")})
    return network.eval(), metadata


def prepare(pixels, metadata):
    """From bytes (n, 3, 32, 32) to the input of the network: scaled to its size, each channel normalised."""
    nearest = torch.arange(HEIGHT) * SIDE // HEIGHT
    pixels = pixels[:, :, nearest][:, :, :, nearest]
    mean, std = (torch.tensor(json.loads(metadata[key])).reshape(3, 1, 1) for key in ("mean", "std"))
    return (pixels / 255 - mean) / std


def read_images(path):
    """Labels (n) and bytes (n, 3, 32, 32) of a CIFAR-10 file. Each record is a label, then the pixels, channel by channel."""
    records = torch.frombuffer(bytearray(Path(path).read_bytes()), dtype=torch.uint8).reshape(-1, 1 + 3 * SIDE * SIDE)
    return records[:, 0], records[:, 1:].reshape(-1, 3, SIDE, SIDE)


def main(paths):
    network, metadata = load()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    print(f"{parameters:,} parameters, step {metadata['step']}, {metadata['data']}", file=sys.stderr)
    print(f"classes: {metadata['classes']}", file=sys.stderr)
    index = 0
    for path in paths:
        for labels, pixels in zip(*(part.split(100) for part in read_images(path))):
            with torch.no_grad():
                logits = network(prepare(pixels, metadata))
            for label, row in zip(labels.tolist(), logits.tolist()):
                print(json.dumps({"index": index, "label": label, "logits": row}))
                index += 1


if __name__ == "__main__":
    main(sys.argv[1:])
