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
 * @property {Lane[]} lanes networks side by side, at least one; `config`, `describe`, `step`, `loss`, `accuracy`, `evaluation` and `divergence`
 *   above are those of the shown one
 * @property {number} shown which lane the details are of
 *
 * @typedef {object} Lane
 * @property {number} id stays when others are taken away or change
 * @property {Record<string, string>} changes settings by which it differs from the first
 * @property {Record<string, string>} config
 * @property {Description | null} describe
 * @property {number} step
 * @property {number} loss
 * @property {number} accuracy
 * @property {import("./types.js").Evaluation | null} evaluation
 * @property {import("./types.js").Divergence | null} divergence
 *
 * @typedef {"state" | "mark" | "records" | "snapshot" | "evaluation" | "batch" | "filters" | "predictions" | "maps" | "unit"} Kind
 */

/** `?simd=simd128` in the page's address, for tests and the benchmark: that module, even where the browser takes a faster one. */
const BUILD = new URLSearchParams(location.search).get("simd") === "simd128" ? "simd128" : undefined;

let made = 0;
/** @param {Record<string, string>} [config] @param {Record<string, string>} [changes] @returns {Lane} */
const newLane = (config = {}, changes = {}) => ({ id: made++, changes, config, describe: null, step: 0, loss: NaN, accuracy: NaN, evaluation: null, divergence: null });

export class Session extends EventTarget {
  /** @param {string} fragment */
  constructor(fragment) {
    super();
    /** @type {State} */
    this.state = {
      phase: "loading", wanted: false, visible: true, busy: true, reading: false,
      schema: [], config: {}, fragment, describe: null, notes: [], problem: null, divergence: null, stopped: null, progress: null,
      step: 0, loss: NaN, accuracy: NaN, milliseconds: NaN, evaluation: null, run: 0,
      lanes: [newLane()], shown: 0,
    };
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = (event) => this.receive(event.data);
    this.worker.onerror = (event) => this.fail({ code: "unexpected", why: event.message || "worker" });
    this.workers = new Workers((message, transfer = []) => this.worker.postMessage(message, transfer));
    /** @type {Map<number, {resolve: (value: any) => void, reject: (problem: Problem) => void}>} */
    this.pending = new Map();
    this.lastId = 0;
    /** True while the worker trains. */
    this.training = false;
    /** Changes of settings that the worker has not answered yet. */
    this.changing = 0;
    /** What the worker has said last. @type {import("./types.js").Described} */
    this.confirmed = { fragment, lanes: [] };
  }

  // ---- commands ------------------------------------------------------------------------------------------------

  async open() {
    await this.attempt(async () => {
      this.described(await this.send("open", this.state.fragment, BUILD, recall()));
      this.patch({ phase: "ready" });
      this.drive();
    });
  }

  /**
   * Changes settings by key. Those in which lanes may differ are changed in one of them, and the others keep what they have; what they
   * have in common is changed in all. `lane2` to `lane4` are what that lane changes, as in a link. Weights go on where the change
   * allows it, unless `restart`.
   * @param {Record<string, string>} changes
   * @param {boolean} [restart]
   * @param {number | "all"} [of] the lane, the shown one unless said
   */
  async set(changes, restart = false, of = this.state.shown) {
    const { lanes, shown } = this.state;
    const effects = Object.keys(changes).map((key) => this.setting(key)?.effect);
    const entries = Object.entries(changes);
    const lists = entries.filter(([key]) => /^lane\d$/.test(key));
    const settings = entries.filter(([key]) => !/^lane\d$/.test(key));
    const common = settings.filter(([key]) => !this.setting(key)?.lane);
    const configs = lanes.map(({ config }, at) => ({ ...config, ...Object.fromEntries(of === "all" || of === at ? settings : common) }));
    const each = configs.map((config) => Object.fromEntries(Object.entries(config).filter(([key, value]) => configs[0][key] !== value)));
    // Seen at once, confirmed by the answer.
    this.patch({ lanes: lanes.map((lane, at) => ({ ...lane, changes: each[at], config: configs[at] })) });
    this.patch({ config: configs[shown], busy: effects.some((effect) => effect !== "view" && effect !== "live") });
    // Of a lane that is said twice, the last word holds.
    await this.adopt([fragmentOf(configs[0], each.slice(1)), ...lists.map((list) => list.join("="))].join("&"), restart);
  }

  /** Another network beside the others, all from step 0; it is shown next. @param {Record<string, string>} changes to the first one */
  async addLane(changes) {
    const { lanes } = this.state;
    this.pause();
    await this.adopt(fragmentOf(lanes[0].config, [...lanes.slice(1).map((lane) => lane.changes), changes]), false);
    if (this.state.lanes.length > lanes.length) await this.show(lanes.length);
  }

  /** The others go on. @param {number} lane not the first */
  async removeLane(lane) {
    const { lanes } = this.state;
    await this.show(0);
    await this.adopt(fragmentOf(lanes[0].config, lanes.filter((_, at) => at > 0 && at !== lane).map(({ changes }) => changes)), false, lane);
  }

  /** Details are of this lane from now on. @param {number} lane */
  async show(lane) {
    if (lane === this.state.shown || !this.state.lanes[lane]) return;
    this.patch({ shown: lane, ...this.shownLane(lane) });
    await this.attempt(() => this.send("show", lane), true);
  }

  /** @param {number} at */
  shownLane(at) {
    const { changes: _, id: __, ...lane } = this.state.lanes[at];
    return lane;
  }

  /** Takes a whole fragment, as the address bar gives it. @param {string} fragment */
  async setFragment(fragment) {
    await this.adopt(fragment, false);
  }

  /** @param {string} fragment @param {boolean} restart @param {number} [gone] a lane that is no more */
  async adopt(fragment, restart, gone) {
    this.changing += 1;
    let answer;
    await this.attempt(async () => {
      answer = await this.send("set", fragment, restart, gone);
    });
    this.changing -= 1;
    if (answer && gone !== undefined) this.state.lanes = this.state.lanes.filter((_, at) => at !== gone);
    if (answer) this.adopted(answer, restart);
    // A refused change must not stay on the page.
    else if (this.state.describe && this.changing === 0) this.described(this.confirmed);
  }

  /** @param {import("./types.js").Described & {effect: string, notes: Problem[]}} answer @param {boolean} restart */
  adopted({ effect, notes, ...described }, restart) {
    const before = this.confirmed.lanes.map(({ describe }) => describe.config);
    const again = effect === "restart" || restart;
    if (again) this.again();
    this.described(described);
    this.patch({ notes: notes.length > 0 ? notes : this.state.notes, problem: null });
    if (["failed", "loading"].includes(this.state.phase)) this.patch({ phase: "ready" });
    if (!again && before.length === described.lanes.length) this.markChanges(before);
    if (this.state.phase === "diverged" && ["rebuild", "restart"].includes(effect)) this.patch({ phase: "paused", divergence: null });
    this.drive();
  }

  /** Tells what was switched while it trains. @param {Record<string, string>[]} before settings of each lane */
  markChanges(before) {
    this.state.lanes.forEach(({ step }, lane) => {
      // As the engine has them; what is shown may be newer.
      const { config } = this.confirmed.lanes[lane].describe;
      const marked = (/** @type {string} */ key) => this.setting(key)?.effect !== "view" && !key.startsWith("stop_");
      const changed = Object.keys(config).filter((key) => before[lane][key] !== config[key] && marked(key));
      if (changed.length > 0) this.emit("mark", { step, changes: changed.map((key) => [key, config[key], before[lane][key]]) }, lane);
    });
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
      this.patch({ divergence: null, lanes: this.state.lanes.map((lane) => ({ ...lane, divergence: null })) });
      if (this.state.phase === "diverged") this.patch({ phase: "paused" });
    });
    if (Object.keys(changes).length > 0) await this.set(changes);
    this.play();
  }

  /** After a lost device. */
  async recover() {
    this.patch({ phase: "compiling", problem: null });
    await this.attempt(async () => {
      this.described(await this.send("recover", this.state.fragment));
      this.patch({ phase: "paused" });
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
      const described = await this.send("files", files);
      this.again();
      this.described(described);
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
    this.patch({ describe: null, shown: 0, phase: "compiling", problem: null });
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
        return this.workers.receive(detail);
      case "opened":
        this.state.lanes = detail.lanes.map((/** @type {Lane} */ { config, changes }) => newLane(config, changes));
        return this.patch({ schema: detail.schema, config: detail.lanes[0].config, fragment: detail.fragment, notes: detail.notes, phase: "compiling" });
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
        return this.diverged(detail);
      case "lost":
        return this.lost(detail);
      case "stopped":
        this.training = false;
        return this.patch({ phase: "paused", wanted: false, stopped: detail });
      case "failed":
        this.training = false;
        return this.patch({ phase: "paused", wanted: false, problem: detail });
      case "evaluation":
        this.learn(detail.lane, { evaluation: detail });
        return this.emit(event, detail, detail.lane);
      default:
        return this.emit(event, detail, detail.lane);
    }
  }

  /** @param {{lane: number, rows: Float64Array, milliseconds: number}} records */
  recorded({ lane, rows, milliseconds }) {
    const [step, loss, accuracy] = rows.subarray(-3);
    // A record names the step it was; counted are the steps done.
    this.learn(lane, { step: Number.isNaN(loss) ? step : step + 1, loss, accuracy });
    this.state.milliseconds = milliseconds;
    if (this.state.phase === "waiting" && this.training) this.patch({ phase: "running" });
    this.emit("records", rows, lane);
  }

  /** @param {{lane: number, divergence: import("./types.js").Divergence, all: boolean}} diverged */
  diverged({ lane, divergence, all }) {
    this.learn(lane, { divergence });
    if (!all) return this.patch({});
    this.training = false;
    this.patch({ phase: "diverged", wanted: false, divergence: this.state.lanes[this.state.shown].divergence ?? divergence });
  }

  /** What is new of a lane. @param {number} at @param {Partial<Lane>} news */
  learn(at, news) {
    const lane = this.state.lanes[at];
    if (!lane) return; // it was taken away meanwhile
    Object.assign(lane, news);
    if (at === this.state.shown) Object.assign(this.state, news);
  }

  /** @param {import("./types.js").Described} described */
  described(described) {
    this.confirmed = described;
    // The worker is ahead of the records; and while a change is on its way, what is shown is newer than what is described.
    const lanes = described.lanes.map(({ changes, describe }, at) => {
      const lane = this.state.lanes[at] ?? newLane(describe.config, changes);
      const settings = this.changing === 0 ? { changes, config: describe.config } : {};
      return { ...lane, ...settings, describe, step: this.training ? lane.step : describe.step };
    });
    keep(described.lanes[0].describe.adapters);
    const shown = Math.min(this.state.shown, lanes.length - 1);
    this.state.lanes = lanes;
    this.patch({ shown, ...this.shownLane(shown), fragment: this.changing === 0 ? described.fragment : this.state.fragment });
  }

  again() {
    const start = { step: 0, loss: NaN, accuracy: NaN, evaluation: null, divergence: null };
    this.patch({ run: this.state.run + 1, ...start, lanes: this.state.lanes.map((lane) => ({ ...lane, ...start })) });
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

  /** @param {Kind} kind @param {any} [detail] @param {number} [lane] */
  emit(kind, detail, lane = 0) {
    this.dispatchEvent(new CustomEvent("change", { detail: { kind, detail, lane } }));
  }
}

/** @param {Record<string, string>} first settings of the first lane @param {Record<string, string>[]} others how the others differ */
function fragmentOf(first, others) {
  const pairs = Object.entries(first).map(([key, value]) => `${key}=${value}`);
  const lanes = others.map((changes, at) => `lane${at + 2}=${Object.entries(changes).map((change) => change.join(":")).join()}`);
  return [...pairs, ...lanes].join("&");
}
