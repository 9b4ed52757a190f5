// @ts-check
/** Owns the Rust engine: one command at a time, and between commands the training loop. */
import { shards } from "./data.js";
import { startHelper } from "./helpers.js";
import { loadModule } from "./module.js";
import { problem } from "./problem.js";
import { pixels, read } from "./reading.js";
import { Throttle, nextTask } from "./rhythm.js";
import { Training } from "./training.js";

/**
 * @typedef {import("../types.js").Problem} Problem
 * @typedef {import("../types.js").Description} Description
 * @typedef {import("../types.js").Watch} Watch
 * @typedef {(event: string, detail?: any, transfer?: Transferable[]) => void} Report
 */

/** Longest stretch of drawing images between two turns of the training loop, ms, and images between two looks at the clock. */
const STRETCH = 40;
const PIECE = 10;

const COMMANDS = ["open", "set", "play", "pause", "step", "restart", "resume", "watch", "files", "recover"];

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
    return this.training.lab;
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
    const read = JSON.parse(this.module.read_state(fragment));
    this.report("opened", { schema: JSON.parse(this.module.schema()), ...read });
    await this.create(read.fragment);
    return { describe: this.training?.describe() };
  }

  /** @param {string} fragment @param {boolean} restart */
  async set(fragment, restart) {
    if (!this.training) {
      // The last state had no backend; this one may have.
      const { notes, ...read } = JSON.parse(this.module.read_state(fragment));
      await this.create(read.fragment);
      return { effect: "restart", notes, describe: this.describe() };
    }
    const answer = await this.training.set(fragment, restart);
    this.prepare();
    if (answer.emptied) this.load();
    return answer;
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
    await this.lab.restart();
    this.training?.begin(true);
    this.report("described", this.describe());
    await this.training?.show();
  }

  /** Goes on from the last good state after a divergence. */
  async resume() {
    await this.lab.resume();
    this.report("described", this.describe());
    this.training?.begin();
  }

  /** @param {Watch} watch */
  async watch(watch) {
    this.watched = watch;
    await this.training?.watch(watch);
  }

  /** Trains on the user's files; when they are refused, the run goes on as it was. @param {File[]} files */
  async files(files) {
    await this.training?.settle(); // the last records are seen before the machine is busy with something else
    const dataset = await read({ files }, (progress) => this.report("progress", progress));
    const describe = JSON.parse(await this.lab.set_dataset(...dataset));
    this.download.abort();
    this.training?.begin(true);
    await this.training?.show();
    return { describe };
  }

  /** A new device and the last saved weights; the data stays, and when there is no device, all stays. @param {string} fragment */
  async recover(fragment) {
    this.training?.stop();
    if (this.training) await this.lab.set(fragment, true);
    else await this.create(fragment);
    const saved = this.training?.saved;
    if (saved) await this.lab.load("autosave.safetensors", saved);
    this.training?.begin();
    return { describe: this.describe() };
  }

  prepare() {
    this.training?.prepare((work) => this.exclusive(work));
  }

  // ---- parts of commands ---------------------------------------------------------------------------------------

  /** @returns {Description} */
  describe() {
    return JSON.parse(this.lab.describe());
  }

  /** @param {string} fragment */
  async create(fragment) {
    this.download.abort();
    this.training?.close();
    this.training = null;
    const lab = await this.module.Lab.create(fragment, (/** @type {any} */ receive) => startHelper(this.loaded, receive));
    this.training = new Training(lab, this.report, problem);
    this.training.watched = this.watched;
    this.load();
  }

  /** Adds a sheet as the browser decodes it, or, where that is not what was shipped, as our reader does. @param {string} index @param {string} file @param {Uint8Array} bytes */
  async add(index, file, bytes) {
    try {
      this.lab.add_sheet(index, file, await pixels(bytes));
    } catch {
      this.lab.add_sheet(index, file, await read({ sheet: { index, file, bytes } }));
    }
  }

  /** Gets the built-in set; each part waits its turn in the queue. */
  async load() {
    this.download.abort();
    this.download = new AbortController();
    const { signal } = this.download;
    const { data: name } = this.describe().config;
    try {
      if (name === "toy") await this.draw(signal);
      else await this.photographs(name, signal);
    } catch (error) {
      const fail = (/** @type {unknown} */ why) => this.report("data_problem", problem(why));
      await this.exclusive(async () => {
        if (!signal.aborted) await this.fallBack(problem(error));
      }).catch(fail);
    }
  }

  /** @param {string} name @param {AbortSignal} signal */
  async photographs(name, signal) {
    /** @type {(loaded: number, total: number) => void} */
    const progress = (loaded, total) => this.report("progress", { loaded, total, name });
    for await (const { index, file, bytes } of shards(name, progress, signal)) {
      if (signal.aborted) return;
      await this.exclusive(async () => {
        if (signal.aborted) return;
        await this.add(index, file, bytes);
        await this.arrived();
      });
    }
  }

  /** Has the engine draw images, between two turns of the training loop. @param {AbortSignal} signal */
  async draw(signal) {
    const reports = new Throttle(500, 0.1);
    const part = async () => {
      if (signal.aborted) return 0;
      const start = performance.now();
      let left;
      do left = this.lab.add_generated(PIECE);
      while (left > 0 && performance.now() < start + STRETCH);
      if (left > 0 && !reports.due(start)) return left;
      const drawn = performance.now();
      await this.arrived();
      reports.ran(drawn, performance.now());
      return left;
    };
    while ((await this.exclusive(part)) > 0) await nextTask(); // lets messages in
  }

  /** Images have been added. */
  async arrived() {
    this.report("described", this.describe());
    await this.training?.show();
  }

  /** The images have ended with a problem; when there are none at all, the run goes over to those that need no download. @param {Problem} problem */
  async fallBack(problem) {
    const { fragment, data } = this.describe();
    if (data.source !== "builtin" || data.train_arrived > 0) throw problem;
    const { describe } = await /** @type {Training} */ (this.training).set(`${fragment}&data=toy`, true);
    this.report("progress", { loaded: 0, total: 0 }); // no more
    this.report("notes", [{ code: "no_photographs", why: [problem.file, problem.why ?? problem.code].filter(Boolean).join(": ") }]);
    this.report("described", describe);
    this.load();
  }
}
