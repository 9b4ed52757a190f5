// @ts-check
/** The entry to lessons and recipes. */
import { OnDemand } from "./on_demand.js";

/**
 * @typedef {object} Panel See `lessons/panel.js`.
 * @property {HTMLElement} element
 * @property {{element: HTMLElement}} stage where its picture is
 * @property {string | undefined} step the step's name; undefined outside a lesson
 * @property {import("../worker/types.js").Unit | null} unit what the worker reads for the toy
 * @property {number} every steps between snapshots
 * @property {object | null} recording a run of a lesson
 * @property {() => import("./host.js").LessonCopy | null} copy
 * @property {string[] | null} laneNames its names of the networks, while they are those of its run
 * @property {(action: string) => unknown} act
 * @property {(action: string) => boolean} ends whether no step follows, or precedes
 * @property {(state: import("../session/state.js").State) => void} update
 * @property {() => void} destroy
 */

/** @extends {OnDemand<Panel>} */
export class Lesson extends OnDemand {
  /** @param {import("./host.js").Host} shell */
  constructor(shell) {
    super(shell, "lessons.js");
    /** A lesson to go on with, once it is open. @type {import("./host.js").LessonCopy | null} */
    this.kept = null;
  }

  /** Whether the settings name a lesson, loaded or not. */
  get named() {
    return !["none", "auto"].includes(this.shell.early("lesson"));
  }

  /** @param {string} action lessons, next, back, lead or resume */
  async act(action) {
    const { session, started } = this.shell;
    await Promise.all([session.opened, started]);
    if (!this.named && action !== "lessons") return;
    await this.load(true);
    this.panel?.update(session.state); // the lesson may have been chosen just now
    this.panel?.act(action);
  }

  /** Before the lesson's run has begun, Play and One step lead to it instead of training. @returns {boolean} whether they do */
  leads() {
    if (!this.named || this.panel?.recording) return false;
    this.act("lead");
    return true;
  }

  async fetch() {
    await super.fetch();
    this.shell.arrange();
  }

  /** @param {import("../session/state.js").State} state */
  update(state) {
    if (this.named) this.load();
    super.update(state);
  }
}
