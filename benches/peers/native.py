"""The program's CPU backend beside JAX and TensorFlow on the CPU: same network, weights, images and number of threads."""
import argparse, json, os, statistics, subprocess, sys, time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--variants", default="none", help="of none, lrn, bn (none)")
parser.add_argument("--batches", default="32", help="images a step (32)")
parser.add_argument("--threads", default="1", help="threads of every peer (1)")
parser.add_argument("--turns", type=int, default=6, help="turns of a peer (6)")
parser.add_argument("--steps", type=int, default=8, help="steps a turn (8)")
parser.add_argument("--peers", default="jax,tensorflow,tensorflow-xla", help="of jax, tensorflow, tensorflow-xla (all)")
parser.add_argument("--out", default=str(Path(__file__).parent / "peers.json"), help="figures are added to this file")
parser.add_argument("--child", help=argparse.SUPPRESS)
arguments = parser.parse_args()

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LEARNING_RATE, MOMENTUM = 0.01, 0.9
SWITCHES = {"none": ["--norm", "none"], "lrn": ["--norm", "lrn"], "bn": ["--norm", "bn"]}
#: As in tables.mjs: what rounding can change in the first loss.
TOLERANCE = 8e-4


class Setting:
    """What export.mjs wrote."""

    def __init__(self, folder):
        import numpy as np

        self.__dict__ |= json.loads((folder / "setting.json").read_text())
        weights = np.fromfile(folder / "weights.f32", np.float32)
        self.weights = [weights[t["range"]["start"] : t["range"]["end"]].reshape(t["shape"]) for t in self.network["tensors"]]
        self.inputs = np.fromfile(folder / "inputs.f32", np.float32).reshape(-1, self.batch, 32, 32, 3)
        self.labels = np.fromfile(folder / "labels.u8", np.uint8).astype(np.int32).reshape(-1, self.batch)


def forward(ops, network, weights, x):
    """Logits (batch, classes) of images x (batch, 32, 32, 3); `ops` has the five operations of a library.

    Batch normalisation is in training mode; the running averages, which change nothing here, are left out, for the
    peers' benefit.
    """
    for layer in network["layers"]:
        kind = layer["kind"]
        if kind == "conv":
            x = ops.conv(x, weights[layer["weight"]], layer["padding"]) + weights[layer["bias"]]
        elif kind == "linear":
            x = ops.reshape(x, (x.shape[0], -1)) @ weights[layer["weight"]] + weights[layer["bias"]]
        elif kind == "activation":
            x = ops.relu(x)
        elif kind == "pool":
            x = ops.max_pool(x, layer["kernel"], layer["stride"], layer["padding"])
        elif kind == "lrn":
            x = ops.lrn(x, layer["n"], layer["k"], layer["alpha"], layer["beta"])
        elif kind == "batch_norm":
            mean, variance = ops.moments(x, tuple(range(len(x.shape) - 1)))
            x = (x - mean) * ops.rsqrt(variance + layer["epsilon"]) * weights[layer["gamma"]] + weights[layer["beta"]]
        elif kind not in ("dropout", "softmax_loss"):
            raise ValueError(kind)
    return x


def jax_step(setting, threads):
    """step(i) -> loss. XLA runs a whole training step that was compiled once."""
    import jax, jax.numpy as jnp
    from jax import lax

    class ops:
        relu, rsqrt, reshape = jax.nn.relu, lax.rsqrt, jnp.reshape

        def conv(x, w, padding):
            return lax.conv_general_dilated(x, w, (1, 1), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"))

        def max_pool(x, kernel, stride, padding):
            window, strides = (1, kernel, kernel, 1), (1, stride, stride, 1)
            pads = [(0, 0), (padding, padding), (padding, padding), (0, 0)]
            return lax.reduce_window(x, -jnp.inf, lax.max, window, strides, pads)

        def lrn(x, n, k, alpha, beta):
            pads = [(0, 0)] * 3 + [(n // 2, n // 2)]
            return x / (k + alpha * lax.reduce_window(x * x, 0.0, lax.add, (1, 1, 1, n), (1, 1, 1, 1), pads)) ** beta

        def moments(x, axes):
            return jnp.mean(x, axes), jnp.var(x, axes)

    def loss(weights, x, labels):
        log = jax.nn.log_softmax(forward(ops, setting.network, weights, x))
        return -jnp.mean(jnp.take_along_axis(log, labels[:, None], 1))

    def update(weights, velocities, x, labels):
        value, gradients = jax.value_and_grad(loss)(weights, x, labels)
        velocities = [MOMENTUM * v + g for v, g in zip(velocities, gradients)]
        return value, [w - LEARNING_RATE * v for w, v in zip(weights, velocities)], velocities

    update = jax.jit(update, donate_argnums=(0, 1))
    state = [[jnp.asarray(w) for w in setting.weights], [jnp.zeros(w.shape) for w in setting.weights]]

    def step(i):
        value, *state[:] = update(*state, setting.inputs[i], setting.labels[i])
        jax.block_until_ready(state)
        return float(value)

    return step, f"jax {jax.__version__}"


def tensorflow_step(setting, threads, xla):
    """step(i) -> loss. A graph with oneDNN's kernels, or compiled by XLA."""
    import tensorflow as tf

    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(threads)

    class ops:
        relu, rsqrt, reshape = tf.nn.relu, tf.math.rsqrt, tf.reshape

        def conv(x, w, padding):
            return tf.nn.conv2d(x, w, 1, "SAME")  # the same as this padding where the stride is 1

        def max_pool(x, kernel, stride, padding):
            pads = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
            # XLA pads no pool; after ReLU no value is below the zeros of tf.pad.
            return tf.nn.max_pool2d(tf.pad(x, pads), kernel, stride, "VALID") if xla else tf.nn.max_pool2d(x, kernel, stride, pads)

        def lrn(x, n, k, alpha, beta):
            return tf.nn.local_response_normalization(x, n // 2, k, alpha, beta)

        def moments(x, axes):
            return tf.nn.moments(x, axes)

    weights = [tf.Variable(w) for w in setting.weights]
    velocities = [tf.Variable(tf.zeros_like(w)) for w in weights]

    @tf.function(jit_compile=xla)
    def update(x, labels):
        with tf.GradientTape() as tape:
            logits = forward(ops, setting.network, weights, x)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        for w, v, g in zip(weights, velocities, tape.gradient(loss, weights)):
            v.assign(MOMENTUM * v + g)
            w.assign_sub(LEARNING_RATE * v)
        return loss

    def step(i):
        return float(update(tf.constant(setting.inputs[i]), tf.constant(setting.labels[i])))

    return step, f"tensorflow {tf.__version__}, {'XLA' if xla else 'oneDNN'}"


def child():
    """One library in a process of its own: a line of JSON for every line of standard input, a number of steps."""
    name, folder, threads = arguments.child.split(",", 2)[0], Path(arguments.out), int(arguments.threads)
    setting = Setting(folder)
    make = {
        "jax": lambda: jax_step(setting, threads),
        "tensorflow": lambda: tensorflow_step(setting, threads, False),
        "tensorflow-xla": lambda: tensorflow_step(setting, threads, True),
    }
    step, version = make[name]()
    done = 0

    def steps(count):
        nonlocal done
        result = {"ms": [], "losses": [], "version": version}
        cpu, start = time.process_time(), time.perf_counter()
        for _ in range(count):
            before = time.perf_counter()
            result["losses"].append(step(done % len(setting.inputs)))
            result["ms"].append((time.perf_counter() - before) * 1e3)
            done += 1
        result["cpu_per_wall"] = (time.process_time() - cpu) / (time.perf_counter() - start)
        return result

    for line in sys.stdin:
        print(json.dumps(steps(int(line))), flush=True)


class Peer:
    """A child process that trains with one library."""

    def __init__(self, name, folder, threads):
        xla = "" if threads > 1 else "--xla_cpu_multi_thread_eigen=false"
        environment = os.environ | {
            "XLA_FLAGS": f"{xla} intra_op_parallelism_threads={threads}".strip(),
            "OMP_NUM_THREADS": str(threads),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "JAX_PLATFORMS": "cpu",
        }
        command = [sys.executable, __file__, "--child", name, "--out", str(folder), "--threads", str(threads)]
        # XLA starts as many threads as it may run on; the kernel holds them to this number.
        if hasattr(os, "sched_setaffinity"):
            cores = sorted(os.sched_getaffinity(0))[:threads]
            pin = lambda: os.sched_setaffinity(0, cores)
        else:
            pin = None
        self.name, self.results = name, []
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, preexec_fn=pin)
        self.first = self.turn(2)  # compiles

    def turn(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended without an answer")
        return json.loads(line)


def ours(variant, batch, threads, steps):
    command = [ROOT / "target/release/alexnet-lab", "bench", "--backend", "cpu", *SWITCHES[variant], "--batch", str(batch)]
    command += ["--weight-decay", "0", "--warm-up", "2", "--steps", str(steps)]
    if threads > 1:
        command += ["--workers", str(threads)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(variant, batch, threads):
    folder = ROOT / "target/peers/native"
    subprocess.run(["node", HERE / "export.mjs", folder, variant, str(batch)], check=True)
    macs = json.loads((folder / "setting.json").read_text())["macs"]
    peers = [Peer(name, folder, threads) for name in arguments.peers.split(",")]
    reports = []
    for turn in range(arguments.turns):
        reports.append(ours(variant, batch, threads, arguments.steps))
        for peer in peers:
            peer.results.append(peer.turn(arguments.steps))
        print(f"  turn {turn + 1}", file=sys.stderr)
    for peer in peers:
        peer.process.stdin.close()
    medians = [report["ms_per_step"]["median"] for report in reports]
    found = [{
        "name": "ours-native",
        "steps": sum(report["steps"] for report in reports),
        "ms": {"median": statistics.median(medians), "min": min(r["ms_per_step"]["min"] for r in reports), "max": max(r["ms_per_step"]["max"] for r in reports)},
        "product_gflops": statistics.median(report["product_gflops"] for report in reports),
        "share_of_product": statistics.median(report["share_of_product"] for report in reports),
        "losses": [reports[0]["loss"]["first"]],
    }]
    for peer in peers:
        ms = [x for result in peer.results for x in result["ms"]]
        found.append({
            "name": peer.name,
            "version": peer.first["version"],
            "steps": len(ms),
            "ms": {"median": statistics.median(ms), "min": min(ms), "max": max(ms)},
            "cpu_per_wall": max(result["cpu_per_wall"] for result in peer.results),
            "losses": peer.first["losses"],
        })
    for peer in found:
        peer["gflops"] = 2 * macs * batch / peer["ms"]["median"] / 1e6
        peer["images_per_second"] = batch / peer["ms"]["median"] * 1e3
        peer["times_ours_native"] = peer["ms"]["median"] / found[0]["ms"]["median"]
        peer["first_loss_differs"] = abs(peer["losses"][0] / found[0]["losses"][0] - 1)
        peer["same_network"] = peer["first_loss_differs"] < TOLERANCE
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"when": when, "where": "native", "place": "native", "variant": variant, "batch": batch, "width": 1, "threads": threads, "macs": macs, "peers": found}


def table(run):
    print(f"\nnative; {run['variant']}, batch {run['batch']}, width 1, {run['threads']} thread(s)")
    print(f"{'peer':<28}{'ms a step':>10}{'min':>8}{'max':>8}{'steps':>7}{'images/s':>10}{'GFLOP/s':>9}{'x ours':>8}{'CPU/wall':>10}{'first loss':>12}")
    for peer in run["peers"]:
        ms, load = peer["ms"], peer.get("cpu_per_wall")
        print(
            f"{peer.get('version', peer['name']):<28}{ms['median']:>10.1f}{ms['min']:>8.1f}{ms['max']:>8.1f}{peer['steps']:>7}"
            f"{peer['images_per_second']:>10.0f}{peer['gflops']:>9.1f}{peer['times_ours_native']:>8.2f}"
            f"{'' if load is None else format(load, '.2f'):>10}{peer['losses'][0]:>12.5f}"
        )
        if not peer["same_network"]:
            print(f"{peer['name']} DOES NOT TRAIN THE SAME NETWORK: its first loss differs")
    print(f"ours-native reaches {100 * run['peers'][0]['share_of_product']:.0f} % of its own 512^3 product, {run['peers'][0]['product_gflops']:.1f} GFLOP/s")


def main():
    out, good = Path(arguments.out), True
    for variant in arguments.variants.split(","):
        for batch in map(int, arguments.batches.split(",")):
            for threads in map(int, arguments.threads.split(",")):
                run = measure(variant, batch, threads)
                table(run)
                figures = json.loads(out.read_text()) if out.exists() else {"runs": []}
                figures["runs"].append(run)
                out.write_text(json.dumps(figures, indent=1) + "\n")
                good &= all(peer["same_network"] for peer in run["peers"])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(child() if arguments.child else main())
