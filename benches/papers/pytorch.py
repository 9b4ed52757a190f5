"""A training step of cuda-convnet's networks, ours beside PyTorch's, on the same threads and in turns.

    python3 benches/papers/pytorch.py [--threads 2] [--turns 9] [--steps 20]

It needs torch, and `cargo build --release`. The networks are those of results/bars.json. PyTorch's is the one that our program exports; its images are
noise, which costs the same.
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
from urllib.parse import parse_qsl

import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "release" / "alexnet-lab"
BARS = json.loads((ROOT / "benches" / "papers" / "results" / "bars.json").read_text())["results"]


def settings_of(link):
    """By key, as in the link; without the version, which is no setting."""
    return {key: value for key, value in parse_qsl(link.removeprefix("#")) if key != "v"}


def flags(settings):
    return [f"--{key}={value}" for key, value in settings.items()]


def program(*arguments):
    return subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True).stdout


def exported(settings, folder):
    """The network as the program exports it."""
    script = Path(folder) / "network.py"
    program("train", *flags(settings), "--steps", "1", "--save", str(Path(folder) / "network.safetensors"), "--script", str(script))
    spec = importlib.util.spec_from_file_location("network", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.AlexNet().train()


def ours(settings, threads, steps):
    """Milliseconds of a step."""
    return json.loads(program("bench", *flags(settings), "--workers", str(threads), "--steps", str(steps)))["ms_per_step"]["median"]


class Theirs:
    """A step with momentum and weight decay."""

    def __init__(self, network, settings):
        self.network = network
        rate, decay, batch = float(settings["lr"]), float(settings["weight_decay"]), int(settings["batch"])
        self.optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, weight_decay=decay)
        self.images = torch.randn(batch, 3, 32, 32)
        self.labels = torch.randint(10, (batch,))

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
    for bar in BARS:
        settings = settings_of(bar["link"])
        with tempfile.TemporaryDirectory() as folder:
            theirs = Theirs(exported(settings, folder), settings)
        turns = [(ours(settings, arguments.threads, arguments.steps), theirs.time(arguments.steps)) for _ in range(arguments.turns)]
        own, other, ratio = (statistics.median(values) for values in zip(*((a, b, b / a) for a, b in turns)))
        print(f"{bar['name']}: ours {own:.1f} ms, PyTorch {torch.__version__} {other:.1f} ms, ratio {ratio:.2f} (median of {len(turns)} turns, {arguments.threads} threads)")


if __name__ == "__main__":
    main()
