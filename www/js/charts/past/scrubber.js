// @ts-check
// The control that goes back in a run: a slider over the snapshots, one snapshot back or forward, and one click to the present.

import { h, setAttribute, setText } from "../../kit/dom.js";
import { listenToKeys } from "../../kit/keyboard.js";

/** Announced once the slider has rested for this long, ms. */
const REST = 600;

export class Scrubber {
  /**
   * @param {HTMLElement} host
   * @param {{word: (key: string, fields?: Record<string, string | number>) => string, count: (n: number) => string,
   *   go: (step: number | null) => void, describe: () => string}} timeline
   *   word: a text of this control; count: formats a step; go: shows the snapshot of a step, or the present; describe: its values in words
   */
  constructor(host, timeline) {
    this.timeline = timeline;
    /** @type {number[]} of the snapshots, ascending */
    this.steps = [];
    /** @type {number | null} the step on show; null: the present */
    this.step = null;
    this.timer = 0;
    this.stopKeys = () => {};
    const button = (/** @type {string} */ name, /** @type {string} */ text, /** @type {() => void} */ onclick) =>
      h("button", { type: "button", class: name, onclick }, text);
    this.slider = h("input", {
      type: "range",
      min: "0",
      max: "0",
      class: "history-slider",
      oninput: () => this.choose(Number(this.slider.value)),
      // The lab's keys do not act on a slider.
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && this.step !== null && (event.preventDefault(), this.choose(Infinity)),
    });
    this.previous = button("history-step", "‹", () => this.choose(this.index - 1));
    this.next = button("history-step", "›", () => this.choose(this.index + 1));
    this.back = button("history-back", "", () => this.leave());
    this.first = h("span", { class: "history-end" });
    this.last = h("span", { class: "history-end" });
    this.text = h("span", { class: "history-text" });
    this.spoken = h("p", { class: "chart-words", role: "status" });
    this.element = h(
      "div",
      { class: "history", role: "group" },
      h("div", { class: "history-track" }, this.previous, this.first, this.slider, this.last, this.next),
      h("div", { class: "history-words" }, this.text, this.back),
      this.spoken,
    );
    host.append(this.element);
    this.relabel();
  }

  /** In the page's language. */
  relabel() {
    const { word } = this.timeline;
    setAttribute(this.element, "aria-label", word("label"));
    setAttribute(this.slider, "aria-label", word("label"));
    for (const name of /** @type {const} */ (["previous", "next"])) {
      this[name].title = word(name);
      setAttribute(this[name], "aria-label", word(name));
    }
    setText(this.back, word("back"));
    this.back.title = word("back_title");
    this.update(this.steps, this.step);
  }

  /** Index of the snapshot on show; for the present, that of the last one. */
  get index() {
    const last = this.steps.length - 1;
    if (this.step === null) return last;
    let index = last;
    while (index > 0 && this.steps[index] > this.step) index--;
    return index;
  }

  /** @param {number} index of a snapshot; the last one is the present */
  choose(index) {
    const last = this.steps.length - 1;
    if (last < 1) return;
    const to = index >= last ? null : this.steps[Math.max(0, index)];
    if (to === this.step) return;
    this.timeline.go(to);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => setText(this.spoken, `${this.text.title}. ${this.timeline.describe()}`), REST);
  }

  /** Returns to the present; the pressed button disappears then. */
  leave() {
    this.choose(Infinity);
    this.slider.focus();
  }

  /** @param {number[]} steps of the snapshots @param {number | null} step the one on show @param {string} [after] the last switch changed before it */
  update(steps, step, after = "") {
    const { word, count } = this.timeline;
    if ((step === null) !== (this.step === null)) this.listen(step !== null);
    [this.steps, this.step] = [steps, step];
    const { index } = this;
    const none = steps.length < 2;
    this.slider.disabled = none;
    setAttribute(this.slider, "max", String(Math.max(0, steps.length - 1)));
    if (Number(this.slider.value) !== index) this.slider.value = String(Math.max(0, index));
    setAttribute(this.previous, "aria-disabled", none || index === 0 ? "true" : null);
    setAttribute(this.next, "aria-disabled", step === null ? "true" : null);
    setText(this.first, none ? "" : count(steps[0]));
    setText(this.last, none ? "" : count(steps[steps.length - 1]));
    const words = (/** @type {string} */ key) => {
      const at = step === null ? word("live") : word(key, { step: count(step) });
      return after ? `${at} · ${word("after", { label: after })}` : at;
    };
    setText(this.text, words("at"));
    this.text.title = words("step");
    setAttribute(this.slider, "aria-valuetext", words("step"));
    setAttribute(this.element, "data-past", step !== null);
  }

  /** Escape leaves the past; its other meanings apply only in the present. @param {boolean} on */
  listen(on) {
    this.stopKeys();
    const root = this.element.getRootNode();
    const host = root instanceof ShadowRoot ? /** @type {HTMLElement} */ (root.host) : document.body;
    this.stopKeys = on ? listenToKeys(host, () => this.choose(Infinity), [{ key: "Escape", action: "live" }]) : () => {};
  }

  destroy() {
    clearTimeout(this.timer);
    this.stopKeys();
    this.element.remove();
  }
}
