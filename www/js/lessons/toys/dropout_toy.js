// @ts-check
/** The masks that dropout draws in fc6 and fc7, step by step, and p on a slider that acts on the second network's run. */
import { h, setAttribute, setText } from "../../kit/dom.js";
import { maskOf } from "../../drill/mask.js";
import { MaskGrid } from "../../drill/mask_grid.js";
import { integer, number } from "../../kit/format.js";

const LAYERS = ["fc6", "fc7"];
/** The network that has dropout. */
const LANE = 1;
/** Where the slider starts while there is no such network, and its largest value as long as nobody has told. */
const [START, MOST] = [0.5, 0.9];
/** Units of a layer in the lesson's network: a recording does not tell its shapes. */
export const UNITS = 64;
/** Rows of the picture for each column: it is four times as wide as it is high. */
const WIDE = 4;
/** Between two pictures for whoever wants little motion, ms. */
const REST = 1000;

export class DropoutToy {
  /** @param {import("../run/types.js").Panel} panel */
  constructor(panel) {
    const { say, terms, session } = (this.panel = panel);
    /** A value of the slider that is not the run's yet. @type {number | null} */
    this.tried = null;
    /** The last step and the p that it had. */
    this.last = { step: 0, p: NaN };
    /** Whose run it is. */
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
    // A step is told before a change that comes after it: this is the p that it had.
    this.listen = (/** @type {Event} */ event) => {
      const { kind, lane } = /** @type {CustomEvent} */ (event).detail;
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

  /** The second network, here or recorded; `p` is the setting, `last` its last step with the p that it had. */
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

  /** While the slider is moved. @param {number} p */
  attempt(p) {
    this.tried = p;
    this.draw();
  }

  /** Puts p into the second network, whose run goes on; without one it remains an attempt. @param {number} p */
  async commit(p) {
    this.attempt(p);
    if (!this.network.there) return;
    await this.panel.session.set({ dropout: String(p) }, false, LANE);
    if (this.tried === p) this.tried = null;
    this.draw();
  }

  /** With every frame that something has changed in. */
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
    // What has been drawn stays; another p acts from the next step on.
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

  /** Made anew for a network of another width. @param {DropoutToy["layers"][number]} layer @param {number} units */
  gridOf(layer, units) {
    if (layer.units === units) return layer.grid;
    layer.units = units;
    layer.grid = new MaskGrid(units, Math.ceil(Math.sqrt(WIDE * units)));
    layer.picture.replaceChildren(layer.grid.element);
    return layer.grid;
  }
}
