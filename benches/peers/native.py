"""The program beside JAX and TensorFlow on the CPU, or beside PyTorch on CUDA: same network, weights, images, threads."""
import argparse, itertools, json, os, statistics, subprocess, sys, time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--backend", default="cpu", choices=["cpu", "gpu"], help="where the program computes (cpu)")
parser.add_argument("--variants", default="none", help="of none, lrn, bn (none)")
parser.add_argument("--batches", default="32", help="images a step (32)")
parser.add_argument("--widths", default="1", help="of 0.25, 0.5, 1, 2 (1)")
parser.add_argument("--threads", default="1", help="threads of every peer on the CPU (1)")
parser.add_argument("--turns", type=int, default=6, help="turns of a peer (6)")
parser.add_argument("--steps", type=int, default=8, help="steps a turn (8)")
parser.add_argument("--peers", default="jax,tensorflow,tensorflow-xla", help="of jax, tensorflow, tensorflow-xla, torch-cuda; may be empty")
parser.add_argument("--peak", type=float, help="TFLOP/s of f32 that the graphics card could do, for the share of it")
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
    """The output of export.mjs."""

    def __init__(self, folder):
        import numpy as np

        self.__dict__ |= json.loads((folder / "setting.json").read_text())
        weights = np.fromfile(folder / "weights.f32", np.float32)
        self.weights = [weights[t["range"]["start"] : t["range"]["end"]].reshape(t["shape"]) for t in self.network["tensors"]]
        self.inputs = np.fromfile(folder / "inputs.f32", np.float32).reshape(-1, self.batch, 32, 32, 3)
        self.labels = np.fromfile(folder / "labels.u8", np.uint8).astype(np.int32).reshape(-1, self.batch)


def forward(ops, network, weights, x):
    """Logits (batch, classes) of images x (batch, 32, 32, 3); `ops` has the five operations of a library.

    Batch normalisation is in training mode. The running averages change nothing here and are left out, which favours
    the peers.
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
    """step(i) -> loss. XLA runs a whole training step, compiled once."""
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
            # XLA does not pad pools; after ReLU no value is below the zeros of tf.pad.
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


def torch_step(setting):
    """step(i) -> loss. PyTorch on CUDA, eager, f32 without TF32."""
    import torch
    from torch.nn import functional as f

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    network, device = setting.network, torch.device("cuda")
    tensors = []
    for weight in setting.weights:
        # (kh, kw, in, out) -> (out, in, kh, kw)
        values = torch.tensor(weight, device=device)
        tensors.append(values.permute(3, 2, 0, 1).contiguous() if values.dim() == 4 else values)
    tensors = [values.requires_grad_() for values in tensors]
    optimizer = torch.optim.SGD(tensors, LEARNING_RATE, MOMENTUM)
    inputs = torch.tensor(setting.inputs, device=device).permute(0, 1, 4, 2, 3).contiguous()
    labels = torch.tensor(setting.labels, device=device).long()

    def forward(x):
        for layer in network["layers"]:
            kind = layer["kind"]
            if kind == "conv":
                x = f.conv2d(x, tensors[layer["weight"]], tensors[layer["bias"]], padding=layer["padding"])
            elif kind == "linear":
                # Our rows go through (height, width, channels).
                flat = x.permute(0, 2, 3, 1).flatten(1) if x.dim() == 4 else x
                x = torch.addmm(tensors[layer["bias"]], flat, tensors[layer["weight"]])
            elif kind == "activation":
                x = f.relu(x)
            elif kind == "pool":
                x = f.max_pool2d(x, layer["kernel"], layer["stride"], layer["padding"])
            elif kind == "lrn":
                # PyTorch divides alpha by the number of channels.
                x = f.local_response_norm(x, layer["n"], layer["alpha"] * layer["n"], layer["beta"], layer["k"])
            elif kind == "batch_norm":
                x = f.batch_norm(x, None, None, tensors[layer["gamma"]], tensors[layer["beta"]], training=True, eps=layer["epsilon"])
        return x

    def step(i):
        optimizer.zero_grad()
        loss = f.cross_entropy(forward(inputs[i]), labels[i])
        loss.backward()
        optimizer.step()
        value = loss.item()
        torch.cuda.synchronize()
        return value

    return step, f"torch {torch.__version__}, {torch.cuda.get_device_name()}"


def child():
    """One library in a separate process: reads a number of steps per line of standard input, answers with a line of JSON."""
    name, folder, threads = arguments.child, Path(arguments.out), int(arguments.threads)
    setting = Setting(folder)
    make = {
        "jax": lambda: jax_step(setting, threads),
        "tensorflow": lambda: tensorflow_step(setting, threads, False),
        "tensorflow-xla": lambda: tensorflow_step(setting, threads, True),
        "torch-cuda": lambda: torch_step(setting),
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
        environment = os.environ | {
            "XLA_FLAGS": "" if threads > 1 else "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
            "OMP_NUM_THREADS": str(threads),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "JAX_PLATFORMS": "cpu",
        }
        command = [sys.executable, __file__, "--child", name, "--out", str(folder), "--threads", str(threads)]
        # XLA starts as many threads as it may run on; the affinity limits them to this number.
        if hasattr(os, "sched_setaffinity") and name != "torch-cuda":
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


def ours(variant, batch, width, threads):
    command = [ROOT / "target/release/alexnet-lab", "bench", "--backend", arguments.backend, "--workers", str(threads)]
    command += [*SWITCHES[variant], "--batch", str(batch), "--width", width, "--weight-decay", "0"]
    command += ["--warm-up", "2", "--steps", str(arguments.steps)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(variant, batch, width, threads):
    folder = ROOT / "target/peers/native"
    subprocess.run(["node", HERE / "export.mjs", folder, variant, str(batch), width], check=True)
    macs = json.loads((folder / "setting.json").read_text())["macs"]
    peers = [Peer(name, folder, threads) for name in arguments.peers.split(",") if name]
    reports = []
    for turn in range(arguments.turns):
        reports.append(ours(variant, batch, width, threads))
        for peer in peers:
            peer.results.append(peer.turn(arguments.steps))
        print(f"  turn {turn + 1}", file=sys.stderr)
    for peer in peers:
        peer.process.stdin.close()
    medians = [report["ms_per_step"]["median"] for report in reports]
    found = [{
        "name": f"ours-native-{arguments.backend}",
        "adapter": reports[0]["adapter"],
        "steps": sum(report["steps"] for report in reports),
        "ms": {"median": statistics.median(medians), "min": min(r["ms_per_step"]["min"] for r in reports), "max": max(r["ms_per_step"]["max"] for r in reports)},
        "turns": medians,
        "losses": [reports[0]["loss"]["first"]],
    }]
    if arguments.backend == "cpu":
        for key in ("product_gflops", "share_of_product"):
            found[0][key] = statistics.median(report[key] for report in reports)
    for peer in peers:
        ms = [x for result in peer.results for x in result["ms"]]
        found.append({
            "name": peer.name,
            "version": peer.first["version"],
            "steps": len(ms),
            "ms": {"median": statistics.median(ms), "min": min(ms), "max": max(ms)},
            "turns": [statistics.median(result["ms"]) for result in peer.results],
            "cpu_per_wall": max(result["cpu_per_wall"] for result in peer.results),
            "losses": peer.first["losses"],
        })
    for peer in found:
        peer["gflops"] = 2 * macs * batch / peer["ms"]["median"] / 1e6
        peer["images_per_second"] = batch / peer["ms"]["median"] * 1e3
        # Over the turns, because a machine's speed drifts.
        peer["times_ours_native"] = statistics.median(theirs / ours for theirs, ours in zip(peer["turns"], medians))
        peer["first_loss_differs"] = abs(peer["losses"][0] / found[0]["losses"][0] - 1)
        peer["same_network"] = peer["first_loss_differs"] < TOLERANCE
        if arguments.peak:
            peer["share_of_peak"] = peer["gflops"] / 1e3 / arguments.peak
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    run = {"when": when, "where": "native", "place": "native", "variant": variant, "batch": batch, "width": float(width)}
    return run | {"threads": threads, "macs": macs, "peers": found}


def table(run):
    adapter = run["peers"][0]["adapter"] or f"{run['threads']} thread(s)"
    print(f"\nnative; {run['variant']}, batch {run['batch']}, width {run['width']:g}; {adapter}")
    titles = ["ms a step", "min", "max", "steps", "images/s", "GFLOP/s", "x ours", "CPU/wall", "of peak", "first loss"]
    print(f"{'peer':<28}" + "".join(f"{title:>11}" for title in titles))
    for peer in run["peers"]:
        ms, load, peak = peer["ms"], peer.get("cpu_per_wall"), peer.get("share_of_peak")
        cells = [f"{ms['median']:.1f}", f"{ms['min']:.1f}", f"{ms['max']:.1f}", peer["steps"], f"{peer['images_per_second']:.0f}"]
        cells += [f"{peer['gflops']:.1f}", f"{peer['times_ours_native']:.2f}", "" if load is None else f"{load:.2f}"]
        cells += ["" if peak is None else f"{100 * peak:.1f} %", f"{peer['losses'][0]:.5f}"]
        print(f"{peer.get('version', peer['name']):<28}" + "".join(f"{cell:>11}" for cell in cells))
        if not peer["same_network"]:
            print(f"{peer['name']} DOES NOT TRAIN THE SAME NETWORK: its first loss differs")
    ours = run["peers"][0]
    if "share_of_product" in ours:
        print(f"{ours['name']} reaches {100 * ours['share_of_product']:.0f} % of its own 512^3 product, {ours['product_gflops']:.1f} GFLOP/s a thread")


def main():
    out, good = Path(arguments.out), True
    lists = [getattr(arguments, key).split(",") for key in ("variants", "batches", "widths", "threads")]
    for variant, batch, width, threads in itertools.product(*lists):
        run = measure(variant, int(batch), width, int(threads))
        table(run)
        figures = json.loads(out.read_text()) if out.exists() else {"runs": []}
        figures["runs"].append(run)
        out.write_text(json.dumps(figures, indent=1) + "\n")
        good &= all(peer["same_network"] for peer in run["peers"])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(child() if arguments.child else main())
