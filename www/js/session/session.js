// @ts-check
/** The only module that knows the worker: commands go in, one `change` event comes out, `state` says all. */
import { problem } from "../worker/problem.js";
import { keep, recall } from "./adapters.js";
import { isLane } from "../worker/attributes.js";
import { Line } from "./line.js";
import { LOST, PAUSES, recover } from "./recovery.js";
import { START, firstState, fragmentOf, newLane, pairsOf } from "./state.js";

/**
 * @typedef {import("../worker/types.js").Problem} Problem
 * @typedef {import("../worker/types.js").Watch} Watch
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Lane} Lane
 * @typedef {import("./state.js").Kind} Kind
 * @typedef {import("../worker/types.js").Described} Described
 * @typedef {import("./line.js").Command} Command
 * @typedef {import("./line.js").Engine} Engine
 * @typedef {Awaited<ReturnType<Engine["set"]>>} Answer to a changed fragment
 */

/** `?simd=simd128` in the page's address, for tests and the benchmark: that module, even where the browser takes a faster one. */
const BUILD = new URLSearchParams(location.search).get("simd") === "simd128" ? "simd128" : undefined;

/** What a command ends with when the session does first. Nobody is told: the lab is gone. */
const CLOSED = { code: "closed" };

export class Session extends EventTarget {
  /** @param {string} fragment of the address @param {[string, string][]} [attributes] the element's, which the fragment goes over */
  constructor(fragment, attributes = []) {
    super();
    this.attributes = attributes;
    this.state = firstState(fragment);
    /** @type {Line} */
    this.line = this.connect();
    this.closed = false;
    /** Files that the images come from. @type {File[] | null} */
    this.files = null;
    /** When there was news last. */
    this.since = performance.now();
    this.clock = setInterval(() => this.tick(), 1000);
    /** True while the worker trains. */
    this.training = false;
    /** Changes of settings that the worker has not answered yet. */
    this.changing = 0;
    /** What the worker has said last. @type {Described} */
    this.confirmed = { fragment, lanes: [] };
    /** What settings are changed after: the link has been read, and whole fragments are answered. @type {Promise<unknown>} */
    this.turn = this.opened;
  }

  /** Resolves once the state is so, or the session has ended. @param {(state: State) => boolean} test @returns {Promise<void>} */
  until(test) {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.closed && !test(this.state)) return;
        this.removeEventListener("change", look);
        resolve();
      };
      this.addEventListener("change", look);
      look();
    });
  }

  /** The engine has read the link, so that schema and settings are there; or it cannot. */
  get opened() {
    return this.until(({ phase }) => this.known || phase === "failed");
  }

  /** The engine has answered every change. */
  get settled() {
    return this.turn.then(() => this.until(({ phase }) => this.changing === 0 || phase === "failed"));
  }

  get known() {
    return this.state.schema.length > 0;
  }

  /** Another worker. @returns {Line} */
  connect() {
    this.line?.close();
    return (this.line = new Line(
      (reported) => this.report(reported),
      (problem) => this.ended(problem),
    ));
  }

  // ---- commands ------------------------------------------------------------------------------------------------

  async open() {
    await this.attempt(async () => {
      this.described(await this.start());
      this.patch({ phase: "ready" });
      this.drive();
    });
  }

  /** Has the worker make the engine; what cannot be fetched is asked for again, by a new worker. @param {string} [fragment] @returns {Promise<Described>} */
  async start(fragment = this.state.fragment) {
    for (let tries = 0; ; tries++) {
      try {
        return await this.send("open", fragment, BUILD, recall(), this.attributes);
      } catch (error) {
        if (/** @type {Problem} */ (error).code !== "download" || tries === PAUSES.length) throw error;
        const { line } = this;
        await new Promise((resolve) => setTimeout(resolve, PAUSES[tries]));
        if (this.line !== line || this.closed) return new Promise(() => {}); // somebody has begun anew, or left
        this.connect();
      }
    }
  }

  /** Everything from the start, by a new worker. @param {Record<string, string>} [changes] */
  async begin(changes = {}) {
    this.connect();
    this.training = false;
    this.again();
    const fragment = [this.state.fragment, ...pairsOf(changes)].join("&");
    this.patch({ describe: null, phase: "loading", problem: null, notes: [], fragment });
    await this.open();
  }

  /**
   * Changes settings by key. Those in which lanes may differ are changed in one of them, and the others keep what they have; what they
   * have in common is changed in all. `lane2` to `lane4` are what that lane changes, as in a link. Weights go on where the change
   * allows it, unless `restart`.
   * @param {Record<string, string | null>} changes null: that lane ends
   * @param {boolean} [restart]
   * @param {number | "all"} [of] the lane, the shown one unless said
   * @returns {Promise<unknown>}
   */
  set(changes, restart = false, of = this.state.shown) {
    const done = this.turn.then(() => this.change(changes, restart, of));
    if (Object.keys(changes).some(isLane)) this.turn = done; // what comes next builds upon what only the engine can read
    return done;
  }

  /** @param {Record<string, string | null>} changes @param {boolean} restart @param {number | "all"} of */
  async change(changes, restart, of) {
    if (!this.known) return void this.adopt([this.state.fragment, ...pairsOf(changes)].join("&"), restart);
    const { lanes, shown } = this.state;
    const effects = Object.keys(changes).map((key) => this.setting(key)?.effect);
    const entries = Object.entries(changes);
    const lists = entries.filter(([key]) => isLane(key));
    const settings = /** @type {[string, string][]} */ (entries.filter(([key]) => !isLane(key)));
    const common = settings.filter(([key]) => !this.setting(key)?.lane);
    const configs = lanes.map(({ config }, at) => ({ ...config, ...Object.fromEntries(of === "all" || of === at ? settings : common) }));
    const each = configs.map((config) => Object.fromEntries(Object.entries(config).filter(([key, value]) => configs[0][key] !== value)));
    // Seen at once, confirmed by the answer.
    this.patch({ lanes: lanes.map((lane, at) => ({ ...lane, changes: each[at], config: configs[at] })) });
    this.patch({ config: configs[shown], busy: effects.some((effect) => effect !== "view" && effect !== "live") });
    // Of a lane that is said twice, the last word holds.
    const others = each.slice(1).filter((_, at) => changes[`lane${at + 2}`] !== null);
    // A value that is not understood leaves the one before.
    await this.adopt(
      [...pairsOf(lanes[0].config), fragmentOf(configs[0], others), ...lists.filter(([, list]) => list !== null).map((list) => list.join("="))].join("&"),
      restart,
    );
  }

  /** Another network beside the others, all from step 0; it is shown next. @param {Record<string, string>} changes to the first one */
  async addLane(changes) {
    const { lanes } = this.state;
    this.pause();
    await this.replace(() => this.fragmentWith([...this.state.lanes.slice(1).map((lane) => lane.changes), changes]));
    if (this.state.lanes.length > lanes.length) await this.show(lanes.length);
  }

  /** The others go on. @param {number} lane not the first */
  async removeLane(lane) {
    await this.show(0);
    await this.replace(() => this.fragmentWith(this.state.lanes.filter((_, at) => at > 0 && at !== lane).map(({ changes }) => changes)), false, lane);
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

  /** Takes a whole fragment, as the address bar gives it. @param {string} fragment @returns {Promise<boolean>} all of it was understood */
  async setFragment(fragment) {
    const answer = await this.replace(() => fragment);
    return answer?.notes.length === 0;
  }

  /** What all are made from, with these networks beside the first. @param {Record<string, string>[]} others how they differ from it */
  fragmentWith(others) {
    return this.known ? fragmentOf(this.state.lanes[0].config, others) : this.state.fragment;
  }

  /**
   * A whole fragment in the place of the one before. Changes wait for its answer, as they build upon it.
   * @param {() => string} build @param {boolean} [restart] @param {number} [gone] a lane that is no more
   * @returns {Promise<Answer | undefined>} the answer, if it was taken
   */
  replace(build, restart = false, gone) {
    return /** @type {Promise<Answer | undefined>} */ (this.turn = this.turn.then(() => this.adopt(build(), restart, gone)));
  }

  /** @param {string} fragment @param {boolean} restart @param {number} [gone] a lane that is no more @returns {Promise<Answer | undefined>} the answer, if it was taken */
  async adopt(fragment, restart, gone) {
    // An engine that did not start is asked again with this.
    if (!this.known) return void (this.state.fragment = fragment);
    this.changing += 1;
    const lost = this.state.phase === "lost";
    let answer;
    await this.attempt(async () => {
      answer = await this.send("set", fragment, restart, gone);
    });
    this.changing -= 1;
    // What needs a device first needs another one, where the change wants it.
    if (!answer && lost && (await this.recover({ backend: new URLSearchParams(fragment).get("backend") ?? "auto" })))
      return this.adopt(fragment, restart, gone);
    if (answer && gone !== undefined) this.state.lanes = this.state.lanes.filter((_, at) => at !== gone);
    if (answer) this.adopted(answer, restart);
    // A refused change must not stay on the page.
    else if (this.state.describe && this.changing === 0) this.described(this.confirmed);
    return answer;
  }

  /** @param {Described & {effect: string, notes: Problem[]}} answer @param {boolean} restart */
  adopted({ effect, notes, ...described }, restart) {
    const before = this.confirmed.lanes.map(({ describe }) => describe.config);
    const again = effect === "restart" || restart;
    if (again) this.again();
    this.described(described);
    // What was said of settings is over; what has happened stays.
    this.patch({ notes: [...this.state.notes.filter(({ key }) => !key), ...notes], problem: null });
    if (["failed", "loading"].includes(this.state.phase) || (this.state.phase === "lost" && again)) this.patch({ phase: "ready" });
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
    await this.opened;
    if (this.state.phase === "failed" && !this.state.describe) return;
    if (this.line.closed) return void (await this.recover({}, false));
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

  /** Ends a step that takes too long, with its worker; a run that has steps goes on from its saved weights. @param {Record<string, string>} changes */
  leave(changes) {
    if (this.state.step === 0) return this.begin(changes);
    this.line.close();
    return this.recover(changes);
  }

  /**
   * After a lost device or worker.
   * @param {Record<string, string>} [changes] of what all lanes have in common: another backend
   * @param {boolean} [saved] from the saved weights, or from step 0
   * @returns {Promise<boolean>} whether it can go on
   */
  recover(changes, saved) {
    return recover(this, changes, saved);
  }

  /** Images or weights; the worker reads them. @param {File[] | Promise<File[]>} files */
  async loadFiles(files) {
    this.patch({ reading: true, problem: null, notes: [] });
    await this.attempt(async () => {
      const given = await files;
      const described = await this.send("files", given);
      this.files = described.lanes[0].describe.data.source === "files" ? given.filter(({ name }) => !name.endsWith(".safetensors")) : null;
      this.again();
      this.training = false;
      this.patch({ phase: "ready" });
      this.described(described);
      await this.send("keep");
      this.drive();
    });
    this.patch({ reading: false, progress: null });
  }

  /** The shown network as a weights file; when it is lost, its newest copy. @returns {Promise<{step: number, bytes: Uint8Array}>} */
  async save() {
    try {
      return { bytes: await this.send("save"), step: this.state.step };
    } catch (error) {
      const { saved } = this.state.lanes[this.state.shown];
      if (!LOST.includes(/** @type {Problem} */ (error).code)) throw error;
      this.lost(/** @type {Problem} */ (error));
      return saved ?? Promise.reject({ code: "nothing_saved" });
    }
  }

  /** From the built-in data set again. */
  async reopen() {
    this.training = false;
    this.files = null;
    this.again();
    this.patch({ describe: null, shown: 0, phase: "compiling", problem: null });
    await this.open();
  }

  /** Images that are missing. */
  async fetch() {
    if (this.state.missing) this.patch({ missing: { ...this.state.missing, waiting: true } });
    await this.attempt(() => this.send("fetch"), true);
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

  /** For good; what is still waiting for an answer is over. */
  close() {
    this.closed = true;
    clearInterval(this.clock);
    this.line.close(CLOSED);
    this.emit("state");
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

  /** @param {string | undefined} key */
  setting(key) {
    return this.state.schema.find((setting) => setting.key === key);
  }

  /** Runs a command and turns what it throws into the state's problem. @param {() => Promise<unknown>} work @param {boolean} [quiet] */
  async attempt(work, quiet = false) {
    if (!quiet) this.patch({ busy: true });
    try {
      await work();
    } catch (error) {
      if (this.closed) return;
      const found = problem(error);
      if (LOST.includes(found.code) && this.state.describe) this.lost(found);
      else if (!this.state.describe) this.fail(found);
      else this.patch({ problem: found });
    } finally {
      if (!quiet) this.patch({ busy: false });
    }
  }

  /** @template {Command} C @param {C} command @param {Parameters<Engine[C]>} args @returns {Promise<Awaited<ReturnType<Engine[C]>>>} */
  send(command, ...args) {
    return this.line.send(command, ...args);
  }

  /** What the worker says of itself. @param {import("../worker/types.js").Reported} reported */
  report({ event, detail }) {
    switch (event) {
      case "opened":
        this.attributes = []; // the fragment has them now
        this.state.lanes = detail.lanes.map(({ config, changes }, at) => {
          const { id, saved } = this.state.lanes[at] ?? newLane();
          return { ...newLane(config, changes), id, saved }; // of a new worker they are the same ones
        });
        return this.patch({ schema: detail.schema, config: detail.lanes[0].config, fragment: detail.fragment, notes: detail.notes, phase: "compiling" });
      case "described":
        return this.described(detail);
      case "progress":
        return this.patch({ progress: detail.loaded < detail.total ? detail : null });
      case "data_problem":
        return this.patch({ problem: detail, progress: null });
      case "missing":
        return this.patch({ missing: detail, progress: detail?.waiting === false ? null : this.state.progress });
      case "saved":
        return this.learn(detail.lane, { saved: { ...detail, config: this.confirmed.lanes[detail.lane]?.describe.config ?? {} } });
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
        // What the driver reports while it trains does not go away.
        if (["gpu", ...LOST].includes(detail.code)) return this.lost(detail);
        this.training = false;
        return this.patch({ phase: "paused", wanted: false, problem: detail });
      case "evaluation":
        this.learn(detail.lane, { evaluation: detail });
      // falls through
      default:
        this.since = performance.now();
        return this.emit(event, detail, /** @type {{lane?: number}} */ (detail).lane);
    }
  }

  /** @param {{lane: number, rows: Float64Array, milliseconds: number}} records */
  recorded({ lane, rows, milliseconds }) {
    const [step, loss, accuracy] = rows.subarray(-3);
    // A record names the step it was; counted are the steps done.
    this.learn(lane, { step: Number.isNaN(loss) ? step : step + 1, loss, accuracy });
    this.state.milliseconds = milliseconds;
    this.since = performance.now();
    if (this.state.quiet > 0) this.patch({ quiet: 0 });
    if (this.state.phase === "waiting" && this.training) this.patch({ phase: "running" });
    this.emit("records", rows, lane);
  }

  /** @param {{lane: number, divergence: import("../worker/types.js").Divergence | null, all: boolean}} diverged */
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

  /** @param {Described} described */
  described(described) {
    this.confirmed = described;
    // The worker is ahead of the records, and may not be where the run was lost; and while a change is on its way, what is shown is newer.
    const lanes = described.lanes.map(({ changes, describe }, at) => {
      const lane = this.state.lanes[at] ?? newLane(describe.config, changes);
      const settings = this.changing === 0 ? { changes, config: describe.config } : {};
      return { ...lane, ...settings, describe, step: this.training || this.state.phase === "lost" ? lane.step : describe.step };
    });
    keep(described.lanes[0].describe.adapters);
    const shown = Math.min(this.state.shown, lanes.length - 1);
    this.state.lanes = lanes;
    this.patch({
      shown,
      seconds: described.seconds ?? NaN,
      ...this.shownLane(shown),
      fragment: this.changing === 0 ? described.fragment : this.state.fragment,
    });
  }

  again() {
    this.patch({ run: this.state.run + 1, ...START, lanes: this.state.lanes.map((lane) => ({ ...lane, ...START })) });
    if (this.state.phase === "diverged" || this.state.phase === "paused") this.patch({ phase: "ready" });
  }

  /** @param {Problem} problem */
  lost(problem) {
    this.training = false;
    this.patch({ phase: "lost", problem, busy: false });
  }

  /** The worker is no more. @param {Problem} problem */
  ended(problem) {
    if (this.state.describe) this.lost(problem);
  }

  /** Counts how long what is under way has been without news. */
  tick() {
    const { phase, busy, quiet } = this.state;
    const under = phase === "loading" || phase === "compiling" || this.training || (busy && phase !== "failed" && phase !== "lost");
    if (!under) this.since = performance.now();
    const seconds = Math.floor((performance.now() - this.since) / 1000);
    if (seconds !== quiet) this.patch({ quiet: seconds });
  }

  /** @param {Problem} problem */
  fail(problem) {
    this.training = false;
    this.patch({ phase: "failed", problem, busy: false, wanted: false });
  }

  /** @param {Partial<State>} part */
  patch(part) {
    if (part.phase && part.phase !== this.state.phase) {
      this.since = performance.now();
      this.state.quiet = 0;
    }
    Object.assign(this.state, part);
    this.emit("state");
  }

  /** @template {Kind} K @param {K} kind @param {import("./state.js").Changes[K]} [detail] @param {number} [lane] */
  emit(kind, detail, lane = 0) {
    this.dispatchEvent(new CustomEvent("change", { detail: { kind, detail, lane } }));
  }
}
