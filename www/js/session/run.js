// @ts-check
/** A run as the page knows it: its line to the worker, the worker's reports, and the single `change` event for all of them. */
import { problem } from "../worker/problem.js";
import { keep, recall } from "./adapters.js";
import { Line } from "./line.js";
import { ABLE, LOST, PAUSES, START, firstState, newLane } from "./state.js";

/**
 * @typedef {import("../worker/types.js").Problem} Problem
 * @typedef {import("../worker/types.js").Described} Described
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Lane} Lane
 * @typedef {import("./state.js").Kind} Kind
 * @typedef {import("./line.js").Command} Command
 * @typedef {import("./line.js").Engine} Engine
 */

/** `?simd=simd128` in the page's address, for tests and the benchmark: this module even in a browser that supports a faster one. */
const BUILD = new URLSearchParams(location.search).get("simd") === "simd128" ? "simd128" : undefined;

export class Run extends EventTarget {
  /** @param {string} fragment of the address @param {[string, string][]} [attributes] the element's; the fragment overrides them */
  constructor(fragment, attributes = []) {
    super();
    this.attributes = attributes;
    this.state = firstState(fragment);
    /** Made by the first `connect`. */
    this.line = /** @type {Line} */ (/** @type {unknown} */ (undefined));
    this.closed = false;
    /** The files with the images. @type {File[] | null} */
    this.files = null;
    /** The time of the last news. */
    this.since = performance.now();
    this.clock = setInterval(() => this.tick(), 1000);
    /** True while the worker trains. */
    this.training = false;
    /** Changes of settings that the worker has not answered yet. */
    this.changing = 0;
    /** The worker's last description. @type {Described} */
    this.confirmed = { fragment, lanes: [] };
  }

  /** Resolves once the test is true, or the session has ended. @param {(state: State) => boolean} test @returns {Promise<void>} */
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

  /** Resolves when the engine has read the link, so that schema and settings are known, or has failed. */
  get opened() {
    return this.until(({ phase }) => this.known || phase === "failed");
  }

  get known() {
    return this.state.schema.length > 0;
  }

  /** @param {string | undefined} key */
  setting(key) {
    return this.state.schema.find((setting) => setting.key === key);
  }

  /** Starts another worker. @returns {Line} */
  connect() {
    this.line?.close();
    return (this.line = new Line(
      (reported) => this.report(reported),
      (problem) => this.ended(problem),
    ));
  }

  /** Has the worker create the engine. Failed downloads are repeated by a new worker. @param {string} [fragment] @returns {Promise<Described>} */
  async start(fragment = this.state.fragment) {
    for (let tries = 0; ; tries++) {
      try {
        return await this.send("open", fragment, BUILD, recall(), this.attributes);
      } catch (error) {
        if (/** @type {Problem} */ (error).code !== "download" || tries === PAUSES.length) throw error;
        const { line } = this;
        await new Promise((resolve) => setTimeout(resolve, PAUSES[tries]));
        if (this.line !== line || this.closed) return new Promise(() => {}); // restarted or closed meanwhile
        this.connect();
      }
    }
  }

  /** Tells the worker to train or pause, as wanted and allowed. */
  drive() {
    const { phase, wanted, visible, turn, describe } = this.state;
    const should = wanted && visible && turn === "mine" && describe !== null && ABLE.includes(phase);
    if (should === this.training) return;
    this.training = should;
    this.attempt(() => this.send(should ? "play" : "pause"), true);
    if (should) this.patch({ phase: "running" });
    else if (["running", "waiting"].includes(phase)) this.patch({ phase: "paused" });
  }

  /** Runs a command and puts its error into the state. @param {() => Promise<unknown>} work @param {boolean} [quiet] */
  async attempt(work, quiet = false) {
    if (!quiet) this.patch({ busy: true });
    try {
      await work();
    } catch (error) {
      if (this.closed) return;
      const found = problem(error);
      if (!this.state.describe) this.fail(found);
      else if (LOST.includes(found.code)) this.lost(found);
      else this.patch({ problem: found });
    } finally {
      if (!quiet) this.patch({ busy: false });
    }
  }

  /** @template {Command} C @param {C} command @param {Parameters<Engine[C]>} args @returns {Promise<Awaited<ReturnType<Engine[C]>>>} */
  send(command, ...args) {
    return this.line.send(command, ...args);
  }

  // ---- the worker's reports --------------------------------------------------------------------------------------

  /** Handles a report of the worker. @param {import("../worker/types.js").Reported} reported */
  report({ event, detail }) {
    switch (event) {
      case "opened":
        this.attributes = []; // the fragment has them now
        this.state.lanes = detail.lanes.map(({ config, changes }, at) => {
          const { id, saved } = this.state.lanes[at] ?? newLane();
          return { ...newLane(config, changes), id, saved }; // a new worker has the same lanes
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
        // A driver's error during training is permanent.
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
    // A record has the index of its step; the state counts finished steps.
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

  /** @param {Described} described */
  described(described) {
    this.confirmed = described;
    // The worker is ahead of the records, and may be at another step than the lost run. While a change is pending, the page's settings are newer.
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

  /** @param {Problem} problem */
  lost(problem) {
    this.training = false;
    this.patch({ phase: "lost", problem, busy: false });
  }

  /** The worker has ended. @param {Problem} problem */
  ended(problem) {
    if (this.state.describe) this.lost(problem);
  }

  /** Counts the seconds without news of the current work. */
  tick() {
    const { phase, busy, quiet } = this.state;
    const under = ["loading", "compiling"].includes(phase) || this.training || (busy && !["failed", "lost", "asleep"].includes(phase));
    if (!under) this.since = performance.now();
    const seconds = Math.floor((performance.now() - this.since) / 1000);
    if (seconds !== quiet) this.patch({ quiet: seconds });
  }

  /** @param {Problem} problem */
  fail(problem) {
    this.training = false;
    this.patch({ phase: "failed", problem, busy: false, wanted: false });
  }

  // ---- the state -------------------------------------------------------------------------------------------------

  /** Updates a lane. @param {number} at @param {Partial<Lane>} news */
  learn(at, news) {
    const lane = this.state.lanes[at];
    if (!lane) return; // removed meanwhile
    Object.assign(lane, news);
    if (at === this.state.shown) Object.assign(this.state, news);
  }

  /** @param {number} at */
  shownLane(at) {
    const { changes: _, id: __, ...lane } = this.state.lanes[at];
    return lane;
  }

  again() {
    this.patch({ run: this.state.run + 1, ...START, lanes: this.state.lanes.map((lane) => ({ ...lane, ...START })) });
    if (["diverged", "paused"].includes(this.state.phase)) this.patch({ phase: "ready" });
  }

  /** Reports settings changed during training. @param {Record<string, string>[]} before settings of each lane */
  markChanges(before) {
    this.state.lanes.forEach(({ step }, lane) => {
      // The engine's settings; those on the page may be newer.
      const { config } = this.confirmed.lanes[lane].describe;
      const marked = (/** @type {string} */ key) => this.setting(key)?.effect !== "view" && !key.startsWith("stop_");
      const changed = Object.keys(config).filter((key) => before[lane][key] !== config[key] && marked(key));
      if (changed.length > 0) this.emit("mark", { step, changes: changed.map((key) => [key, config[key], before[lane][key]]) }, lane);
    });
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
