/** One peer: opens it, steps it and times it. The same in a worker of the page and in Node. */
import { ConvNet } from "./convnet.js";
import { install, take } from "./counters.js";
import { Ours } from "./ours.js";
import { CpuProduct, GpuProduct } from "./product.js";
import { TensorFlow } from "./tfjs.js";

export { install };

const cpu = (build, workers) => ({ backend: "cpu", build, workers });

/** Each peer's maker. `assets` gives our module in one of its two builds. */
export const PEERS = {
  "ours-gpu": (assets) => new Ours({ backend: "gpu", build: "simd128", workers: 1 }, assets),
  "ours-cpu": (assets) => new Ours(cpu("simd128", 1), assets),
  "ours-cpu-2": (assets) => new Ours(cpu("simd128", 2), assets),
  "ours-cpu-relaxed": (assets) => new Ours(cpu("relaxed", 1), assets),
  "ours-cpu-relaxed-2": (assets) => new Ours(cpu("relaxed", 2), assets),
  "tfjs-webgpu": () => new TensorFlow("webgpu"),
  "tfjs-webgl": () => new TensorFlow("webgl"),
  "tfjs-cpu": () => new TensorFlow("cpu"),
  convnetjs: () => new ConvNet(),
  "product-gpu": () => new GpuProduct(),
  "product-cpu": (assets) => new CpuProduct("simd128", assets),
  "product-cpu-relaxed": (assets) => new CpuProduct("relaxed", assets),
};
/** These warm up with one image, the others with a whole step. */
const SLOW = ["tfjs-cpu", "convnetjs"];

export class Host {
  constructor(name, assets) {
    this.name = name;
    this.peer = PEERS[name](assets);
    this.next = 0;
  }

  /** Opens the peer and warms it up. @returns what is known of it, and the losses of the warm-up steps */
  async open(setting) {
    const start = performance.now();
    const facts = await this.peer.open(setting);
    const opened = performance.now();
    const losses = SLOW.includes(this.name) ? (await this.peer.warm(), []) : [await this.peer.step(this.next++)];
    return { ...facts, losses, open_ms: opened - start, warm_ms: performance.now() - opened };
  }

  /** Some steps, each waited for: milliseconds and loss of each, and its calls to WebGPU. */
  async steps(count) {
    const [ms, losses] = [[], []];
    take();
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      losses.push(await this.peer.step(this.next++));
      ms.push(this.peer.ms ?? performance.now() - start);
    }
    return { ms, losses, counts: take() };
  }

  /** Some steps that do not wait for their losses: milliseconds in all. Undefined where the peer cannot do this. */
  async run(count) {
    if (!this.peer.run) return undefined;
    take();
    const start = performance.now();
    await this.peer.run(this.next, count);
    this.next += count;
    return { ms: performance.now() - start, counts: take() };
  }

  close() {
    this.peer.close();
  }
}
