// @ts-check
/** The runs of lessons: the current one, the finished ones, and the recordings that ship with the page. */
import { h, setText } from "../kit/dom.js";
import { apply, differing } from "./run/apply.js";
import { fetchRecording } from "./run/recorded.js";
import { Recording } from "./run/recording.js";
import { Replay } from "./run/replay.js";

/** The depth in a lesson's settings, if the lesson offers others. */
const DEPTH = /(?<=\bdepth=)\d+/;
/** Pause before another try for images that have not arrived, ms. */
const RETRY = 200;
/** Steps after which a run's speed is known. */
const SOON = 5;
/** Seconds left of a run that are short enough to watch it instead of its recording. */
const QUICK = 15;

/** @typedef {import("./run/types.js").Result} Result */

/** The depth that a lesson is written and recorded for. @param {import("./run/types.js").Lesson | null} lesson */
const depthOf = (lesson) => (lesson?.depths && lesson.fragment.match(DEPTH)?.[0]) ?? "";

/** The values of the settings in which a lesson's networks differ. @param {import("../session/state.js").State} state @param {import("./run/types.js").Lesson | null} lesson */
const lanesOf = ({ lanes }, lesson) => JSON.stringify(lanes.map(({ config }) => differing(lesson?.fragment ?? "").map((key) => config[key])));

export class Runs {
  /** @param {import("../components/host.js").Host} shell */
  constructor(shell) {
    this.shell = shell;
    this.session = shell.session;
    /** @type {import("../kit/i18n.js").Texts | null} the lessons' texts */
    this.texts = null;
    /** @type {import("./run/types.js").Lesson | null} */
    this.lesson = null;
    /** @type {Map<string, Result[]>} by lesson and depth, newest last */
    this.results = new Map();
    /** The setting `depth` of the lesson's run, if there is a choice. */
    this.depth = "";
    /** @type {Recording | null} */
    this.recording = null;
    /** The networks as the run made them. */
    this.ownLanes = "";
    /** Counts the requested runs and recordings: the last one wins. */
    this.asked = 0;
    /** Milliseconds per step of its run. */
    this.pace = NaN;
    /** @type {Replay | null} the recording on show */
    this.replay = null;
    /** Text for screen readers. */
    this.live = h("p", { class: "visually-hidden", role: "status" });
  }

  /** @returns {import("../kit/i18n.js").Texts} */
  get say() {
    return /** @type {import("../kit/i18n.js").Texts} */ (this.texts);
  }

  /** The open lesson's runs at the current depth, newest last. */
  get ran() {
    return this.results.get(`${this.lesson?.name} ${this.depth}`) ?? [];
  }

  /** The newest of them. */
  get result() {
    return this.ran.at(-1);
  }

  /** The run on show: the recording's, the current one, or the last one. @returns {import("./run/measure.js").Run | undefined} */
  get shownRun() {
    return this.replay?.recorded.measured ?? this.recording?.measured ?? this.result?.run;
  }

  /** The lesson's names of the networks, while they are as its run made them. */
  get laneNames() {
    const { lesson, replay, session } = this;
    const own = replay !== null || (this.recording !== null && this.ownLanes === lanesOf(session.state, lesson));
    return lesson && own ? lesson.lanes.map((lane) => this.say(`lessons.${lesson.name}.lanes.${lane}`)) : null;
  }

  /** Steps between the snapshots that the worker takes while the lesson runs. */
  get every() {
    return this.recording?.outcome === "going" ? (this.lesson?.every ?? 0) : 0;
  }

  /** The engine has not started, so nothing runs here. */
  get stuck() {
    const { phase, describe } = this.session.state;
    return phase === "failed" && !describe;
  }

  /** The initial depth of a lesson: the link's, if nothing has been trained yet. @param {import("./run/types.js").Lesson | null} lesson */
  firstDepth(lesson) {
    const { config, step } = this.session.state;
    const own = depthOf(lesson);
    return step === 0 && !this.stuck && config.depth !== "0" && lesson?.depths?.includes(config.depth) ? config.depth : own;
  }

  get seed() {
    return Number(this.session.state.config.seed);
  }

  /** Seconds left of the current run; NaN while its speed is not known. */
  get left() {
    const { recording, lesson, pace } = this;
    const going = recording?.outcome === "going" && recording.step >= SOON;
    return going && lesson ? (pace * (lesson.until - recording.step)) / 1000 : NaN;
  }

  /** Starts the lesson's run, and shows its recording in front of it at once: until the run turns out to be quick, is over, or is asked for. */
  async begin() {
    const { lesson } = this;
    if (this.stuck) return this.showRecording();
    this.start(this.seed);
    // The smallest view has no room to say that it shows a recording.
    if (!lesson || this.shell.size === "mini" || this.depth !== depthOf(lesson)) return;
    const { asked } = this;
    const file = await fetchRecording(lesson.name).catch(() => null); // the run shows itself
    const own = file?.fragment === lesson.fragment && file.until === lesson.until;
    if (file && own && this.asked === asked && this.recording?.outcome !== "complete" && !this.replay) this.present(lesson, file, true);
  }

  /** Trains the lesson's run. Its first step is measured in full. @param {number} seed */
  async start(seed) {
    const { session, lesson, depth } = this;
    if (!lesson) return;
    this.interrupt();
    this.leaveRecording();
    this.pace = NaN;
    const asked = ++this.asked;
    const fragment = lesson.depths ? lesson.fragment.replace(DEPTH, depth) : lesson.fragment;
    if (!(await apply(session, `${fragment}&seed=${seed}`)) || this.lesson !== lesson || this.asked !== asked) return;
    const recording = new Recording(session, lesson.until, () => this.ended(recording, lesson, depth, seed), lesson.changeable);
    this.recording = recording;
    this.ownLanes = lanesOf(session.state, lesson);
    this.show();
    while (recording.step === 0 && recording.outcome === "going" && session.state.phase !== "diverged") {
      await session.step();
      if (recording.step === 0) await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
    if (recording.outcome === "going") session.play();
  }

  /** Drops the current run. */
  interrupt() {
    this.recording?.end("interrupted");
    this.recording = null;
  }

  /** Sets the lesson; null for none. @param {import("./run/types.js").Lesson | null} lesson */
  take(lesson) {
    this.lesson = lesson;
    this.depth = this.firstDepth(lesson);
  }

  /** Sets the depth of the lesson's network. @param {string} depth */
  deepen(depth) {
    if (this.recording?.outcome === "going") this.session.pause();
    this.interrupt();
    this.asked++;
    this.leaveRecording();
    this.depth = depth;
  }

  /** @param {Recording} recording @param {import("./run/types.js").Lesson} lesson @param {string} depth @param {number} seed */
  ended(recording, lesson, depth, seed) {
    this.leaveRecording();
    if (recording.outcome === "complete") {
      this.session.pause();
      this.keep(lesson, depth, { seed, run: recording.measured });
      setText(this.live, this.say("run.complete"));
    }
    this.show();
  }

  /** @param {import("./run/types.js").Lesson} lesson @param {string} depth @param {Omit<Result, "outcome" | "values">} result replaces an earlier one with the same seed and origin */
  keep(lesson, depth, result) {
    const key = `${lesson.name} ${depth}`;
    const earlier = (this.results.get(key) ?? []).filter(({ seed, recorded }) => seed !== result.seed || !recorded !== !result.recorded);
    const measured = lesson.measure(result.run);
    // The prediction only applies to the lesson's own settings.
    if (result.run.lanes.some(({ changes }) => changes.length > 0)) measured.outcome = "";
    this.results.set(key, [...earlier, { ...result, ...measured }]);
  }

  // ---- the recording -----------------------------------------------------------------------------------------------

  /** Shows the run that ships with the page. A run of the lesson goes on behind it; any other waits. */
  async showRecording() {
    const { session, lesson } = this;
    if (!lesson) return;
    const ahead = this.recording?.outcome === "going" && this.depth === depthOf(lesson);
    if (!ahead) {
      this.interrupt();
      this.asked++;
      this.depth = depthOf(lesson);
      session.pause();
    }
    await session.attempt(async () => {
      const file = await fetchRecording(lesson.name);
      if (this.lesson === lesson && !this.replay) this.present(lesson, file, ahead);
    }, true);
  }

  /** @param {import("./run/types.js").Lesson} lesson @param {import("./run/recorded.js").File} file @param {boolean} ahead the lesson's own run goes on behind it */
  present(lesson, file, ahead) {
    this.replay = new Replay(this, file, ahead, () => {
      this.keep(lesson, depthOf(lesson), { seed: file.seed, run: /** @type {Replay} */ (this.replay).recorded.measured, recorded: file });
      setText(this.live, this.say("recorded.complete"));
      this.show();
    });
    this.show();
  }

  /** Whether training takes the recording's place. @param {boolean} wanted whether the session trains */
  overtakes(wanted) {
    return this.replay !== null && (this.replay.ahead ? this.left <= QUICK : wanted);
  }

  leaveRecording() {
    this.replay?.destroy();
    this.replay = null;
  }

  /** A sentence on where and when it was recorded. @param {string} key @param {import("./run/recorded.js").File} file */
  aboutRecording(key, { date, backend, seed, version }) {
    const where = this.shell.context.t(`backends.${backend.name}_long`, { simd: backend.simd });
    return this.say(`recorded.${key}`, { date, backend: where, seed, version });
  }

  // ---- overridden by the panel -------------------------------------------------------------------------------------

  /** Redraws everything. */
  show() {}

  /** Shows the progress of the run, here or recorded. */
  showProgress() {}
}
