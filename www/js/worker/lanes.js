// @ts-check
/** Networks that train side by side: the same images, the same machine, in step. */

/** One network. */
export class Lane {
  /** @param {import("./types.js").Lab} lab */
  constructor(lab) {
    this.lab = lab;
    /** Steps enqueued since the initial weights. */
    this.issued = 0;
    this.evaluatedAt = -1;
    this.diverged = false;
    /** @type {Float64Array[]} records not yet reported */
    this.records = [];
  }

  /** @returns {import("./types.js").Description} */
  describe() {
    return JSON.parse(this.lab.describe());
  }
}

export class Lanes {
  /** @param {import("./types.js").Lab} lab of the first network */
  constructor(lab) {
    this.all = [new Lane(lab)];
    /** The lane whose details are watched. */
    this.shown = this.all[0];
  }

  describe() {
    return this.all.map((lane) => lane.describe());
  }

  /** The lanes that still train. */
  get live() {
    return this.all.filter((lane) => !lane.diverged);
  }

  /** Fewest steps enqueued in any live lane. */
  get issued() {
    return Math.min(...(this.live.length > 0 ? this.live : this.all).map(({ issued }) => issued));
  }

  /** Most steps in flight in any lane. */
  inFlight() {
    return Math.max(...this.all.map(({ lab }) => lab.in_flight()));
  }

  /** One step of every live lane that is not ahead of another. @returns {boolean} false when images have not arrived */
  step() {
    const { live, issued } = this;
    for (const lane of live) {
      if (lane.issued > issued) continue;
      if (!lane.lab.step()) return false;
      lane.issued += 1;
    }
    return live.length > 0;
  }

  async work() {
    for (const { lab } of this.live) await lab.work();
  }

  async settle() {
    for (const { lab } of this.all) await lab.settle();
  }

  /** Prepares a little for the next change of a switch; false when all is prepared. */
  prepare() {
    return this.all.some(({ lab }) => lab.prepare());
  }

  /** Called after any change of the step. */
  begin() {
    for (const lane of this.all) {
      lane.issued = lane.describe().step;
      lane.evaluatedAt = -1;
      lane.diverged = false;
    }
  }

  /**
   * Applies a fragment to each lane; there may be more or fewer lanes than before. If one has to start again, all go back
   * to step 0. On an error everything is restored except weights whose shape has changed. Nothing may be in flight.
   * @param {string[]} fragments
   * @param {boolean} restart
   * @returns {Promise<{effect: string, emptied: boolean}>} emptied: other images, which have yet to arrive
   */
  async set(fragments, restart) {
    const before = this.describe();
    /** @type {string[]} */
    const effects = [];
    let emptied = false;
    /** @type {Lane[]} */
    const added = [];
    try {
      for (const [at, { lab }] of this.all.slice(0, fragments.length).entries()) {
        const answer = /** @type {{effect: string, emptied: boolean}} */ (JSON.parse(await lab.set(fragments[at], restart)));
        effects.push(answer.effect);
        emptied ||= answer.emptied;
      }
      for (const fragment of fragments.slice(this.all.length)) added.push(await this.beside(fragment));
    } catch (error) {
      for (const { lab } of added) lab.free();
      for (const at of effects.keys()) await this.all[at].lab.set(before[at].fragment, false);
      throw error;
    }
    for (const { lab } of this.all.splice(fragments.length)) lab.free();
    // Each has its own new images; instead they must share those of the first.
    if (emptied) await this.remake(fragments.slice(1, this.all.length));
    this.all.push(...added);
    if (!this.all.includes(this.shown)) this.choose(0);
    const again = restart || added.length > 0 || effects.includes("restart");
    if (again && this.all.length > 1) await this.restart();
    const effect = again ? "restart" : (["rebuild", "live"].find((effect) => effects.includes(effect)) ?? "view");
    return { effect, emptied };
  }

  /** @param {string} fragment */
  async beside(fragment) {
    return new Lane(await this.all[0].lab.beside(fragment));
  }

  /** @param {number} at */
  choose(at) {
    this.shown = this.all[at] ?? this.all[0];
  }

  /** Removes a lane. @param {number} at not the first */
  end(at) {
    for (const { lab } of this.all.splice(at, 1)) lab.free();
    this.choose(0);
  }

  async restart() {
    for (const { lab } of this.all) await lab.restart();
  }

  /** Diverged lanes continue from their last good state. */
  async resume() {
    for (const { lab, diverged } of this.all) if (diverged) await lab.resume();
  }

  /** Other images, from step 0. @param {import("./types.js").DataSet} dataset */
  async setDataset(dataset) {
    const [, ...others] = this.describe();
    await this.all[0].lab.set_dataset(...dataset);
    await this.remake(others.map(({ fragment }) => fragment));
  }

  /** Rebuilds all but the first, on its images. @param {string[]} fragments */
  async remake(fragments) {
    const shown = this.all.indexOf(this.shown);
    for (const { lab } of this.all.splice(1)) lab.free();
    for (const fragment of fragments) this.all.push(await this.beside(fragment));
    this.choose(shown);
  }

  /** The shown network continues from a weights file; the others end. @param {string} file @param {Uint8Array} bytes @returns {Promise<string>} its fragment */
  async load(file, bytes) {
    const { shown } = this;
    await shown.lab.load(file, bytes);
    for (const { lab } of this.all.filter((lane) => lane !== shown)) lab.free();
    this.all = [shown];
    return shown.describe().fragment;
  }

  /** A new device for all, from initial weights. @param {string} backend */
  async renew(backend) {
    const [first, ...others] = this.describe().map(({ fragment }) => `${fragment}&backend=${backend}`);
    await this.all[0].lab.set(first, true);
    await this.remake(others);
  }

  /** Restores saved weights. @param {(Uint8Array | undefined)[]} saved of each lane */
  async restore(saved) {
    for (const [at, bytes] of saved.entries()) if (bytes) await this.all[at]?.lab.load("", bytes);
  }

  free() {
    for (const { lab } of this.all) lab.free();
  }
}
