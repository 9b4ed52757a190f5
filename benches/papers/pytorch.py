"""A training step of cuda-convnet's networks, ours beside PyTorch's, on the same threads and in turns.

    python3 benches/papers/pytorch.py [--threads 2] [--turns 9] [--steps 20]

It needs torch, and `cargo build --release`. PyTorch's network is the one that our program exports; its images are noise, which costs the same.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "release" / "alexnet-lab"
PAPER = ["--pool", "paper", "--init", "paper", "--lr", "0.001", "--weight-decay", "0.004", "--batch", "128", "--backend", "cpu"]
NETWORKS = {
    "convnet26": ["--arch", "convnet26", "--norm", "none", *PAPER],
    "convnet18": ["--arch", "convnet18", "--norm", "lrn", "--lrn-region", "map", "--lrn-n", "3", "--lrn-k", "1", "--lrn-alpha", "5.6e-6", *PAPER],
}
BATCH = 128


def program(*arguments):
    return subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True).stdout


def exported(settings, folder):
    """The network as the program exports it."""
    script = Path(folder) / "network.py"
    program("train", *settings, "--steps", "1", "--save", str(Path(folder) / "network.safetensors"), "--script", str(script))
    spec = importlib.util.spec_from_file_location("network", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.AlexNet().train()


def ours(settings, threads, steps):
    """Milliseconds of a step."""
    return json.loads(program("bench", *settings, "--workers", str(threads), "--steps", str(steps)))["ms_per_step"]["median"]


class Theirs:
    """A step with momentum and weight decay."""

    def __init__(self, network):
        self.network = network
        self.optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9, weight_decay=0.004)
        self.images = torch.randn(BATCH, 3, 32, 32)
        self.labels = torch.randint(10, (BATCH,))

    def step(self):
        self.optimizer.zero_grad()
        F.cross_entropy(self.network(self.images), self.labels).backward()
        self.optimizer.step()

    def time(self, steps):
        """Milliseconds of a step, after a few to warm up."""
        for _ in range(4):
            self.step()
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return 1000 * (time.perf_counter() - start) / steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--steps", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name, settings in NETWORKS.items():
        with tempfile.TemporaryDirectory() as folder:
            theirs = Theirs(exported(settings, folder))
        turns = [(ours(settings, arguments.threads, arguments.steps), theirs.time(arguments.steps)) for _ in range(arguments.turns)]
        own, other, ratio = (statistics.median(values) for values in zip(*((a, b, b / a) for a, b in turns)))
        print(f"{name}: ours {own:.1f} ms, PyTorch {torch.__version__} {other:.1f} ms, ratio {ratio:.2f} (median of {len(turns)} turns, {arguments.threads} threads)")


if __name__ == "__main__":
    main()
