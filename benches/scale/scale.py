"""The cost of scale: `alexnet-lab bench` over batch, width and depth on both backends, beside the model on paper.

For each series it fits exponents by least squares on logarithms: of the step's time, and of the multiply-adds and the
memory that the engine states. Along depth, only the added layers count.
"""

import argparse
import json
import os
import pathlib
import subprocess

import matplotlib
import numpy

matplotlib.use("svg")
import matplotlib.pyplot as plt

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
PROGRAM = ROOT / "target/release/alexnet-lab"
WIDTHS = [0.25, 0.5, 1, 2]
# Per backend: the values along each axis, and the batch of the axes that do not vary it.
AXES = {
    "cpu": ({"batch": [1, 2, 4, 8, 16, 32, 64, 128, 256], "width": WIDTHS, "depth": [0, 1, 2, 4, 6, 8, 12]}, 16),
    "gpu": ({"batch": [1, 2, 4, 8, 16, 32], "width": WIDTHS, "depth": [0, 2, 4, 8, 12]}, 8),
}
QUICK = {
    "cpu": ({"batch": [1, 4, 16, 64], "width": [0.25, 0.5, 1], "depth": [0, 4, 8, 12]}, 8),
    "gpu": ({"batch": [1, 2, 4], "width": [0.25, 0.5, 1], "depth": [0, 4, 12]}, 2),
}
LABELS = {"batch": "images a step", "width": "width", "depth": "further convolutions"}
COLOURS = {"cpu": "#1b6ca8", "gpu": "#c8553d"}


def bench(backend, settings, steps):
    """Runs the program once; returns its report."""
    flags = [f"--{key}={value}" for key, value in settings.items()]
    command = [PROGRAM, "bench", f"--backend={backend}", "--workers=1", "--family=registers", "--warm-up=1"]
    run = subprocess.run([*command, f"--steps={steps}", *flags], capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(flags)} on {backend}: {run.stderr.strip()}")
    return json.loads(run.stdout)


def measure(axes, rounds, steps):
    """The points of every series, smallest value first. Each round visits all points, so that a slow minute affects all of them."""
    series = [(backend, axis, values, batch) for backend, (of, batch) in axes.items() for axis, values in of.items()]
    points = {}
    for turn in range(rounds):
        for backend, axis, values, batch in series:
            for value in values:
                report = bench(backend, {"batch": batch, axis: value}, steps)
                point = points.setdefault((backend, axis, value), {"value": value, "ms": float("inf")})
                # Other work on the machine only ever adds time.
                point["ms"] = min(point["ms"], report["ms_per_step"]["min"])
                point |= {key: report[key] for key in ("macs", "parameters", "memory_bytes", "adapter")}
            print(f"round {turn + 1}: {backend}, {axis}", flush=True)
    return [
        {"backend": backend, "axis": axis, "batch": None if axis == "batch" else batch,
         "points": [points[backend, axis, value] for value in values]}
        for backend, axis, values, batch in series
    ]


def exponent(values, costs):
    """p of `costs ~ values^p`, by least squares on logarithms."""
    return float(numpy.polyfit(numpy.log(values), numpy.log(costs), 1)[0])


def fit(axis, points):
    """Exponents of time and of the paper's counts along a series, and of time over its upper half."""
    values = numpy.array([point["value"] for point in points], float)
    columns = {key: numpy.array([point[key] for point in points], float) for key in ("ms", "macs", "parameters", "memory_bytes")}
    if axis == "depth":
        # Depth 0 holds only the rest of the network, which is no part of a layer's cost.
        values, columns = values[1:], {key: column[1:] - column[0] for key, column in columns.items()}
    fits = {key: exponent(values, column) for key, column in columns.items() if (column > 0).all()}
    half = min(len(values) // 2, len(values) - 2)
    fits["ms_upper_half"] = exponent(values[half:], columns["ms"][half:])
    if axis == "batch":
        slope, offset = numpy.polyfit(values, columns["ms"], 1, w=1 / columns["ms"])
        fits |= {"ms_an_image": float(slope), "ms_a_step": float(offset)}
    return fits


def plot(series, path):
    """Top: time, and dashed, the multiply-adds at the rate of the largest point. Bottom: memory."""
    matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "scale", "font.size": 9}
    figure, rows = plt.subplots(2, 3, figsize=(9, 5), sharex="col", layout="constrained")
    for one in series:
        column = list(LABELS).index(one["axis"])
        time, memory = rows[0][column], rows[1][column]
        values, ms, macs, bytes_ = (
            numpy.array([point[key] for point in one["points"]], float) for key in ("value", "ms", "macs", "memory_bytes")
        )
        colour, power = COLOURS[one["backend"]], one["fit"].get("ms")
        of = "" if one["axis"] == "batch" else f", batch {one['batch']}"
        time.plot(values, ms, "o-", color=colour, markersize=4, linewidth=1.2, label=f"{one['backend']}{of}: ^{power:.2f}")
        time.plot(values, macs * ms[-1] / macs[-1], "--", color=colour, linewidth=0.8, alpha=0.7)
        memory.plot(values, bytes_ / 1e6, "s-", color=colour, markersize=3, linewidth=1.2)
        memory.set_xlabel(LABELS[one["axis"]])
        for axes in (time, memory):
            axes.grid(alpha=0.25)
            if one["axis"] != "depth":
                axes.set_xscale("log", base=2)
                axes.set_yscale("log")
                axes.set_xticks(values if one["axis"] == "width" else [1, 4, 16, 64, 256])
                axes.xaxis.set_major_formatter("{x:g}")
                axes.minorticks_off()
    for axes in rows[0]:
        axes.legend(fontsize=8, frameon=False)
    rows[0][0].set_ylabel("ms a training step")
    rows[1][0].set_ylabel("buffers, MB")
    rows[0][1].set_title("points: measured; dashed: multiply-adds, at the rate of the last point", fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--rounds", type=int, default=2, help="how often each point is measured; the fastest step counts")
    arguments.add_argument("--out", type=pathlib.Path)
    arguments = arguments.parse_args()
    out = arguments.out or (ROOT / "target/scale" if arguments.quick else HERE)
    series = measure(QUICK, 1, 2) if arguments.quick else measure(AXES, arguments.rounds, 4)
    for one in series:
        one["fit"] = fit(one["axis"], one["points"])
        print(one["backend"], one["axis"], {key: round(value, 2) for key, value in one["fit"].items()})
    out.mkdir(parents=True, exist_ok=True)
    (out / "scale.json").write_text(json.dumps({"cores": os.cpu_count(), "rounds": 1 if arguments.quick else arguments.rounds, "series": series}, indent=1) + "\n")
    plot(series, out / "scale.svg")
    print(f"{out / 'scale.json'}, {out / 'scale.svg'}")


if __name__ == "__main__":
    main()
