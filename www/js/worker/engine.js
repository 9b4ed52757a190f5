// @ts-check
/** Owns the Rust engine: one command at a time, and between commands the training loop. */
import { settingsOf } from "./attributes.js";
import { languageOf } from "../kit/i18n.js";
import { fetchShards } from "./data.js";
import { Helpers } from "./helpers.js";
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

/** Longest time of drawing images between two turns of the training loop, ms, and images between two checks of the clock. */
const STRETCH = 40;
const PIECE = 10;
/** Billions of operations from which a step can take seconds, and the size of the matrices that measure the CPU. */
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
    /** An earlier visit's measurements of this machine's adapters. */
    this.adapters = "";
    /** @type {Training | null} */
    this.training = null;
    /** @type {Watch} */
    this.watched = { snapshot: false, batch: false, filters: false, maps: null, predict: null, unit: null, every: 0 };
    /** @type {Promise<unknown>} the end of the queue of all work on the lab */
    this.queue = Promise.resolve();
    /** The fragment that the lanes were made from. @type {import("./types.js").Read} */
    this.reading = { fragment: "", lanes: [], notes: [] };
    this.download = new AbortController();
    /** GFLOP/s of one worker on the CPU. @type {number | undefined} */
    this.speed = undefined;
  }

  /** Runs a command after all earlier ones. @param {string} name @param {unknown[]} args */
  async command(name, args) {
    if (!COMMANDS.includes(name)) throw { code: "unexpected", why: `no command ${name}` };
    // A pause must not wait for its turn in the queue.
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
   * @param {import("./module.js").Build} [build] for tests: overrides the choice of module
   * @param {string} [adapters] an earlier visit's measurements of this machine's adapters
   * @param {[string, string][]} [attributes] of the element; the fragment overrides them
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

  /** Parses a fragment. @param {string} fragment @returns {import("./types.js").Read} */
  read(fragment) {
    const known = fragment.replace(/(?<=(^|&)lang=)[^&]+/g, (tag) => languageOf(tag) ?? tag);
    return JSON.parse(/** @type {Glue} */ (this.module).read_state(known));
  }

  /** @param {string} fragment @param {boolean} restart @param {number} [gone] a removed lane */
  async set(fragment, restart, gone) {
    const read = this.read(fragment);
    const { notes } = read;
    if (!this.training) {
      // The last settings had no backend; these may have one.
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

  /** Shows the details of this lane from now on. @param {number} lane */
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

  /** Trains on one batch and measures everything that is watched. */
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

  /** Continues from the last good state after a divergence. */
  async resume() {
    this.lab;
    await this.training?.resume();
    this.report("described", this.described());
  }

  /** @param {Watch} watch */
  async watch(watch) {
    // Only the newest request counts, so views that are no longer wanted are not measured.
    if (this.training) this.training.watched = this.watched;
    if (watch === this.watched) await this.training?.watch(watch);
  }

  /** Trains on the user's files, or continues from a weights file; if they are refused, the run continues unchanged. @param {File[]} files */
  async files(files) {
    if (!this.training?.lost) await this.training?.settle(); // report the last records before the machine is busy otherwise
    const weights = files.find(({ name }) => name.endsWith(".safetensors"));
    if (weights) await this.weights(weights);
    else await this.dataset(files);
    await this.training?.show();
    return this.described();
  }

  /** One network continues from a file, with the settings saved in it. @param {File} file */
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

  /** Fetches missing parts of the built-in set again. */
  fetch() {
    this.load();
  }

  /** Sends the page a copy of all weights. */
  async keep() {
    await this.training?.save();
  }

  /** The shown network as a weights file. */
  save() {
    this.lab;
    return /** @type {Training} */ (this.training).lanes.shown.lab.save();
  }

  /**
   * A new device, of the fragment's kind, and the saved weights. The data stays; without a device, nothing changes.
   * @param {string} fragment @param {(Uint8Array | undefined)[]} saved of each lane; a lane without any starts again
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

  /** Seconds per step, estimated from the speed of a matrix product. On the CPU it is measured only for large networks. @param {Description[]} lanes */
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
    const helpers = new Helpers(this.loaded);
    // The first images arrive while kernels are compiled.
    this.begin(read.lanes[0].config.data);
    try {
      const lab = await /** @type {Glue} */ (this.module).Lab.create(first, (receive, part) => helpers.start(receive, part), this.adapters);
      this.training = new Training(lab, this.report, problem);
      this.training.watched = this.watched;
      if (others.length > 0) await this.training.set([first, ...others], false);
    } catch (error) {
      this.download.abort();
      throw error;
    }
    this.reading = read;
  }

  /** Begins with another data set. @param {string} [name] */
  begin(name) {
    this.report("missing", null);
    this.load(name);
  }

  /**
   * Adds a sheet as decoded by the browser, or, if that differs from the shipped pixels, by our reader.
   * @param {string} index @param {string} file @param {Uint8Array} bytes @param {Uint8Array | null} decoded
   */
  async add(index, file, bytes, decoded) {
    try {
      if (!decoded) throw decoded;
      this.lab.add_sheet(index, file, decoded);
    } catch {
      this.lab.add_sheet(index, file, await read({ sheet: { index, file, bytes } }));
    }
  }

  /** Loads the built-in set; each part waits for its turn in the queue. */
  async load(name = this.describe().config.data) {
    this.download.abort();
    this.download = new AbortController();
    const { signal } = this.download;
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
    const { train_arrived: train, test_arrived: test } = this.training ? this.describe().data : { train_arrived: 0, test_arrived: 0 };
    /** @param {string} index @param {string} file @param {Uint8Array} bytes */
    const add = async (index, file, bytes) => {
      const decoded = await pixels(bytes).catch(() => null);
      await this.exclusive(async () => {
        if (signal.aborted) return;
        await this.add(index, file, bytes, decoded);
        await this.arrived();
      });
    };
    return fetchShards(
      name,
      {
        arrived: { train, test },
        add,
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
    await this.training?.show().catch((error) => this.training?.fail(error)); // the images count even if they cannot be shown
  }

  /** Loading has failed. Without any images, the run switches to a data set that needs no download. @param {Problem} problem */
  async fallBack(problem) {
    const { data } = this.describe();
    if (data.source !== "builtin" || data.train_arrived > 0) throw problem;
    const read = this.read(`${this.reading.fragment}&data=toy`);
    await /** @type {Training} */ (this.training).set(fragmentsOf(read), true);
    this.reading = read;
    this.report("progress", { loaded: 0, total: 0 }); // the download is over
    this.report("missing", null);
    this.report("notes", [{ code: "no_photographs", file: problem.file, cause: problem.cause, status: problem.status, why: problem.why }]);
    this.report("described", this.described());
    this.load();
  }
}

/** One fragment per lane. @param {import("./types.js").Read} read */
const fragmentsOf = ({ lanes }) => lanes.map(({ fragment }) => fragment);
