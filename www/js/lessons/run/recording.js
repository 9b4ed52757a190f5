// @ts-check
/** Records the measurements of a lesson's run, lane by lane, until it has all steps that it needs. */
import { activationAt, gradientAt } from "../../charts/rows.js";
import { quantile } from "./measure.js";

/** Steps to wait for an evaluation that fails to arrive because test images are missing. */
const GRACE = 20;

export class Recording {
  /**
   * @param {EventTarget & {state: import("../../session/state.js").State}} session
   * @param {number} until steps
   * @param {() => void} ended called once
   * @param {string[]} [changeable] settings whose changes are recorded; any other change ends it
   */
  constructor(session, until, ended, changeable = []) {
    this.session = session;
    this.until = until;
    this.ended = ended;
    this.changeable = changeable;
    /** @type {import("./measure.js").Lane[]} */
    this.lanes = [];
    /** @type {"going" | "complete" | "interrupted"} */
    this.outcome = "going";
    this.run = session.state.run;
    this.listen = (/** @type {Event} */ event) => this.receive(/** @type {CustomEvent<import("../../session/state.js").Change>} */ (event).detail);
    session.addEventListener("change", this.listen);
  }

  /** What lessons measure. @returns {import("./measure.js").Run} */
  get measured() {
    const { blocks = [], classes = NaN } = this.session.state.describe?.network ?? {};
    return { names: blocks.map(({ name }) => name), classes, until: this.until, lanes: this.lanes };
  }

  /** The most steps of any lane. */
  get step() {
    return Math.max(0, ...this.lanes.map((lane) => lane?.records.at(-1)?.[0] ?? 0));
  }

  /** @param {"complete" | "interrupted"} outcome */
  end(outcome) {
    if (this.outcome !== "going") return;
    this.outcome = outcome;
    this.session.removeEventListener("change", this.listen);
    this.ended();
  }

  /** @param {import("../../session/state.js").Change} change */
  receive({ kind, detail, lane = 0 }) {
    const { state } = this.session;
    const allowed = kind === "mark" && detail.changes.every((/** @type {string[]} */ [key]) => this.changeable.includes(key));
    // A switch was changed, or the run was restarted: the numbers are no longer the lesson's.
    if ((kind === "mark" && !allowed) || state.run !== this.run) return this.end("interrupted");
    const into = this.lane(lane);
    if (kind === "cut") this.cut(into, detail);
    if (allowed) for (const [key, value, before] of detail.changes) into.changes.push({ step: detail.step, key, value, before });
    if (kind === "records") for (let i = 0; i < detail.length; i += 3) into.records.push([detail[i] + 1, detail[i + 1], detail[i + 2]]);
    if (kind === "evaluation") into.evaluations.push({ step: detail.step, loss: detail.loss, accuracy: detail.accuracy, train: detail.train });
    // Other snapshots are timed by the clock, not by steps.
    if (kind === "snapshot" && detail.fixed) this.look(into, detail, lane);
    if (this.enough()) this.end("complete");
  }

  /** The run continues from an earlier step. @param {import("./measure.js").Lane} into @param {number} last */
  cut(into, last) {
    into.records = into.records.filter(([step]) => step <= last);
    into.evaluations = into.evaluations.filter(({ step }) => step < last); // the one at this step will be repeated
    into.changes = into.changes.filter(({ step }) => step < last); // later changes will be repeated
    into.history = into.history.filter(({ step }) => step <= last);
    into.last = into.history.at(-1) ?? into.first;
  }

  /** @param {number} lane */
  lane(lane) {
    return (this.lanes[lane] ??= { records: [], evaluations: [], first: null, last: null, history: [], divergence: null, changes: [] });
  }

  /** @param {import("./measure.js").Lane} into @param {import("../../worker/types.js").Snapshot} snapshot @param {number} lane */
  look(into, { step, parameters, norms, activation_gradients, activations }, lane) {
    /** @type {import("../../worker/types.js").Description["network"] | undefined} */
    const network = this.side(lane).describe?.network;
    if (!network) return;
    const blocks = network.blocks.map(({ name }, index) => {
      const tensor = network.tensors.findIndex((tensor) => tensor.name === `${name}.weight`);
      const [weight, size] = [gradientAt(parameters, tensor).norm, norms[tensor]];
      const { norm: activation, zero } = gradientAt(activation_gradients, index);
      const stats = activationAt(activations, index);
      const { mean, std, max, saturated, dead } = stats;
      const [p5, p50, p95] = [0.05, 0.5, 0.95].map((q) => quantile(stats, q));
      return [name, { weight, size, activation, zero, mean, std, max, saturated, dead, p5, p50, p95 }];
    });
    this.keep(into, { step, layers: Object.fromEntries(blocks) });
  }

  /** @param {import("./measure.js").Lane} into @param {import("./measure.js").Look} look */
  keep(into, look) {
    into.last = look;
    if (look.step === 1) into.first = look;
    into.history.push(look);
  }

  /** The session's state of a lane; without lanes, of the run. @param {number} lane */
  side(lane) {
    const { state } = this.session;
    return state.lanes?.[lane] ?? state;
  }

  enough() {
    const { state } = this.session;
    const count = state.lanes?.length ?? 1;
    const evaluates = Number(state.config.test_every) > 0;
    for (let lane = 0; lane < count; lane++) {
      const { records, evaluations, last } = this.lane(lane);
      const { divergence } = this.side(lane);
      if (divergence) {
        this.lanes[lane].divergence = { step: divergence.step, layer: divergence.layer };
        continue;
      }
      const step = records.at(-1)?.[0] ?? 0;
      const has = (/** @type {{step: number} | null | undefined} */ last) => (last?.step ?? 0) >= this.until || step >= this.until + GRACE;
      if (step < this.until || !has(last) || (evaluates && !has(evaluations.at(-1)))) return false;
    }
    return true;
  }
}
