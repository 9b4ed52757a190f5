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

/** What a command ends with when the session does first. Nobody is told: the lab is gone. */
const CLOSED = { code: "closed" };

export class Session extends Run {
  /** @param {string} fragment of the address @param {[string, string][]} [attributes] the element's, which the fragment goes over */
  constructor(fragment, attributes) {
    super(fragment, attributes);
    /** What settings are changed after: the link has been read, and whole fragments are answered. @type {Promise<unknown>} */
    this.turn = this.opened;
  }

  /** The engine has answered every change. */
  get settled() {
    return this.turn.then(() => this.until(({ phase }) => this.changing === 0 || phase === "failed"));
  }

  async open() {
    await this.attempt(async () => {
      this.described(await this.start());
      this.patch({ phase: "ready" });
      this.drive();
    });
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

  /** For good; what is still waiting for an answer is over. */
  close() {
    this.closed = true;
    clearInterval(this.clock);
    this.line.close(CLOSED);
    this.emit("state");
  }
}
