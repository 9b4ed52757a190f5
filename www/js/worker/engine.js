// @ts-check
/** Owns the Rust engine: one command at a time, and between commands the training loop. */
import { settingsOf } from "./attributes.js";
import { languageOf } from "../kit/i18n.js";
import { fetchShards } from "./data.js";
import { startHelper } from "./helpers.js";
import { loadModule } from "./module.js";
import { problem } from "./problem.js";
import { pixels, read } from "./reading.js";
import { Throttle, nextTask } from "./rhythm.js";
import { Training } from "./training.js";

/**
 * @typedef {import("./types.js").Problem} Problem
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Watch} Watch
 * @typedef {import("./types.js").Report} Report
 * @typedef {import("./types.js").Glue} Glue
 */

/** Longest stretch of drawing images between two turns of the training loop, ms, and images between two looks at the clock. */
const STRETCH = 40;
const PIECE = 10;
/** Billions of operations from which a step can take seconds, and the side of the matrices by which the CPU is measured. */
const LARGE = 20;
const SIDE = 384;

const COMMANDS = ["open", "set", "play", "pause", "step", "restart", "resume", "watch", "show", "files", "fetch", "keep", "recover", "save"];

export class Engine {
  /** @param {Report} report */
  constructor(report) {
    this.report = report;
    /** @type {Glue | null} the wasm module's bindings */
    this.module = null;
    /** @type {import("./module.js").Loaded | null} */
    this.loaded = null;
    /** What an earlier visit measured of this machine's adapters. */
    this.adapters = "";
    /** @type {Training | null} */
    this.training = null;
    /** @type {Watch} */
    this.watched = { snapshot: false, batch: false, filters: false, maps: null, predict: null, unit: null, every: 0 };
    /** @type {Promise<unknown>} the end of the queue of everything that touches the lab */
    this.queue = Promise.resolve();
    /** What the lanes were made from. @type {import("./types.js").Read} */
    this.reading = { fragment: "", lanes: [], notes: [] };
    this.download = new AbortController();
    /** GFLOP/s of one worker on the CPU. @type {number | undefined} */
    this.speed = undefined;
  }

  /** Runs a command after those before it. @param {string} name @param {unknown[]} args */
  async command(name, args) {
    if (!COMMANDS.includes(name)) throw { code: "unexpected", why: `no command ${name}` };
    // Pausing must not wait for the loop's turn to see it.
    if (name === "pause" && this.training) this.training.running = false;
    if (name === "watch") this.watched = /** @type {Watch} */ (args[0]);
    return this.exclusive(() => /** @type {Record<string, (...args: unknown[]) => unknown>} */ (/** @type {unknown} */ (this))[name](...args)).catch(
      (error) => {
        if (this.training && problem(error).code === "device_lost") this.training.lost = true;
        throw error;
      },
    );
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
   * @param {[string, string][]} [attributes] of the element; the fragment goes over them
   */
  async open(fragment, build, adapters = "", attributes = []) {
    if (!this.module) {
      this.loaded = await loadModule(build);
      this.module = this.loaded.glue;
      this.adapters = adapters;
    }
    const schema = /** @type {import("./types.js").Setting[]} */ (JSON.parse(this.module.schema()));
    const read = this.read([...settingsOf(schema, attributes).map((pair) => pair.join("=")), fragment].join("&"));
    this.report("opened", { schema, ...read });
    await this.create(read);
    return this.described();
  }

  /** What a fragment says. @param {string} fragment @returns {import("./types.js").Read} */
  read(fragment) {
    const known = fragment.replace(/(?<=(^|&)lang=)[^&]+/g, (tag) => languageOf(tag) ?? tag);
    return JSON.parse(/** @type {Glue} */ (this.module).read_state(known));
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
    if (gone !== undefined) await this.training.end(gone);
    const { effect, emptied } = await this.training.set(fragmentsOf(read), restart);
    this.reading = read;
    this.prepare();
    if (emptied) this.begin();
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
    // The steps that follow are those of the newest one; what nobody wants to see any more is not measured.
    if (this.training) this.training.watched = this.watched;
    if (watch === this.watched) await this.training?.watch(watch);
  }

  /** Trains on the user's files, or goes on from a weights file; when they are refused, the run goes on as it was. @param {File[]} files */
  async files(files) {
    if (!this.training?.lost) await this.training?.settle(); // the last records are seen before the machine is busy with something else
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
    this.report("missing", null);
    const { notes } = /** @type {{notes: Problem[]}} */ (JSON.parse(dataset[0]));
    if (notes.length > 0) this.report("notes", notes);
  }

  /** What has not arrived of the built-in set, once more. */
  fetch() {
    this.load();
  }

  /** Gives the page a copy of all weights. */
  async keep() {
    await this.training?.save();
  }

  /** The shown network as a weights file. */
  save() {
    this.lab;
    return /** @type {Training} */ (this.training).lanes.shown.lab.save();
  }

  /**
   * A new device, where this fragment wants it, and the saved weights; the data stays, and when there is no device, all stays.
   * @param {string} fragment @param {(Uint8Array | undefined)[]} saved of each lane; where there are none it begins again
   */
  async recover(fragment, saved) {
    const read = this.read(fragment);
    this.training?.stop();
    if (this.training) await this.training.renew(read.lanes[0].config.backend);
    else await this.create(read);
    const training = /** @type {Training} */ (this.training);
    await training.restore(saved);
    const { emptied } = await training.set(fragmentsOf(read), false);
    this.reading = read;
    if (emptied) this.begin();
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

  /** All lanes. @returns {import("./types.js").Described} */
  described() {
    const { fragment, lanes } = this.reading;
    const descriptions = this.training?.lanes.describe() ?? [];
    return { fragment, lanes: descriptions.map((describe, at) => ({ changes: lanes[at].changes, describe })), seconds: this.estimate(descriptions) };
  }

  /** Seconds of a step by the speed of a product of matrices, which is measured on the CPU only when it matters. @param {Description[]} lanes */
  estimate(lanes) {
    const gigaflops = lanes.reduce((sum, { cost, config }) => sum + (2 * cost.training_macs * Number(config.batch)) / 1e9, 0);
    if (lanes.length === 0 || gigaflops < LARGE) return NaN;
    const { kernels, workers } = lanes[0].backend;
    this.speed ??= (2 * SIDE ** 3) / 1e6 / /** @type {Glue} */ (this.module).matrix_product(SIDE);
    return gigaflops / (kernels ? (kernels.measured?.[kernels.family] ?? NaN) : this.speed * workers);
  }

  /** @param {import("./types.js").Read} read */
  async create(read) {
    this.download.abort();
    this.training?.close();
    this.training = null;
    const [first, ...others] = fragmentsOf(read);
    const lab = await /** @type {Glue} */ (this.module).Lab.create(first, (receive) => startHelper(this.loaded, receive), this.adapters);
    this.training = new Training(lab, this.report, problem);
    this.training.watched = this.watched;
    if (others.length > 0) await this.training.set([first, ...others], false);
    this.reading = read;
    this.begin();
  }

  /** Another data set. */
  begin() {
    this.report("missing", null);
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
  photographs(name, signal) {
    const { train_arrived: train, test_arrived: test } = this.describe().data;
    /** @param {string} index @param {string} file @param {Uint8Array} bytes */
    const add = async (index, file, bytes) => {
      if (signal.aborted) return;
      await this.add(index, file, bytes);
      await this.arrived();
    };
    return fetchShards(
      name,
      {
        arrived: { train, test },
        add: (index, file, bytes) => this.exclusive(() => add(index, file, bytes)),
        progress: (loaded, total) => this.report("progress", { loaded, total, name }),
        missing: (problem) => this.report("missing", problem),
      },
      signal,
    );
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
    this.report("described", this.described());
    await this.training?.show().catch((error) => this.training?.fail(error)); // they are here, even where nothing can be shown of them
  }

  /** The images have ended with a problem; when there are none at all, the run goes over to those that need no download. @param {Problem} problem */
  async fallBack(problem) {
    const { data } = this.describe();
    if (data.source !== "builtin" || data.train_arrived > 0) throw problem;
    const read = this.read(`${this.reading.fragment}&data=toy`);
    await /** @type {Training} */ (this.training).set(fragmentsOf(read), true);
    this.reading = read;
    this.report("progress", { loaded: 0, total: 0 }); // no more
    this.report("missing", null);
    this.report("notes", [{ code: "no_photographs", file: problem.file, cause: problem.cause, status: problem.status, why: problem.why }]);
    this.report("described", this.described());
    this.load();
  }
}

/** A lane each. @param {import("./types.js").Read} read */
const fragmentsOf = ({ lanes }) => lanes.map(({ fragment }) => fragment);
