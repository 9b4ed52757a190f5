// @ts-check
/** The only module that knows the worker: commands go in, one `change` event comes out, `state` says all. */
import { isLane } from "../worker/attributes.js";
import { recover } from "./recovery.js";
import { Run } from "./run.js";
import { LOST, fragmentOf, pairsOf } from "./state.js";

/**
 * @typedef {import("../worker/types.js").Problem} Problem
 * @typedef {import("../worker/types.js").Watch} Watch
 * @typedef {import("../worker/types.js").Described} Described
 * @typedef {Awaited<ReturnType<import("./line.js").Engine["set"]>>} Answer to a changed fragment
 */

/** The commands with which an engine comes back; others wait for it. */
const RISING = ["open", "files", "recover"];
/**
 * A run as it was, from which another session goes on; without lanes only its settings.
 * @typedef {{fragment: string, wanted?: boolean, lanes?: Pick<import("./state.js").Lane, "saved" | "loss" | "accuracy" | "evaluation">[]}} Kept
 */

/** The error of commands whose session ends first. It is not shown: the lab is gone. */
const CLOSED = { code: "closed" };

export class Session extends Run {
  /** @param {string} fragment of the address @param {[string, string][]} [attributes] the element's; the fragment overrides them */
  constructor(fragment, attributes) {
    super(fragment, attributes);
    /** A run to go on with, and what then restores the rest. @type {Promise<Kept | undefined> | undefined} */
    this.kept = undefined;
    /** @type {(() => void) | undefined} */
    this.restored = undefined;
    /** Its next start comes before other labs of the tab. */
    this.claims = false;
    /** Its engine has been let go, and comes back when it is needed. */
    this.resting = false;
    /** Resolves when the engine is back. @type {Promise<unknown>} */
    this.risen = Promise.resolve();
    /** Changes of settings wait for this: the link has been read, and whole fragments have been answered. @type {Promise<unknown>} */
    this.turn = this.opened;
  }

  /** Resolves when the engine has answered every change. */
  get settled() {
    return this.turn.then(() => this.risen).then(() => this.until(({ phase }) => this.changing === 0 || phase === "failed"));
  }

  /** Until a lab is first seen or commanded it has no worker, no engine and no data; nor while it rests. */
  wake() {
    if (this.closed) return;
    if (this.resting) this.rise();
    if (this.state.phase !== "asleep") return;
    this.since = performance.now();
    this.connect();
    this.patch({ phase: "loading" });
    this.open();
  }

  /** Lets the engine of a run go that nobody sees. The page keeps its weights and its record. */
  async rest() {
    const idle = () => !this.closed && !this.state.visible && !this.state.busy && this.changing === 0 && ["ready", "paused"].includes(this.state.phase);
    if (this.resting || !idle()) return;
    const { step } = this.state;
    await this.attempt(() => this.send("keep"), true);
    const complete = this.state.lanes.every(({ saved }) => (saved?.step ?? 0) === step);
    if (!complete || step !== this.state.step || !idle()) return;
    this.resting = true;
    this.line.close();
  }

  /** Goes on with a new engine, at the step at which it rested. */
  rise() {
    this.resting = false;
    this.risen = this.goOn(this.copies());
  }

  drive() {
    if (!this.resting) super.drive();
    else if (this.state.visible && this.state.wanted) this.rise();
  }

  /** @type {import("./line.js").Send} */
  async send(command, ...args) {
    if (this.resting) this.rise();
    if (!RISING.includes(command)) await this.risen;
    return super.send(command, ...args);
  }

  async open() {
    const kept = await this.kept;
    this.kept = undefined;
    if (kept) [this.state.fragment, this.attributes] = [kept.fragment, []];
    await this.attempt(async () => {
      this.described(await this.start());
      this.patch({ phase: "ready" });
      if (kept?.lanes && (await this.goOn(kept.lanes))) {
        this.restored?.();
        this.patch({ wanted: this.state.wanted || kept.wanted });
      }
      this.drive();
    });
  }

  /** What another engine needs to go on with its networks, and what the page knows of them. */
  copies() {
    return this.state.lanes.map(({ saved, loss, accuracy, evaluation }) => ({ saved, loss, accuracy, evaluation }));
  }

  /** Goes on from copies of its networks. @param {NonNullable<Kept["lanes"]>} lanes @returns {Promise<boolean>} whether it can */
  async goOn(lanes) {
    const { notes } = this.state;
    lanes.forEach(({ saved }, at) => this.learn(at, { saved }));
    if (!(await this.recover({}, true))) return false;
    lanes.forEach((news, at) => this.learn(at, news));
    this.patch({ notes });
    return true;
  }

  /** Starts everything again with a new worker. @param {Record<string, string>} [changes] */
  async begin(changes = {}) {
    this.connect();
    this.training = false;
    this.again();
    const fragment = [this.state.fragment, ...pairsOf(changes)].join("&");
    this.patch({ describe: null, phase: "loading", problem: null, notes: [], fragment });
    await this.open();
  }

  /**
   * Changes settings by key. Settings in which lanes may differ change in one lane, and the other lanes keep theirs; common settings
   * change in all. `lane2` to `lane4` hold that lane's changes, as in a link. Weights are kept where the change
   * allows it, unless `restart`.
   * @param {Record<string, string | null>} changes null: that lane ends
   * @param {boolean} [restart]
   * @param {number | "all"} [of] the lane, by default the shown one
   * @returns {Promise<unknown>}
   */
  set(changes, restart = false, of = this.state.shown) {
    const done = this.turn.then(() => this.change(changes, restart, of));
    if (Object.keys(changes).some(isLane)) this.turn = done; // later changes build on a list that only the engine can read
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
    // Shown at once, confirmed by the answer.
    this.patch({ lanes: lanes.map((lane, at) => ({ ...lane, changes: each[at], config: configs[at] })) });
    this.patch({ config: configs[shown], busy: effects.some((effect) => effect !== "view" && effect !== "live") });
    // If a lane is named twice, the last one counts.
    const others = each.slice(1).filter((_, at) => changes[`lane${at + 2}`] !== null);
    // With an invalid value the old one stays.
    await this.adopt(
      [...pairsOf(lanes[0].config), fragmentOf(configs[0], others), ...lists.filter(([, list]) => list !== null).map((list) => list.join("="))].join("&"),
      restart,
    );
  }

  /** Adds a network beside the others; all restart from step 0, and the new one is shown. @param {Record<string, string>} changes to the first one */
  async addLane(changes) {
    const { lanes } = this.state;
    this.pause();
    await this.replace(() => this.fragmentWith([...this.state.lanes.slice(1).map((lane) => lane.changes), changes]));
    if (this.state.lanes.length > lanes.length) await this.show(lanes.length);
  }

  /** Removes a network; the others continue. @param {number} lane not the first */
  async removeLane(lane) {
    await this.show(0);
    await this.replace(() => this.fragmentWith(this.state.lanes.filter((_, at) => at > 0 && at !== lane).map(({ changes }) => changes)), false, lane);
  }

  /** Shows the details of this lane from now on. @param {number} lane */
  async show(lane) {
    if (lane === this.state.shown || !this.state.lanes[lane]) return;
    this.patch({ shown: lane, ...this.shownLane(lane) });
    await this.attempt(() => this.send("show", lane), true);
  }

  /** Applies a whole fragment, as from the address bar. @param {string} fragment @returns {Promise<boolean>} whether all of it was understood */
  async setFragment(fragment) {
    const answer = await this.replace(() => fragment);
    return answer?.notes.length === 0;
  }

  /** The fragment of all networks, with these beside the first. @param {Record<string, string>[]} others how they differ from it */
  fragmentWith(others) {
    return this.known ? fragmentOf(this.state.lanes[0].config, others) : this.state.fragment;
  }

  /**
   * Replaces the whole fragment. Changes wait for its answer, as they build on it.
   * @param {() => string} build @param {boolean} [restart] @param {number} [gone] a removed lane
   * @returns {Promise<Answer | undefined>} the answer, if it was accepted
   */
  replace(build, restart = false, gone) {
    return /** @type {Promise<Answer | undefined>} */ (this.turn = this.turn.then(() => this.adopt(build(), restart, gone)));
  }

  /** @param {string} fragment @param {boolean} restart @param {number} [gone] a removed lane @returns {Promise<Answer | undefined>} the answer, if it was accepted */
  async adopt(fragment, restart, gone) {
    // An engine that did not start will be started with this.
    if (!this.known) return void (this.state.fragment = fragment);
    this.changing += 1;
    const lost = this.state.phase === "lost";
    let answer;
    await this.attempt(async () => {
      answer = await this.send("set", fragment, restart, gone);
    });
    this.changing -= 1;
    // A change that needs a device first needs a new one, of the kind that the change names.
    if (!answer && lost && (await this.recover({ backend: new URLSearchParams(fragment).get("backend") ?? "auto" })))
      return this.adopt(fragment, restart, gone);
    if (answer && gone !== undefined) this.state.lanes = this.state.lanes.filter((_, at) => at !== gone);
    if (answer) this.adopted(answer, restart);
    // The page must not keep showing a refused change.
    else if (this.state.describe && this.changing === 0) this.described(this.confirmed);
    return answer;
  }

  /** @param {Described & {effect: string, notes: Problem[]}} answer @param {boolean} restart */
  adopted({ effect, notes, ...described }, restart) {
    const before = this.confirmed.lanes.map(({ describe }) => describe.config);
    const again = effect === "restart" || restart;
    if (again) this.again();
    this.described(described);
    // Notes on settings are outdated; notes on events stay.
    this.patch({ notes: [...this.state.notes.filter(({ key }) => !key), ...notes], problem: null });
    if (["failed", "loading"].includes(this.state.phase) || (this.state.phase === "lost" && again)) this.patch({ phase: "ready" });
    if (!again && before.length === described.lanes.length) this.markChanges(before);
    if (this.state.phase === "diverged" && ["rebuild", "restart"].includes(effect)) this.patch({ phase: "paused", divergence: null });
    this.drive();
  }

  /** @param {boolean} [claims] before other labs of the tab */
  play(claims = true) {
    this.claims = claims;
    if (this.state.phase === "diverged") return void this.resume({});
    if (this.state.wanted && this.state.turn === "other") return this.emit("state");
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

  /** Restarts from step 0 with the same initial weights. */
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

  /** After a divergence: continues from the last good state. @param {Record<string, string>} changes */
  async resume(changes) {
    await this.attempt(async () => {
      await this.send("resume");
      this.patch({ divergence: null, lanes: this.state.lanes.map((lane) => ({ ...lane, divergence: null })) });
      if (this.state.phase === "diverged") this.patch({ phase: "paused" });
    });
    if (Object.keys(changes).length > 0) await this.set(changes);
    this.play();
  }

  /** Ends a step that takes too long, and its worker; a run with steps continues from its saved weights. @param {Record<string, string>} changes */
  leave(changes) {
    if (this.state.step === 0) return this.begin(changes);
    this.line.close();
    return this.recover(changes);
  }

  /**
   * Continues after a lost device or worker.
   * @param {Record<string, string>} [changes] of the common settings: another backend
   * @param {boolean} [saved] from the saved weights, or from step 0
   * @returns {Promise<boolean>} whether it can continue
   */
  recover(changes, saved) {
    return recover(this, changes, saved);
  }

  /** Loads images or weights; the worker reads them. @param {File[] | Promise<File[]>} files */
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

  /** The shown network as a weights file; after a loss, its newest copy. @returns {Promise<{step: number, bytes: Uint8Array}>} */
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

  /** Returns to the built-in data set. */
  async reopen() {
    this.training = false;
    this.files = null;
    this.again();
    this.patch({ describe: null, shown: 0, phase: "compiling", problem: null });
    await this.open();
  }

  /** Fetches missing images. */
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

  /** @param {import("./state.js").State["turn"]} turn */
  setTurn(turn) {
    this.patch({ turn });
    this.drive();
  }

  /** @param {Watch} watch */
  async watch(watch) {
    if (this.resting) return; // a new engine is told anew
    await this.attempt(() => this.send("watch", watch), true);
  }

  /** Ends the session for good; pending commands fail. */
  close() {
    this.closed = true;
    clearInterval(this.clock);
    this.line?.close(CLOSED);
    this.emit("state");
  }
}
