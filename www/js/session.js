// @ts-check
/** The only module that knows the worker: commands go in, one `change` event comes out, `state` says all. */
import { keep, recall } from "./adapters.js";
import { Workers } from "./workers.js";

/**
 * @typedef {import("./types.js").Description} Description
 * @typedef {import("./types.js").Problem} Problem
 * @typedef {import("./types.js").Watch} Watch
 *
 * @typedef {object} State
 * @property {import("./types.js").Phase} phase
 * @property {boolean} wanted the user wants it to train
 * @property {boolean} visible training is allowed: the document is visible and the element in view
 * @property {boolean} busy a command that takes a while is under way
 * @property {boolean} reading that command reads the user's files
 * @property {import("./types.js").Setting[]} schema
 * @property {Record<string, string>} config
 * @property {string} fragment
 * @property {Description | null} describe
 * @property {Problem[]} notes
 * @property {Problem | null} problem why the lab failed or the last command was refused
 * @property {import("./types.js").Divergence | null} divergence
 * @property {{key: string, step: number} | null} stopped the setting that stopped the run, and where
 * @property {import("./types.js").Progress | null} progress
 * @property {number} step steps done
 * @property {number} loss of the last step
 * @property {number} accuracy
 * @property {number} milliseconds a step
 * @property {import("./types.js").Evaluation | null} evaluation
 * @property {number} run counts the starts from initial weights: curves begin anew
 *
 * @typedef {"state" | "mark" | "records" | "snapshot" | "evaluation" | "batch" | "filters" | "predictions" | "maps"} Kind
 */

/** `?simd=simd128` in the page's address, for tests and the benchmark: that module, even where the browser takes a faster one. */
const BUILD = new URLSearchParams(location.search).get("simd") === "simd128" ? "simd128" : undefined;

export class Session extends EventTarget {
  /** @param {string} fragment */
  constructor(fragment) {
    super();
    /** @type {State} */
    this.state = {
      phase: "loading", wanted: false, visible: true, busy: true, reading: false,
      schema: [], config: {}, fragment, describe: null, notes: [], problem: null, divergence: null, stopped: null, progress: null,
      step: 0, loss: NaN, accuracy: NaN, milliseconds: NaN, evaluation: null, run: 0,
    };
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = (event) => this.receive(event.data);
    this.worker.onerror = (event) => this.fail({ code: "unexpected", why: event.message || "worker" });
    this.workers = new Workers();
    /** @type {Map<number, {resolve: (value: any) => void, reject: (problem: Problem) => void}>} */
    this.pending = new Map();
    this.lastId = 0;
    /** True while the worker trains. */
    this.training = false;
    /** Changes of settings that the worker has not answered yet. */
    this.changing = 0;
  }

  // ---- commands ------------------------------------------------------------------------------------------------

  async open() {
    await this.attempt(async () => {
      const { describe } = await this.send("open", this.state.fragment, BUILD, recall());
      this.described(describe);
      this.patch({ phase: "ready" });
      this.drive();
    });
  }

  /**
   * Changes settings by key. Weights go on where the change allows it, unless `restart`.
   * @param {Record<string, string>} changes
   * @param {boolean} [restart]
   */
  async set(changes, restart = false) {
    const effects = Object.keys(changes).map((key) => this.setting(key)?.effect);
    const pairs = Object.entries({ ...this.state.config, ...changes });
    // Seen at once, confirmed by the answer.
    this.patch({ config: Object.fromEntries(pairs), busy: effects.some((effect) => effect !== "view" && effect !== "live") });
    await this.adopt(pairs.map(([key, value]) => `${key}=${value}`).join("&"), restart);
  }

  /** Takes a whole fragment, as the address bar gives it. @param {string} fragment */
  async setFragment(fragment) {
    await this.adopt(fragment, false);
  }

  /** @param {string} fragment @param {boolean} restart */
  async adopt(fragment, restart) {
    this.changing += 1;
    let answer;
    await this.attempt(async () => {
      answer = await this.send("set", fragment, restart);
    });
    this.changing -= 1;
    if (answer) this.adopted(answer, restart);
    // A refused change must not stay on the page.
    else if (this.state.describe && this.changing === 0) this.patch({ config: this.state.describe.config });
  }

  /** @param {{effect: string, describe: Description, notes: Problem[]}} answer @param {boolean} restart */
  adopted({ effect, describe, notes }, restart) {
    const before = this.state.describe?.config ?? {};
    const again = effect === "restart" || restart;
    if (again) this.again();
    this.described(describe);
    this.patch({ notes: notes.length > 0 ? notes : this.state.notes, problem: null });
    if (["failed", "loading"].includes(this.state.phase)) this.patch({ phase: "ready" });
    // What changes the curves.
    const marked = (/** @type {string} */ key) => this.setting(key)?.effect !== "view" && !key.startsWith("stop_");
    const changed = Object.keys(describe.config).filter((key) => before[key] !== describe.config[key] && marked(key));
    if (!again && changed.length > 0) this.emit("mark", { step: this.state.step, changes: changed.map((key) => [key, describe.config[key]]) });
    if (this.state.phase === "diverged" && ["rebuild", "restart"].includes(effect)) this.patch({ phase: "paused", divergence: null });
    this.drive();
  }

  play() {
    if (this.state.phase === "diverged") return void this.resume({});
    if (this.state.wanted || ["failed", "lost"].includes(this.state.phase)) return;
    this.patch({ wanted: true, problem: null, stopped: null });
    this.drive();
  }

  pause() {
    this.patch({ wanted: false });
    this.drive();
  }

  async step() {
    this.pause();
    if (!["ready", "paused", "waiting"].includes(this.state.phase)) return;
    await this.attempt(async () => {
      const done = await this.send("step");
      if (this.state.phase !== "diverged") this.patch({ phase: done ? "paused" : "waiting" });
    });
  }

  /** Step 0 again, from the same initial weights. */
  async restart() {
    await this.attempt(async () => {
      await this.send("restart");
      this.again();
      this.patch({ phase: "ready", divergence: null, problem: null });
      this.training = false;
      this.drive();
    });
  }

  /** After a divergence: goes on from the last good state. @param {Record<string, string>} changes */
  async resume(changes) {
    await this.attempt(async () => {
      await this.send("resume");
      this.patch({ phase: "paused", divergence: null });
    });
    if (Object.keys(changes).length > 0) await this.set(changes);
    this.play();
  }

  /** After a lost device. */
  async recover() {
    this.patch({ phase: "compiling", problem: null });
    await this.attempt(async () => {
      const { describe } = await this.send("recover", this.state.fragment);
      this.described(describe);
      this.patch({ phase: "paused", step: describe.step });
      this.training = false;
      this.drive();
    });
    this.patch({ progress: null });
    if (this.state.phase === "compiling") this.patch({ phase: "lost" }); // it can be tried again
  }

  /** Images or weights; the worker reads them. @param {File[]} files */
  async loadFiles(files) {
    this.patch({ reading: true, problem: null });
    await this.attempt(async () => {
      const { describe } = await this.send("files", files);
      this.again();
      this.described(describe);
      this.patch({ phase: "ready" });
      this.training = false;
      this.drive();
    });
    this.patch({ reading: false, progress: null });
  }

  /** The run as a weights file. @returns {Promise<Uint8Array>} */
  save() {
    return this.send("save");
  }

  /** From the built-in data set again. */
  async reopen() {
    this.training = false;
    this.again();
    this.patch({ describe: null, phase: "compiling", problem: null });
    await this.open();
  }

  /** @param {boolean} visible */
  setVisible(visible) {
    if (visible === this.state.visible) return;
    this.patch({ visible });
    this.drive();
  }

  /** @param {Watch} watch */
  async watch(watch) {
    await this.attempt(() => this.send("watch", watch), true);
  }

  /** @param {Problem | null} problem */
  setProblem(problem) {
    this.patch({ problem });
  }

  dismissNotes() {
    this.patch({ notes: [] });
  }

  close() {
    this.worker.terminate();
    this.workers.close();
  }

  // ---- the inside ----------------------------------------------------------------------------------------------

  /** Makes the worker do what is wanted and allowed. */
  drive() {
    const { phase, wanted, visible, describe } = this.state;
    const should = wanted && visible && describe !== null && ["ready", "paused", "running", "waiting"].includes(phase);
    if (should === this.training) return;
    this.training = should;
    this.attempt(() => this.send(should ? "play" : "pause"), true);
    if (should) this.patch({ phase: "running" });
    else if (phase === "running" || phase === "waiting") this.patch({ phase: "paused" });
  }

  /** @param {string} key */
  setting(key) {
    return this.state.schema.find((setting) => setting.key === key);
  }

  /** Runs a command and turns what it throws into the state's problem. @param {() => Promise<unknown>} work @param {boolean} [quiet] */
  async attempt(work, quiet = false) {
    if (!quiet) this.patch({ busy: true });
    try {
      await work();
    } catch (error) {
      const problem = /** @type {Problem} */ (error);
      if (problem.code === "device_lost") this.lost(problem);
      else if (!this.state.describe) this.fail(problem);
      else this.patch({ problem });
    } finally {
      if (!quiet) this.patch({ busy: false });
    }
  }

  /** @param {string} command @param {...any} args @returns {Promise<any>} */
  send(command, ...args) {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage({ id, command, args });
    });
  }

  /** @param {any} message */
  receive({ id, result, problem, event, detail }) {
    if (id !== undefined) {
      const waiting = this.pending.get(id);
      this.pending.delete(id);
      if (problem) waiting?.reject(problem);
      else waiting?.resolve(result);
      return;
    }
    switch (event) {
      case "worker":
        return this.workers.start(detail);
      case "opened":
        return this.patch({ schema: detail.schema, config: detail.config, fragment: detail.fragment, notes: detail.notes, phase: "compiling" });
      case "described":
        return this.described(detail);
      case "progress":
        return this.patch({ progress: detail.loaded < detail.total ? detail : null });
      case "data_problem":
        return this.patch({ problem: detail, progress: null });
      case "waiting":
        return this.state.phase === "running" ? this.patch({ phase: "waiting" }) : undefined;
      case "notes":
        return this.patch({ notes: [...this.state.notes, ...detail] });
      case "records":
        return this.recorded(detail);
      case "diverged":
        this.training = false;
        return this.patch({ phase: "diverged", wanted: false, divergence: detail });
      case "lost":
        return this.lost(detail);
      case "stopped":
        this.training = false;
        return this.patch({ phase: "paused", wanted: false, stopped: detail });
      case "failed":
        this.training = false;
        return this.patch({ phase: "paused", wanted: false, problem: detail });
      case "evaluation":
        this.state.evaluation = detail;
        return this.emit("evaluation", detail);
      default:
        return this.emit(event, detail);
    }
  }

  /** @param {{rows: Float64Array, milliseconds: number}} records */
  recorded({ rows, milliseconds }) {
    const [step, loss, accuracy] = rows.subarray(-3);
    // A record names the step it was; counted are the steps done.
    Object.assign(this.state, { step: Number.isNaN(loss) ? step : step + 1, loss, accuracy, milliseconds });
    if (this.state.phase === "waiting" && this.training) this.patch({ phase: "running" });
    this.emit("records", rows);
  }

  /** @param {Description} describe */
  described(describe) {
    keep(describe.adapters);
    const step = this.training ? this.state.step : describe.step; // the worker is ahead of the records
    this.patch({ describe, step });
    // While a change is on its way, what is shown is newer than what is described.
    if (this.changing === 0) this.patch({ config: describe.config, fragment: describe.fragment });
  }

  again() {
    this.patch({ run: this.state.run + 1, step: 0, loss: NaN, accuracy: NaN, evaluation: null, divergence: null });
    if (this.state.phase === "diverged" || this.state.phase === "paused") this.patch({ phase: "ready" });
  }

  /** @param {Problem} problem */
  lost(problem) {
    this.training = false;
    this.patch({ phase: "lost", problem });
  }

  /** @param {Problem} problem */
  fail(problem) {
    this.training = false;
    this.patch({ phase: "failed", problem, busy: false, wanted: false });
  }

  /** @param {Partial<State>} part */
  patch(part) {
    Object.assign(this.state, part);
    this.emit("state");
  }

  /** @param {Kind} kind @param {any} [detail] */
  emit(kind, detail) {
    this.dispatchEvent(new CustomEvent("change", { detail: { kind, detail } }));
  }
}
