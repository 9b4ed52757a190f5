"""Runs the script that `train --script` writes in PyTorch, and compares its logits with the program's own.

    bash tests/run.sh pytorch

Both sides compute in f32 and add up in different orders: with u = 2^-24, sums of K <= 1600 products and at most 11 learnt layers, a
logit of each is off by about layers * sqrt(K) * u = 2.6e-5 of the largest one, so two differ by up to 5.2e-5; above 6e-5 the
comparison fails. The check itself is tested too: scripts with one convention changed must differ by more.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "target" / "release" / "alexnet-lab"
TOLERANCE = 6e-5
SMALL = "--width 0.25 --batch 16 --steps 6"
# Settings, and changes of the script that the check must each notice.
CASES = {
    "none": ("--norm none " + SMALL, [("x.flatten(1)", "x.permute(0, 2, 3, 1).flatten(1)")]),
    "lrn": (f"--norm lrn --lrn-n 4 --lrn-alpha 0.05 --lrn-beta 0.6 --lrn-k 1.5 {SMALL}", [("alpha=4 * ", "alpha="), ("size=4", "size=5")]),
    "lrn as in the paper, full width": ("--norm lrn --width 1 --batch 8 --steps 3", [("kernel_size=3, stride=2, padding=1", "kernel_size=2, stride=2")]),
    "bn, average pooling": (f"--norm bn --pool avg {SMALL} --lr 0.05", [("network.eval()", "network.train()"), (", count_include_pad=False", "")]),
    "bn where LRN was, with noise": (f"--norm bn --bn-place lrn --bn-noise 0.5 {SMALL}", [("x = self.bn2(x)", "pass")]),
    "bn, two by two": (f"--norm bn --overlap=false --bn-epsilon 0.1 {SMALL}", [("eps=0.1", "eps=0.001")]),
    "average, two by two, tanh": (f"--pool avg --overlap=false --activation tanh {SMALL}", [("tanh", "sin")]),
    "sigmoid, dropout": (f"--activation sigmoid --dropout 0.5 --init xavier {SMALL}", [("torch.sigmoid(x)", "torch.sigmoid(1.01 * x)")]),
    "leaky ReLU, deeper": (f"--activation leaky_relu --norm none --depth 2 {SMALL}", [("F.leaky_relu(x, 0.01)", "F.leaky_relu(x, 0.02)")]),
    "lenet": (f"--arch lenet --pool paper --overlap=false --activation tanh --norm none {SMALL}", [("x.flatten(1)", "x.permute(0, 2, 3, 1).flatten(1)")]),
    "convnet26": (f"--arch convnet26 --pool paper --norm lrn --init paper {SMALL}", [("padding=0, ceil_mode=True", "padding=1")]),
    "convnet18": (
        f"--arch convnet18 --pool paper --norm lrn --lrn-region map --lrn-n 4 --lrn-alpha 0.05 --lrn-beta 0.6 {SMALL}",
        [("(2, 1, 2, 1)", "(1, 2, 1, 2)"), ("divisor_override=1", "divisor_override=2")],
    ),
    "local": (f"--arch local --pool paper --norm lrn {SMALL}", [("permute(2, 0, 1)", "permute(2, 1, 0)")]),
    "original": ("--arch original --norm lrn --width 0.25 --batch 2 --steps 1", [("* SIDE // 227", "* SIDE // 228")]),
}


def write_images(path, count, draw):
    """Stripes and noise, as a file of CIFAR-10."""
    with open(path, "wb") as file:
        for index in range(count):
            label = index % 10
            pixels = [90 * ((row // (1 + label)) % 2) + draw.randrange(150) for _ in range(3) for row in range(32) for _ in range(32)]
            file.write(bytes([label, *pixels]))


def lines(text):
    """(index, label, logits) of each line."""
    return [(line["index"], line["label"], line["logits"]) for line in map(json.loads, text.splitlines())]


def ours(settings, folder):
    """The program's output for its test images; leaves the script and the weights in the folder."""
    data = ["--data", "../data_batch_1.bin", "../test_batch.bin", "--backend", "cpu", "--test-every", "0"]
    outputs = ["--save", "alexnet.safetensors", "--script", "alexnet.py", "--predictions", "ours.jsonl"]
    subprocess.run([PROGRAM, "train", *data, *outputs, *settings.split()], cwd=folder, check=True, capture_output=True)
    return lines((folder / "ours.jsonl").read_text())


def theirs(script, folder):
    """The script's output for the same file, run as its user runs it."""
    (folder / "alexnet.py").write_text(script)
    run = subprocess.run([sys.executable, "alexnet.py", "../test_batch.bin"], cwd=folder, check=True, capture_output=True, text=True)
    return lines(run.stdout)


def difference(a, b):
    """The largest difference of two logits, as a share of the largest logit."""
    assert [line[:2] for line in a] == [line[:2] for line in b] and len(a) > 0, "other images or labels"
    largest = max(abs(z) for _, _, logits in a for z in logits)
    return max(abs(x - y) for (_, _, p), (_, _, q) in zip(a, b) for x, y in zip(p, q)) / largest


def check(settings, changes, folder):
    """None, or why it failed."""
    expected = ours(settings, folder)
    script = (folder / "alexnet.py").read_text()
    found = difference(expected, theirs(script, folder))
    print(f"  logits differ by {found:.1e} of the largest")
    if not found <= TOLERANCE:
        return f"more than {TOLERANCE}"
    for old, new in changes:
        if old not in script:
            return f"the script has no {old!r}"
        changed = difference(expected, theirs(script.replace(old, new), folder))
        print(f"  with {new!r} for {old!r}: {changed:.1e}")
        if changed <= TOLERANCE:
            return f"{new!r} for {old!r} goes unnoticed"
    return None


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as root:
        draw = random.Random(1)
        write_images(Path(root, "data_batch_1.bin"), 64, draw)
        write_images(Path(root, "test_batch.bin"), 24, draw)
        for number, (name, (settings, changes)) in enumerate(CASES.items(), 1):
            print(f"{name}: {settings}")
            folder = Path(root, str(number))
            folder.mkdir()
            try:
                why = check(settings, changes, folder)
            except subprocess.CalledProcessError as error:
                stderr = error.stderr if isinstance(error.stderr, str) else error.stderr.decode()
                why = f"{error}\n{stderr}"
            failed += why is not None
            print(f"{'not ok' if why else 'ok'} {number} - {name}{': ' + why if why else ''}")
    print(f"# pass {len(CASES) - failed}\n# fail {failed}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
