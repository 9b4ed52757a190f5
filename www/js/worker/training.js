// @ts-check
/** The training loop: steps as fast as the backend takes them, statistics as often as they are cheap. */
import { Rate, Throttle, nextTask, sleep } from "./rhythm.js";
import { Stop } from "./stop.js";

/** @typedef {import("../types.js").Watch} Watch */

/** Steps that may be under way at once: enough to keep a GPU busy, few enough to stop quickly. */
const DEPTH = 3;
/** Longest stretch of steps between two looks at the messages, ms. */
const STRETCH = 40;
/** Pause between two pieces of preparing for a flip of a switch, ms: what is compiled beside the steps takes little from them. */
const PREPARE_EVERY = 100;
/** Time between two copies of the weights for a lost device, ms. */
const SAVE_EVERY = 30_000;

export class Training {
  /**
   * @param {any} lab the wasm module's `Lab`
   * @param {import("./engine.js").Report} report
   * @param {(error: unknown) => import("../types.js").Problem} problem
   */
  constructor(lab, report, problem) {
    this.lab = lab;
    this.report = report;
    this.problem = problem;
    this.running = false;
    this.looping = false;
    this.preparing = false;
    this.closed = false;
    /** @type {Watch} */
    this.watched = { snapshot: false, batch: false, filters: false, maps: null, predict: null };
    this.snapshots = new Throttle(100, 0.05);
    this.views = new Throttle(500, 0.05);
    this.posts = new Throttle(30, 1);
    this.saves = new Throttle(SAVE_EVERY, 0.05);
    this.rate = new Rate();
    this.ends = new Stop();
    /** Seconds of training since the weights' start, and when they were last counted. */
    this.seconds = this.counted = 0;
    /** @type {Float64Array[]} records not yet reported */
    this.records = [];
    /** @type {Uint8Array | null} */
    this.saved = null;
    /** Steps enqueued since the weights' start. */
    this.issued = 0;
    this.evaluatedAt = -1;
    this.testEvery = 0;
    /** Milliseconds between two steps; 0 for as fast as it goes. */
    this.pace = 0;
    this.nextStep = 0;
    this.mayBeLost = false;
    this.begin();
  }

  /** @returns {import("../types.js").Description} */
  describe() {
    return JSON.parse(this.lab.describe());
  }

  /** After anything that moved the step or the settings. @param {boolean} anew from initial weights: the saved ones are another run's */
  begin(anew = false) {
    if (anew) {
      this.saved = null;
      this.seconds = 0;
      this.ends.begin();
    }
    const { step, config, backend } = this.describe();
    /** Only a graphics device can be lost. */
    this.mayBeLost = backend.name === "gpu";
    this.issued = step;
    this.evaluatedAt = -1;
    this.ends.config = config;
    this.testEvery = Number(config.test_every);
    this.pace = config.speed === "max" ? 0 : 1000 / Number(config.speed);
    this.nextStep = 0;
    this.rate.clear();
    this.snapshots.soon();
    this.views.soon();
  }

  /** What was under way is over. */
  stop() {
    this.running = false;
    this.records = [];
  }

  close() {
    this.closed = true;
    this.stop();
    this.lab.free();
  }

  // ---- commands ------------------------------------------------------------------------------------------------

  /** @param {string} fragment @param {boolean} restart */
  async set(fragment, restart) {
    await this.settle();
    const answer = JSON.parse(await this.lab.set(fragment, restart));
    this.begin(answer.effect === "restart" || restart);
    if (answer.effect === "rebuild" || answer.effect === "restart" || restart) await this.show();
    return answer;
  }

  /** @param {(work: () => Promise<number>) => Promise<number>} exclusive */
  async play(exclusive) {
    this.running = true;
    this.counted = performance.now();
    this.rate.clear();
    if (this.looping) return;
    this.looping = true;
    while (this.running) {
      await nextTask(); // lets messages in
      const pause = await exclusive(() => this.turn().catch((error) => this.fail(error)));
      if (pause > 0) await sleep(pause);
    }
    this.looping = false;
  }

  /**
   * Once steps have run, compiles what the next flip of a switch would wait for, a piece at a time, whether it trains or not.
   * @param {(work: () => boolean) => Promise<boolean>} exclusive
   */
  async prepare(exclusive) {
    if (this.preparing) return;
    this.preparing = true;
    const piece = () => !this.closed && (this.issued < DEPTH ? this.running : this.lab.prepare());
    while (await exclusive(piece)) await sleep(PREPARE_EVERY);
    this.preparing = false;
  }

  async pause() {
    this.running = false;
    await this.settle();
    await this.show();
  }

  /** One step. @returns {Promise<boolean>} false when its images have not arrived */
  async single() {
    this.running = false;
    await this.settle();
    if (!this.lab.step()) return false;
    this.issued += 1;
    await this.settle();
    while (this.evaluationDue()) await this.evaluate();
    await this.show();
    return true;
  }

  /** @param {Watch} watch */
  async watch(watch) {
    this.watched = watch;
    this.views.soon();
    if (!this.running) await this.show();
  }

  /** Everything that is watched, now. */
  async show() {
    if (this.watched.snapshot && this.issued > 0) await this.snapshot();
    await this.showViews();
  }

  // ---- the loop --------------------------------------------------------------------------------------------------

  /** Enqueues what fits, collects what is done, measures what is due. @returns {Promise<number>} ms to rest before the next */
  async turn() {
    if (!this.running) return 0;
    if (this.evaluationDue()) {
      await this.evaluate();
      return 0;
    }
    const depth = this.pace > 0 ? 1 : DEPTH;
    const until = performance.now() + STRETCH;
    let starved = false;
    const ready = () => this.lab.in_flight() < depth && performance.now() >= this.nextStep && performance.now() < until;
    while (this.running && ready() && !this.evaluationDue()) {
      starved = !this.lab.step();
      if (starved) break;
      this.issued += 1;
      this.nextStep = performance.now() + this.pace;
      await this.lab.work();
      await this.endIfMet();
    }
    await this.collect(false);
    if (!this.running) return 0;
    const now = performance.now();
    if (this.issued > 0 && this.watched.snapshot && this.snapshots.due(now)) await this.snapshot();
    if (this.views.due(now)) await this.showViews();
    if (this.mayBeLost && this.saves.due(now)) await this.save();
    if (starved && this.lab.in_flight() === 0) {
      this.report("waiting");
      this.rate.clear();
      return 100;
    }
    return this.rest(depth);
  }

  /** A queue that stays full for long is asked again later; a fast one at once. @param {number} depth */
  rest(depth) {
    const ahead = this.nextStep - performance.now();
    const busy = this.lab.in_flight() >= depth ? this.rate.milliseconds / 2 : 0;
    const wanted = Math.max(ahead, busy > 8 ? busy : 0);
    return Math.min(wanted > 4 ? wanted : 0, 100);
  }

  /** Pauses where a setting stops the run, with what is due there. @param {{loss?: number, accuracy?: number}} [test] just evaluated */
  async endIfMet(test) {
    if (!this.running) return;
    const now = performance.now();
    this.seconds += (now - this.counted) / 1000;
    this.counted = now;
    const key = this.ends.at({ ...test, step: this.issued, seconds: this.seconds });
    if (!key) return;
    await this.settle();
    if (!this.running) return; // it has diverged
    this.running = false;
    while (this.evaluationDue()) await this.evaluate();
    this.report("stopped", { key, step: this.issued });
    await this.show();
  }

  evaluationDue() {
    const due = this.testEvery > 0 && this.issued > 0 && this.issued % this.testEvery === 0;
    return due && this.evaluatedAt !== this.issued && this.lab.can_evaluate();
  }

  /** Takes the finished steps' records and reports them, at most every frame unless `all`. @param {boolean} all */
  async collect(all) {
    const rows = /** @type {Float64Array} */ (this.lab.records());
    const notes = this.lab.notes();
    if (notes) this.report("notes", JSON.parse(notes));
    const now = performance.now();
    if (rows.length > 0) {
      this.rate.finished(now, rows.length / 3);
      this.records.push(rows);
    }
    const diverged = rows.length > 0 && Number.isNaN(rows[rows.length - 2]);
    if (this.records.length > 0 && (all || diverged || this.posts.due(now))) {
      const joined = new Float64Array(this.records.reduce((sum, part) => sum + part.length, 0));
      let offset = 0;
      for (const part of this.records) {
        joined.set(part, offset);
        offset += part.length;
      }
      this.records = [];
      this.posts.ran(now, now);
      this.report("records", { rows: joined, milliseconds: this.rate.milliseconds }, [joined.buffer]);
    }
    if (diverged) await this.diverge();
  }

  async settle() {
    await this.lab.settle();
    await this.collect(true);
  }

  async diverge() {
    this.running = false;
    const found = await this.lab.divergence();
    this.report("diverged", found ? JSON.parse(found) : null);
    await this.show();
  }

  /** @param {unknown} error */
  fail(error) {
    this.running = false;
    const problem = this.problem(error);
    this.report(problem.code === "device_lost" ? "lost" : "failed", problem);
    return 0;
  }

  // ---- what is measured --------------------------------------------------------------------------------------------

  /** Drains the queue first, so that the time it takes is its own. */
  async snapshot() {
    await this.settle();
    const start = performance.now();
    const snapshot = await this.lab.snapshot();
    this.snapshots.ran(start, performance.now());
    if (!snapshot) return;
    const { step, parameters, activation_gradients, activations } = snapshot;
    const buffers = [parameters.buffer, activation_gradients.buffer, activations.buffer];
    this.report("snapshot", { step, parameters, activation_gradients, activations }, buffers);
  }

  /** One more batch of test images; the loop comes back until all are done. */
  async evaluate() {
    await this.settle();
    const evaluation = await this.lab.evaluate_chunk();
    this.rate.clear();
    if (!evaluation) return;
    this.evaluatedAt = this.issued;
    this.report("evaluation", evaluation);
    await this.endIfMet(evaluation);
  }

  async showViews() {
    const { batch, filters, maps, predict } = this.watched;
    await this.settle();
    const start = performance.now();
    const images = batch ? this.lab.next_batch() : undefined;
    if (images) this.report("batch", images);
    if (filters) this.report("filters", await this.lab.filters());
    if (predict) this.report("predictions", { first: predict.first, ...(await this.lab.predict(predict.first, predict.count)) });
    const found = maps ? await this.lab.feature_maps(maps.block, maps.image) : undefined;
    if (found) this.report("maps", { ...maps, ...found });
    this.views.ran(start, performance.now());
  }

  async save() {
    const start = performance.now();
    await this.settle();
    this.saved = await this.lab.save();
    this.saves.ran(start, performance.now());
  }
}
