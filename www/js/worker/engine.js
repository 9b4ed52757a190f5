// @ts-check
/** Owns the Rust engine: one command at a time, and between commands the training loop. */
import { shards } from "./data.js";
import { startHelper } from "./helpers.js";
import { loadModule } from "./module.js";
import { problem } from "./problem.js";
import { pixels, read } from "./reading.js";
import { Training } from "./training.js";

/**
 * @typedef {import("../types.js").Problem} Problem
 * @typedef {import("../types.js").Description} Description
 * @typedef {import("../types.js").Watch} Watch
 * @typedef {(event: string, detail?: any, transfer?: Transferable[]) => void} Report
 */

const COMMANDS = ["open", "set", "play", "pause", "step", "restart", "resume", "watch", "show", "files", "recover", "save"];

export class Engine {
  /** @param {Report} report */
  constructor(report) {
    this.report = report;
    /** @type {any} the wasm module's bindings */
    this.module = null;
    /** @type {import("./module.js").Loaded | null} */
    this.loaded = null;
    /** @type {Training | null} */
    this.training = null;
    /** @type {Watch} */
    this.watched = { snapshot: false, batch: false, filters: false, maps: null, predict: null };
    /** @type {Promise<unknown>} the end of the queue of everything that touches the lab */
    this.queue = Promise.resolve();
    /** What the lanes were made from. @type {import("../types.js").Read} */
    this.reading = { fragment: "", lanes: [], notes: [] };
    this.download = new AbortController();
  }

  /** Runs a command after those before it. @param {string} name @param {any[]} args */
  async command(name, args) {
    if (!COMMANDS.includes(name)) throw { code: "unexpected", why: `no command ${name}` };
    // Pausing must not wait for the loop's turn to see it.
    if (name === "pause" && this.training) this.training.running = false;
    return this.exclusive(() => /** @type {any} */ (this)[name](...args));
  }

  /** @template T @param {() => T | Promise<T>} work @returns {Promise<T>} */
  exclusive(work) {
    const result = this.queue.then(work);
    this.queue = result.catch(() => {});
    return result;
  }

  get lab() {
    if (!this.training) throw { code: "not_ready" };
    return this.training.lanes.all[0].lab;
  }

  // ---- commands ------------------------------------------------------------------------------------------------

  /**
   * @param {string} fragment
   * @param {import("./module.js").Build} [build] for tests: another module than the best one
   * @param {string} [adapters] what an earlier visit measured of this machine's adapters
   */
  async open(fragment, build, adapters = "") {
    if (!this.module) {
      this.loaded = await loadModule(build);
      this.module = this.loaded.glue;
      this.module.recall_adapters(adapters);
    }
    const read = this.read(fragment);
    this.report("opened", { schema: JSON.parse(this.module.schema()), ...read });
    await this.create(read);
    return this.described();
  }

  /** What a fragment says. @param {string} fragment @returns {import("../types.js").Read} */
  read(fragment) {
    return JSON.parse(this.module.read_state(fragment));
  }

  /** @param {string} fragment @param {boolean} restart @param {number} [gone] a lane that is no more */
  async set(fragment, restart, gone) {
    const read = this.read(fragment);
    const { notes } = read;
    if (!this.training) {
      // The last state had no backend; this one may have.
      await this.create(read);
      return { effect: "restart", notes, ...this.described() };
    }
    const before = this.describe().config.data;
    if (gone !== undefined) await this.training.end(gone);
    const effect = await this.training.set(fragmentsOf(read), restart);
    this.reading = read;
    this.prepare();
    const { data } = this.describe().config;
    if (data !== before) this.load(data);
    return { effect, notes, ...this.described() };
  }

  /** Details are of this lane from now on. @param {number} lane */
  async show(lane) {
    await this.training?.choose(lane);
  }

  play() {
    this.lab;
    this.training?.play((work) => this.exclusive(work));
    this.prepare();
  }

  async pause() {
    await this.training?.pause();
  }

  /** One batch, with everything about it measured. */
  async step() {
    this.lab;
    return this.training?.single();
  }

  async restart() {
    this.lab;
    await this.training?.restart();
    this.report("described", this.described());
    await this.training?.show();
  }

  /** Goes on from the last good state after a divergence. */
  async resume() {
    this.lab;
    await this.training?.resume();
    this.report("described", this.described());
  }

  /** @param {Watch} watch */
  async watch(watch) {
    this.watched = watch;
    await this.training?.watch(watch);
  }

  /** Trains on the user's files, or goes on from a weights file; when they are refused, the run goes on as it was. @param {File[]} files */
  async files(files) {
    await this.training?.settle(); // the last records are seen before the machine is busy with something else
    const weights = files.find(({ name }) => name.endsWith(".safetensors"));
    if (weights) await this.weights(weights);
    else await this.dataset(files);
    await this.training?.show();
    return this.described();
  }

  /** One network goes on from a file, with the settings that it was saved with. @param {File} file */
  async weights(file) {
    this.lab;
    const fragment = await this.training?.load(file.name, new Uint8Array(await file.arrayBuffer()));
    if (fragment !== undefined) this.reading = this.read(fragment);
  }

  /** @param {File[]} files */
  async dataset(files) {
    const dataset = await read({ files }, (progress) => this.report("progress", progress));
    this.lab;
    await this.training?.setDataset(dataset);
    this.download.abort();
  }

  /** The shown network as a weights file. */
  save() {
    this.lab;
    return this.training?.lanes.shown.lab.save();
  }

  /** A new device and the last saved weights; the data stays, and when there is no device, all stays. @param {string} fragment */
  async recover(fragment) {
    const read = this.read(fragment);
    this.training?.stop();
    if (this.training) await this.training.recover(fragmentsOf(read));
    else await this.create(read);
    return this.described();
  }

  prepare() {
    this.training?.prepare((work) => this.exclusive(work));
  }

  // ---- parts of commands ---------------------------------------------------------------------------------------

  /** @returns {Description} */
  describe() {
    return JSON.parse(this.lab.describe());
  }

  /** All lanes. @returns {import("../types.js").Described} */
  described() {
    const { fragment, lanes } = this.reading;
    const descriptions = this.training?.lanes.describe() ?? [];
    return { fragment, lanes: descriptions.map((describe, at) => ({ changes: lanes[at].changes, describe })) };
  }

  /** @param {import("../types.js").Read} read */
  async create(read) {
    this.download.abort();
    this.training?.close();
    this.training = null;
    const [first, ...others] = fragmentsOf(read);
    const lab = await this.module.Lab.create(first, (/** @type {any} */ receive) => startHelper(this.loaded, receive));
    this.training = new Training(lab, this.report, problem);
    this.training.watched = this.watched;
    if (others.length > 0) await this.training.set([first, ...others], false);
    this.reading = read;
    this.load(this.describe().config.data);
  }

  /** Adds a sheet as the browser decodes it, or, where that is not what was shipped, as our reader does. @param {string} index @param {string} file @param {Uint8Array} bytes */
  async add(index, file, bytes) {
    try {
      this.lab.add_sheet(index, file, await pixels(bytes));
    } catch {
      this.lab.add_sheet(index, file, await read({ sheet: { index, file, bytes } }));
    }
  }

  /** Fetches the built-in set; each shard waits its turn in the queue. @param {string} name */
  async load(name) {
    this.download.abort();
    this.download = new AbortController();
    const { signal } = this.download;
    const training = this.training;
    try {
      /** @type {(loaded: number, total: number) => void} */
      const progress = (loaded, total) => this.report("progress", { loaded, total, name });
      for await (const { index, file, bytes } of shards(name, progress, signal)) {
        if (signal.aborted || this.training !== training) return;
        await this.exclusive(async () => {
          if (signal.aborted || this.training !== training) return;
          await this.add(index, file, bytes);
          this.report("described", this.described());
          await training?.show();
        });
      }
    } catch (error) {
      if (!signal.aborted) this.report("data_problem", problem(error));
    }
  }
}

/** A lane each. @param {import("../types.js").Read} read */
const fragmentsOf = ({ lanes }) => lanes.map(({ fragment }) => fragment);
