// @ts-check
/** The training loop: lanes in step, as fast as the backend allows, and statistics as often as they are cheap. */
import { Lanes } from "./lanes.js";
import { Rate, Throttle, nextTask, sleep } from "./rhythm.js";
import { Stop } from "./stop.js";

/** @typedef {import("./types.js").Watch} Watch */

/** Most steps in flight: enough to keep a GPU busy, few enough to stop quickly; and the same for steps of more than SLOW ms. */
const DEPTH = 3;
const DEPTH_SLOW = 2;
const SLOW = 100;
/** Longest time of steps between two checks for messages, ms. */
const STRETCH = 40;
/** Pause between two pieces of preparation for a change of a switch, ms: compiling must hardly slow the steps. */
const PREPARE_EVERY = 100;
/** Time between two copies of the weights, in case the device or the worker is lost, ms. */
const SAVE_EVERY = 10_000;
/** Larger networks are not copied at pauses, and never on the CPU, where memory is short and only the worker can be lost. */
const MOST_PARAMETERS = 2 ** 23;

export class Training {
  /**
   * @param {import("./types.js").Lab} lab of the first lane
   * @param {import("./types.js").Report} report
   * @param {(error: unknown) => import("./types.js").Problem} problem
   */
  constructor(lab, report, problem) {
    this.lanes = new Lanes(lab);
    this.report = report;
    this.problem = problem;
    this.running = false;
    this.looping = false;
    this.preparing = false;
    this.closed = false;
    /** @type {Watch} */
    this.watched = { snapshot: false, batch: false, filters: false, maps: null, predict: null, unit: null, every: 0 };
    /** The step of the last snapshot that was due. */
    this.lookedAt = -1;
    /** The step of the last snapshot. */
    this.snapshotAt = -1;
    this.snapshots = new Throttle(100, 0.05, { interval: 200, share: 0.125 });
    this.views = new Throttle(500, 0.05);
    this.posts = new Throttle(30, 1);
    this.saves = new Throttle(SAVE_EVERY, 0.05);
    this.rate = new Rate();
    this.ends = new Stop();
    /** Seconds of training since the initial weights, and when they were last counted. */
    this.seconds = this.counted = 0;
    this.testEvery = 0;
    /** Milliseconds between two steps; 0 for full speed. */
    this.pace = 0;
    this.nextStep = 0;
    /** Whether the weights are copied from time to time, and at every pause. */
    this.keeps = this.keepsPauses = false;
    /** The step of the newest copy. */
    this.kept = 0;
    /** Whether the device is lost. */
    this.lost = false;
    this.begin();
  }

  /** Called after any change of the step or the settings. @param {boolean} anew from initial weights: old copies belong to another run */
  begin(anew = false) {
    const { issued } = this.lanes;
    this.lanes.begin();
    if (anew || this.lanes.issued !== issued) this.lookedAt = -1;
    if (anew) {
      this.seconds = 0;
      this.ends.begin();
      this.kept = 0;
      this.lost = false;
      this.saves.soon();
    }
    const [{ config, backend, cost }] = this.lanes.describe();
    this.ends.config = config;
    this.keepsPauses = cost.parameters < MOST_PARAMETERS;
    this.keeps = this.keepsPauses || backend.name === "gpu";
    this.testEvery = Number(config.test_every);
    this.pace = config.speed === "max" ? 0 : 1000 / Number(config.speed);
    this.nextStep = 0;
    this.rate.clear();
    this.snapshotAt = -1;
    this.snapshots.soon();
    this.views.soon();
  }

  /** Drops the work in flight. */
  stop() {
    this.running = false;
    for (const lane of this.lanes.all) lane.records = [];
  }

  close() {
    this.closed = true;
    this.stop();
    this.lanes.free();
  }

  // ---- commands ------------------------------------------------------------------------------------------------

  /** Applies a fragment to each lane: see `Lanes.set`. @param {string[]} fragments @param {boolean} restart */
  async set(fragments, restart) {
    if (!this.lost) await this.settle(); // settings that need no device can change without one
    const { effect, emptied } = await this.lanes.set(fragments, restart);
    this.begin(effect === "restart");
    // A running loop shows them after its next step, which would otherwise wait for them.
    if (!this.running && (effect === "rebuild" || effect === "restart")) await this.show();
    return { effect, emptied };
  }

  /** Removes a lane. @param {number} lane not the first */
  async end(lane) {
    await this.settle();
    this.lanes.end(lane);
  }

  /** Shows the details of this lane from now on. @param {number} lane */
  async choose(lane) {
    this.lanes.choose(lane);
    await this.showViews();
  }

  /** Restarts all lanes from step 0. */
  async restart() {
    await this.lanes.restart();
    this.begin(true);
  }

  /** Diverged lanes continue from their last good state. */
  async resume() {
    await this.lanes.resume();
    this.begin();
  }

  /** Other images for all lanes, from step 0. @param {import("./types.js").DataSet} dataset */
  async setDataset(dataset) {
    await this.lanes.setDataset(dataset);
    this.begin(true);
  }

  /** One network continues from a weights file, with the settings saved in it. @param {string} file @param {Uint8Array} bytes @returns {Promise<string>} its fragment */
  async load(file, bytes) {
    const fragment = await this.lanes.load(file, bytes);
    this.begin(true);
    return fragment;
  }

  /** A new device for all lanes, from initial weights. @param {string} backend */
  async renew(backend) {
    await this.lanes.renew(backend);
    this.begin(true);
  }

  /** Continues from saved weights. @param {(Uint8Array | undefined)[]} saved of each lane */
  async restore(saved) {
    await this.lanes.restore(saved);
    this.begin();
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
   * After the first steps, compiles piece by piece what the next change of a switch would wait for, during training or a pause.
   * @param {(work: () => boolean) => Promise<boolean>} exclusive
   */
  async prepare(exclusive) {
    if (this.preparing) return;
    this.preparing = true;
    const piece = () => !this.closed && (this.lanes.issued < DEPTH ? this.running : this.lanes.prepare());
    while (await exclusive(piece)) await sleep(PREPARE_EVERY);
    this.preparing = false;
  }

  async pause() {
    this.running = false;
    await this.settle();
    await this.show();
    if (this.keepsPauses) await this.save();
  }

  /** Trains one step. @returns {Promise<boolean>} false when its images have not arrived */
  async single() {
    this.running = false;
    await this.settle();
    if (!this.lanes.step()) return false;
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

  /** Measures and reports everything that is watched, now. */
  async show() {
    if (this.lookDue() || this.wantsSnapshot()) await this.snapshot();
    await this.showViews();
  }

  // ---- the loop --------------------------------------------------------------------------------------------------

  /** Enqueues steps, collects finished ones, measures what is due. @returns {Promise<number>} ms to rest before the next turn */
  async turn() {
    if (!this.running) return 0;
    if (this.evaluationDue()) {
      await this.evaluate();
      return 0;
    }
    if (this.lookDue()) {
      await this.snapshot();
      return 0;
    }
    // The first measurement waits for every step in flight, and the first step's record with it.
    const depth = this.pace > 0 || this.rate.marks.length === 0 ? 1 : this.rate.milliseconds < SLOW ? DEPTH : DEPTH_SLOW;
    const until = performance.now() + STRETCH;
    let starved = false;
    const ready = () => this.lanes.inFlight() < depth && performance.now() >= this.nextStep && performance.now() < until;
    while (this.running && ready() && !this.evaluationDue() && !this.lookDue()) {
      starved = !this.lanes.step();
      if (starved) break;
      this.nextStep = performance.now() + this.pace;
      await this.lanes.work();
      await this.endIfMet();
    }
    await this.collect(false);
    if (!this.running) return 0;
    const now = performance.now();
    if (this.wantsSnapshot() && this.snapshots.due(now)) await this.snapshot();
    if (this.views.due(now)) await this.showViews();
    if (this.keeps && this.saves.due(now)) await this.save();
    if (starved && this.lanes.inFlight() === 0) {
      this.report("waiting");
      this.rate.clear();
      return 100;
    }
    return this.rest(depth);
  }

  /** A queue that stays full for long is checked later, a fast one at once. @param {number} depth */
  rest(depth) {
    const ahead = this.nextStep - performance.now();
    const busy = this.lanes.inFlight() >= depth ? this.rate.milliseconds / 2 : 0;
    const wanted = Math.max(ahead, busy > 8 ? busy : 0);
    return Math.min(wanted > 4 ? wanted : 0, 100);
  }

  /** Pauses where a setting stops the run, after the measurements due there. @param {{loss?: number, accuracy?: number}} [test] a new evaluation */
  async endIfMet(test) {
    if (!this.running) return;
    const now = performance.now();
    this.seconds += (now - this.counted) / 1000;
    this.counted = now;
    const key = this.ends.at({ ...test, step: this.lanes.issued, seconds: this.seconds });
    if (!key) return;
    await this.settle();
    if (!this.running) return; // it has diverged
    this.running = false;
    while (this.evaluationDue()) await this.evaluate();
    this.report("stopped", { key, step: this.lanes.issued });
    await this.show();
    if (this.keepsPauses) await this.save();
  }

  evaluationDue() {
    return this.due() !== undefined;
  }

  /** A lane whose evaluation is due. */
  due() {
    const { testEvery } = this;
    const { live, issued } = this.lanes;
    if (!(testEvery > 0 && issued > 0 && issued % testEvery === 0)) return undefined;
    return live.find(({ lab, evaluatedAt }) => evaluatedAt !== issued && lab.can_evaluate());
  }

  /** Whether a snapshot of this step is due before the next step. */
  lookDue() {
    const { every } = this.watched;
    const { issued } = this.lanes;
    return every > 0 && issued > 0 && (issued === 1 || issued % every === 0) && this.lookedAt !== issued;
  }

  /** Whether a snapshot would tell something new. */
  wantsSnapshot() {
    const { issued } = this.lanes;
    return this.watched.snapshot && issued > 0 && this.snapshotAt !== issued;
  }

  /** Takes the finished steps' records and reports them, at most once per frame unless `all`. @param {boolean} all */
  async collect(all) {
    const diverged = this.lanes.all.filter((lane) => this.take(lane));
    const now = performance.now();
    if (all || diverged.length > 0 || this.posts.due(now)) {
      this.posts.ran(now, now);
      this.lanes.all.forEach((lane, at) => this.post(lane, at));
    }
    for (const lane of diverged) await this.diverge(lane);
  }

  /** Takes a lane's new records and notes. @param {import("./lanes.js").Lane} lane @returns {boolean} whether it has just diverged */
  take(lane) {
    const rows = lane.lab.records();
    const notes = lane.lab.notes();
    if (notes) this.report("notes", /** @type {import("./types.js").Problem[]} */ (JSON.parse(notes)));
    if (rows.length === 0) return false;
    if (lane === this.lanes.live[0]) this.rate.finished(performance.now(), rows.length / 3);
    lane.records.push(rows);
    return Number.isNaN(rows[rows.length - 2]);
  }

  /** @param {import("./lanes.js").Lane} lane @param {number} at */
  post(lane, at) {
    if (lane.records.length === 0) return;
    const joined = new Float64Array(lane.records.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of lane.records) {
      joined.set(part, offset);
      offset += part.length;
    }
    lane.records = [];
    this.report("records", { lane: at, rows: joined, milliseconds: this.rate.milliseconds }, [joined.buffer]);
  }

  async settle() {
    await this.lanes.settle();
    await this.collect(true);
  }

  /** The other lanes continue without it. @param {import("./lanes.js").Lane} lane */
  async diverge(lane) {
    lane.diverged = true;
    const found = await lane.lab.divergence();
    const all = this.lanes.live.length === 0;
    if (all) this.running = false;
    this.report("diverged", {
      lane: this.lanes.all.indexOf(lane),
      divergence: found ? /** @type {import("./types.js").Divergence} */ (JSON.parse(found)) : null,
      all,
    });
    if (all) await this.show();
  }

  /** @param {unknown} error */
  fail(error) {
    this.running = false;
    const problem = this.problem(error);
    this.lost ||= ["device_lost", "gpu"].includes(problem.code);
    this.report(problem.code === "device_lost" ? "lost" : "failed", problem);
    return 0;
  }

  // ---- measurements ------------------------------------------------------------------------------------------------

  /** Drains the queue first, so that only its own time is measured. */
  async snapshot() {
    await this.settle();
    const start = performance.now();
    const { issued } = this.lanes;
    const due = this.lookDue();
    if (due) this.lookedAt = issued;
    this.snapshotAt = issued;
    for (const [at, { lab }] of this.lanes.all.entries()) {
      const snapshot = await lab.snapshot();
      if (!snapshot) continue;
      const { parameters, activation_gradients, activations } = snapshot;
      // A diverged network stays at an earlier step.
      this.report("snapshot", { lane: at, ...snapshot, fixed: due && snapshot.step === issued }, [
        parameters.buffer,
        activation_gradients.buffer,
        activations.buffer,
      ]);
    }
    this.snapshots.ran(start, performance.now());
  }

  /** Evaluates some more test images; the loop repeats this until all lanes are done. */
  async evaluate() {
    await this.settle();
    const lane = this.due();
    const evaluation = await lane?.lab.evaluate_chunk();
    this.rate.clear();
    if (!lane || !evaluation) return;
    lane.evaluatedAt = lane.issued;
    this.report("evaluation", { lane: this.lanes.all.indexOf(lane), ...evaluation });
    await this.endIfMet(evaluation);
  }

  async showViews() {
    const { batch, filters, maps, predict, unit } = this.watched;
    const { lab } = this.lanes.shown;
    await this.settle();
    const start = performance.now();
    const images = batch ? lab.next_batch() : undefined;
    if (images) this.report("batch", images);
    for (const [at, lane] of filters ? this.lanes.all.entries() : [])
      this.report("filters", { lane: at, values: /** @type {Float32Array} */ (await lane.lab.learnt("conv1")) });
    if (predict) this.report("predictions", { first: predict.first, ...(await lab.predict(predict.first, predict.count)) });
    const values = maps ? await lab.layer_output(maps.layer, maps.image) : undefined;
    if (values) this.report("maps", { .../** @type {NonNullable<typeof maps>} */ (maps), values });
    if (unit) this.report("unit", await readUnit(lab, unit));
    this.views.ran(start, performance.now());
  }

  /** Sends the page a copy of every lane's weights, if they are new. */
  async save() {
    const { issued } = this.lanes;
    if (issued === this.kept) return;
    const start = performance.now();
    await this.settle();
    for (const [at, lane] of this.lanes.all.entries()) {
      const bytes = await this.saved(lane.lab);
      if (!bytes) continue;
      this.report("saved", { lane: at, step: lane.describe().step, bytes }, [bytes.buffer]);
    }
    this.kept = issued;
    this.saves.ran(start, performance.now());
  }

  /** Saves a lane's weights. If they are unusable, the page keeps the last copy. @param {import("./types.js").Lab} lab @returns {Promise<Uint8Array | void>} */
  saved(lab) {
    return lab.save().catch((/** @type {unknown} */ error) => {
      if (this.problem(error).code !== "weights_value") throw error;
    });
  }
}

/** Reads one output channel of a block, all at the same step. @param {import("./types.js").Lab} lab @param {import("./types.js").Unit} unit */
async function readUnit(lab, unit) {
  const outputs = [];
  for (const layer of unit.layers) outputs.push(await lab.layer_output(layer, unit.image));
  const learnt = [];
  for (const layer of unit.learnt) learnt.push(await lab.learnt(layer, unit.channel));
  return { unit, outputs, learnt };
}
