// @ts-check
/** A recording in place of the lab's own charts, which continue behind it. */
import { h, setAttribute, setText } from "../../kit/dom.js";
import { Recorded } from "./recorded.js";

/** Duration of the replay, ms; 0 with reduced motion. */
const DURATION = 6000;
/** Takes over the lab's panels. */
const TAKEN = /** @type {const} */ (["curves", "ridges", "norms", "activations"]);

export class Replay {
  /** @param {Pick<import("./types.js").Panel, "shell" | "aboutRecording" | "showProgress">} panel @param {import("./recorded.js").File} file @param {boolean} ahead the lesson's own run goes on behind it @param {() => void} ended called when the replay ends */
  constructor(panel, file, ahead, ended) {
    this.panel = panel;
    this.ahead = ahead;
    this.shell = panel.shell;
    this.recorded = new Recorded(file);
    this.ended = ended;
    const { views } = this.shell;
    // The same charts as the lab's, from the same module.
    this.views = new /** @type {typeof import("../../components/views.js").Views} */ (views?.constructor)(this.context);
    this.labels = Object.fromEntries(TAKEN.map((name) => [name, h("p", { class: "recording-label" })]));
    for (const name of TAKEN) this.views.hosts[name].classList.add("recording");
    this.views.curves.gap = views?.curves.gap ?? false;
    this.recorded.addEventListener("change", (event) => {
      this.views.receive(/** @type {CustomEvent<import("../../session/state.js").Change>} */ (event).detail);
    });
    this.look = "";
    this.frame = 0;
    this.update();
    this.play();
  }

  get file() {
    return this.recorded.file;
  }

  /** The lab's context with the recorded run. @returns {import("../../components/context.js").Context} */
  get context() {
    const { context } = this.shell;
    return {
      ...context,
      session: /** @type {import("../../session/session.js").Session} */ (/** @type {unknown} */ (this.recorded)),
      change: (changes) => {
        Object.assign(this.recorded.state.config, changes);
        this.views.update(this.recorded.state);
      },
      chartOptions: () => ({ ...context.chartOptions(), recorded: true }),
    };
  }

  play() {
    const { until } = this.file;
    const start = performance.now();
    const frame = (/** @type {number} */ now) => {
      const step = this.shell.context.chartOptions().reducedMotion ? until : Math.ceil((until * Math.max(0, now - start)) / DURATION);
      this.recorded.tell(Math.max(1, step));
      this.views.update(this.recorded.state);
      if (this.recorded.step < until) this.frame = requestAnimationFrame(frame);
      else this.ended();
      this.panel.showProgress();
    };
    this.frame = requestAnimationFrame(frame);
  }

  /** Restores its place after a new layout of the lab, and follows the lab's colours and language. */
  update() {
    const { shell, views, file } = this;
    setAttribute(shell.lab, "data-recording", true);
    const words = this.panel.aboutRecording("about", file);
    for (const name of TAKEN) {
      const [own, label, host] = [shell.views?.hosts[name], this.labels[name], views.hosts[name]];
      setText(label, words);
      label.title = words;
      if (!own || own.nextSibling === label) continue;
      own.hidden = true;
      own.after(label, host);
    }
    const look = `${shell.host.dataset.theme} ${shell.lab.lang} ${shell.size}`;
    if (look === this.look) return;
    this.look = look;
    views.context = this.context;
    views.refresh();
    views.update(this.recorded.state);
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    setAttribute(this.shell.lab, "data-recording", null);
    for (const name of TAKEN) {
      this.labels[name].remove();
      this.views.hosts[name].remove();
      const own = this.shell.views?.hosts[name];
      if (own) own.hidden = false;
    }
    this.views.destroy();
  }
}
