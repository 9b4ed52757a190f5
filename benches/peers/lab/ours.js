/** Our engine as a peer: the page's own module, stepped as the page's worker does. */
import { fragment } from "./setting.js";

/** Steps in flight when no step waits for its loss, as in the page. */
const DEPTH = 3;

export class Ours {
  /** @param {{backend: "gpu" | "cpu", build: "simd128" | "relaxed", workers: number}} what @param {any} assets see assets.js */
  constructor(what, assets) {
    this.what = what;
    this.assets = assets;
  }

  async open(setting) {
    const { backend, build, workers } = this.what;
    const { glue, startHelper } = await this.assets.module(build);
    this.lab = await glue.Lab.create(`${fragment(setting, backend)}&workers=${workers}`, startHelper).catch(readable);
    const data = await this.assets.data(setting.shards);
    for (const { file, sheet } of data.shards) this.lab.add_sheet(data.index, file, sheet);
    const facts = JSON.parse(this.lab.describe()).backend;
    const [wanted, got] = [[backend, backend === "cpu" ? workers : 1, build], [facts.name, backend === "cpu" ? facts.workers : 1, facts.simd]];
    if (String(wanted) !== String(got)) throw new Error(`asked for ${wanted}, it runs as ${got}`);
    return { adapter: facts.adapter };
  }

  /** One step, waited for. @returns {Promise<number>} its loss */
  async step() {
    if (!this.lab.step()) throw new Error("the images of this step are missing");
    await this.lab.settle();
    return this.lab.records().at(-2);
  }

  /** Several steps that wait for no loss. */
  async run(first, count) {
    for (let i = 0; i < count; i++) {
      for (let looks = 0; this.lab.in_flight() >= DEPTH; looks++) {
        await rest(looks);
        this.lab.records();
      }
      if (!this.lab.step()) throw new Error("the images of this step are missing");
      await this.lab.work();
    }
    await this.lab.settle();
    this.lab.records();
  }

  close() {
    this.lab?.free();
  }
}

/** The engine throws JSON. */
function readable(error) {
  throw new Error(typeof error === "string" ? error : String(error?.message ?? error));
}

/** Polls often at first, for a fast adapter, and seldom later, since a software adapter computes on the same processor. */
function rest(looks) {
  if (looks > 20) return new Promise((resolve) => setTimeout(resolve, 8));
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
