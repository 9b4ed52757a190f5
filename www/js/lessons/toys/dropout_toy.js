// @ts-check
/** The masks that dropout draws in fc6 and fc7, step by step, and p on a slider that acts on the second network's run. */
import { h, setAttribute, setText } from "../../kit/dom.js";
import { maskOf } from "../../drill/mask.js";
import { MaskGrid } from "../../drill/mask_grid.js";
import { integer, number } from "../../kit/format.js";

const LAYERS = ["fc6", "fc7"];
/** The network that has dropout. */
const LANE = 1;
/** The slider's start without such a network, and its largest value until the schema is known. */
const [START, MOST] = [0.5, 0.9];
/** Units of a layer in the lesson's network: a recording does not contain its shapes. */
export const UNITS = 64;
/** Width of the picture relative to its height. */
const WIDE = 4;
/** Time between two pictures with reduced motion, ms. */
const REST = 1000;

export class DropoutToy {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    const { say, terms, session } = (this.panel = panel);
    /** A value of the slider that the run does not have yet. @type {number | null} */
    this.tried = null;
    /** The last step and its p. */
    this.last = { step: 0, p: NaN };
    /** Identifies the run. */
    this.run = "";
    this.drawn = 0;
    this.timer = 0;
    this.when = h("p", { class: "mask-when" });
    this.layers = LAYERS.map((name) => {
      const [words, picture] = [h("figcaption"), h("div")];
      return { name, words, picture, grid: new MaskGrid(0, 1), units: 0, element: h("figure", { class: "mask-layer" }, words, picture) };
    });
    this.value = h("output", { class: "figure" });
    this.input = h("input", {
      type: "range",
      min: 0,
      max: session.setting("dropout")?.max ?? MOST,
      step: 0.05,
      oninput: () => this.attempt(Number(this.input.value)),
      onchange: () => this.commit(Number(this.input.value)),
    });
    this.factor = h("p");
    this.effect = h("p", { class: "fine" });
    this.element = h(
      "div",
      { class: "toy toy-wide", role: "group", "aria-label": say("mask.title") },
      h("p", null, terms.nodes(say("mask.how"))),
      h("label", { class: "toy-slider" }, h("span", null, say("mask.p")), this.input, this.value),
      this.when,
      h(
        "div",
        { class: "mask-layers" },
        this.layers.map(({ element }) => element),
      ),
      this.factor,
      this.effect,
    );
    // A step is reported before any later change, so this is the p of that step.
    this.listen = (/** @type {Event} */ event) => {
      const { kind, lane } = /** @type {CustomEvent<import("../../session/state.js").Change>} */ (event).detail;
      if (kind !== "records" || lane !== LANE) return;
      this.last = { step: session.state.lanes[LANE]?.step ?? 0, p: Number(session.confirmed.lanes[LANE]?.describe.config.dropout) };
    };
    session.addEventListener("change", this.listen);
    this.draw();
  }

  destroy() {
    clearTimeout(this.timer);
    this.panel.session.removeEventListener("change", this.listen);
  }

  /** The second network, here or recorded; `p` is the setting, `last` its last step with the p of that step. */
  get network() {
    const { replay, session } = this.panel;
    if (replay) {
      const { step, state } = replay.recorded;
      const { config } = state.lanes[LANE];
      const p = Number(config.dropout);
      return { there: false, seed: replay.file.seed, p, last: { step, p }, step, units: UNITS };
    }
    const { lanes } = session.state;
    const { config, describe, step } = lanes[LANE] ?? { ...lanes[0], step: 0 };
    const there = lanes.length > LANE;
    const units = describe?.network.layers.find(({ name }) => name === `${LAYERS[0]}.dropout`)?.output.channels ?? UNITS;
    return { there, seed: Number(config.seed ?? 1), p: there ? Number(config.dropout) : START, last: this.last, step, units };
  }

  /** Tries a value while the slider moves. @param {number} p */
  attempt(p) {
    this.tried = p;
    this.draw();
  }

  /** Sets p in the second network, whose run continues; without one, p is only tried. @param {number} p */
  async commit(p) {
    this.attempt(p);
    if (!this.network.there) return;
    await this.panel.session.set({ dropout: String(p) }, false, LANE);
    if (this.tried === p) this.tried = null;
    this.draw();
  }

  /** Called for each frame with a change. */
  update() {
    const rest = this.panel.shell.context.chartOptions().reducedMotion ? this.drawn + REST - performance.now() : 0;
    if (rest <= 0) this.draw();
    else this.timer ||= window.setTimeout(() => this.draw(), rest);
  }

  draw() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.drawn = performance.now();
    const { say, replay, session } = this.panel;
    const run = `${session.state.run} ${replay !== null}`;
    if (run !== this.run) this.tried = null;
    this.run = run;
    const { there, seed, p: set, last, step, units } = this.network;
    const p = this.tried ?? set;
    // The last step's mask stays; another p takes effect at the next step.
    const past = step > 0 && last.step === step && (last.p === p || replay !== null);
    const of = past ? step : step + 1;
    const tried = replay !== null && last.p !== p;
    setText(this.when, say(`mask.${tried ? "tried" : past ? "last" : "next"}`, { step: integer(of) }));
    for (const layer of this.layers) {
      const mask = maskOf(`${layer.name}.dropout`, units, seed, of - 1, p);
      const kept = mask.filter(Boolean).length;
      setText(layer.words, say("mask.layer", { layer: layer.name, kept: integer(kept), total: integer(units) }));
      this.gridOf(layer, units).update(mask);
    }
    if (this.tried === null || !this.input.matches(":active")) this.input.value = String(p);
    setText(this.value, number(p));
    setAttribute(this.input, "aria-valuetext", number(p));
    setText(this.factor, say("mask.factor", { p: number(p), factor: number(1 / (1 - p)) }));
    setText(this.effect, say(`mask.effect.${there ? "live" : replay ? "recorded" : "none"}`));
  }

  /** Rebuilt for a network of another width. @param {DropoutToy["layers"][number]} layer @param {number} units */
  gridOf(layer, units) {
    if (layer.units === units) return layer.grid;
    layer.units = units;
    layer.grid = new MaskGrid(units, Math.ceil(Math.sqrt(WIDE * units)));
    layer.picture.replaceChildren(layer.grid.element);
    return layer.grid;
  }
}
