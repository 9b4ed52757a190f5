// @ts-check
/** The base of toys that look into the network: a test image, and a channel and a pixel of one layer's output for it. */
import { h, setText } from "../../kit/dom.js";
import { INPUT, channelOf, placeOf } from "../../drill/arithmetic.js";
import { figure } from "../../drill/formula.js";
import { numberField } from "../../kit/number.js";
import { PixelMap } from "../../drill/map.js";

/**
 * @typedef {import("../../drill/arithmetic.js").Place} Place
 * @typedef {{layer: import("../../worker/types.js").Layer, image: Float32Array, values: Float32Array}} Reading the image as the network receives it, and the layer's output
 */

export class ProbeToy {
  /** @param {import("../run/types.js").Panel} panel @param {string} name of its texts */
  constructor(panel, name) {
    this.panel = panel;
    /** -1 until the first reading. */
    this.channel = -1;
    this.place = { row: 0, column: 0 };
    /** @type {Reading | null} */
    this.reading = null;
    this.frame = 0;
    this.theme = panel.shell.host.dataset.theme;
    /** The request to the worker, once the toy is in the panel. */
    this.asked = JSON.stringify(this.unit);
    /** @type {PixelMap[]} */
    this.maps = [];
    const { say, terms } = panel;
    const number = (/** @type {string} */ key, /** @type {number} */ min, /** @type {(value: number) => void} */ choose) => {
      const input = numberField(min, choose);
      return { input, element: h("label", { class: `probe-number probe-number-${key}` }, h("span", { class: "fine" }, say(`probe.${key}`)), input) };
    };
    this.imageNumber = number("image", 0, (image) => panel.shell.change({ image: String(image) }));
    this.channelNumber = number("channel", 1, (channel) => this.chooseChannel(channel - 1));
    this.image = this.map("image");
    this.looked = this.map("looked", { onpick: (place) => this.choosePlace(place) });
    this.where = h("p", { class: "fine probe-where" });
    this.missing = h("p");
    const parts = h("div", { class: "probe-parts" }, this.parts());
    /** Shown once there is a reading. */
    this.seen = [this.image.element, this.looked.element, this.where, parts];
    this.choice = h("div", { class: "probe-choice" }, this.imageNumber.element, this.channelNumber.element, this.seen.slice(0, 3));
    this.element = h(
      "div",
      { class: "toy probe", role: "group", "aria-label": say(`${name}.title`) },
      h("p", { class: "fine probe-how" }, terms.nodes(say(`${name}.how`))),
      this.missing,
      h("div", { class: "probe-body" }, this.choice, parts),
    );
    this.update();
  }

  // ---- overridden by toys ------------------------------------------------------------------------------------------

  /** The layer whose output is shown. @returns {import("../../worker/types.js").Layer | undefined} */
  get layer() {
    return undefined;
  }

  /** Index of the value shown first: the largest. @param {Float32Array} values @param {number} _channels */
  first(values, _channels) {
    return values.reduce((best, x, at) => (x > values[best] ? at : best), 0);
  }

  /** The elements beside the map. @returns {Node[]} */
  parts() {
    return [];
  }

  /** @param {Reading} _reading @param {Float32Array} _map the chosen channel's */
  draw(_reading, _map) {}

  // ---- what is on view ---------------------------------------------------------------------------------------------

  get layers() {
    return this.panel.session.state.describe?.network.layers ?? [];
  }

  /** @returns {import("../../worker/types.js").Unit | null} */
  get unit() {
    const { layer } = this;
    return layer ? { image: Number(this.panel.session.state.config.image), channel: undefined, layers: [INPUT, layer.name], learnt: [] } : null;
  }

  /** A map with its box. @param {string} name @param {Partial<ConstructorParameters<typeof PixelMap>[1]> & {fields?: Record<string, string>}} [more] fields: for its texts */
  map(name, { fields, ...more } = {}) {
    const { shell, say, inside } = this.panel;
    const { context } = shell;
    const words = (/** @type {string} */ key, values = {}) => ([say, inside].find((texts) => texts.has(key)) ?? context.t)(key, { ...fields, ...values });
    const element = h("div", { class: `probe-map probe-${name}` });
    const map = new PixelMap(element, { ...context.chartOptions(), t: words, say: inside, ...more }, name);
    this.maps.push(map);
    return { element, map };
  }

  /** @param {number} channel */
  chooseChannel(channel) {
    this.channel = Math.max(0, Math.min(Math.round(channel) || 0, (this.layer?.output.channels ?? 1) - 1));
    this.redraw();
  }

  /** @param {Place} place */
  choosePlace(place) {
    this.place = place;
    this.redraw();
  }

  // ---- incoming data -----------------------------------------------------------------------------------------------

  /** @param {import("../../worker/types.js").UnitReading} detail */
  receive({ unit, outputs: [image, values] }) {
    const { layer } = this;
    if (!layer || JSON.stringify(unit) !== JSON.stringify(this.unit)) return;
    const { height, width, channels } = layer.output;
    this.reading = image && values?.length === height * width * channels ? { layer, image, values } : null;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.redraw();
    });
  }

  /** Called for each frame with a change. */
  update() {
    const { shell, session } = this.panel;
    const asked = JSON.stringify(this.unit);
    if (asked !== this.asked) {
      this.asked = asked;
      if (!this.unit) this.reading = null;
      shell.watch();
    }
    if (!this.reading) this.redraw();
    if (this.theme !== shell.host.dataset.theme) for (const map of this.maps) map.refreshTheme();
    this.theme = shell.host.dataset.theme;
    if (this.imageNumber.input !== shell.root.activeElement) this.imageNumber.input.value = session.state.config.image ?? "";
  }

  /** Draws everything from the last reading. */
  redraw() {
    const { reading } = this;
    for (const part of this.seen) part.hidden = reading === null;
    this.choice.hidden = !this.layer;
    this.missing.hidden = reading !== null;
    if (!reading) return setText(this.missing, this.why());
    const { layer, image, values } = reading;
    const { height, width, channels } = layer.output;
    if (this.channel < 0) {
      const at = this.first(values, channels);
      Object.assign(this, { channel: at % channels, place: placeOf(Math.floor(at / channels), width) });
    }
    // Another network may have fewer channels and pixels.
    this.channel = Math.min(this.channel, channels - 1);
    this.place = { row: Math.min(this.place.row, height - 1), column: Math.min(this.place.column, width - 1) };
    const {
      channel,
      place,
      channelNumber: { input },
      panel,
    } = this;
    const map = channelOf(values, channels, channel);
    const network = panel.session.state.describe?.network.input ?? layer.input;
    this.image.map.update({ ...network, channels: [0, 1, 2].map((c) => channelOf(image, 3, c)) });
    this.looked.map.update({ ...layer.output, channels: [map], place });
    input.max = String(channels);
    if (input !== panel.shell.root.activeElement) input.value = String(channel + 1);
    setText(
      this.where,
      panel.say("probe.place", {
        layer: layer.name,
        channel: channel + 1,
        row: place.row + 1,
        column: place.column + 1,
        value: figure(map[place.row * width + place.column]),
      }),
    );
    this.draw(reading, map);
  }

  /** Says why nothing is shown. */
  why() {
    const { say, stuck, session } = this.panel;
    const { config, describe } = session.state;
    const count = describe?.data.test_arrived ?? 0;
    return stuck
      ? say("probe.no_engine")
      : Number(config.image) >= count && count > 0
        ? say("probe.missing", { image: config.image, count })
        : say("probe.waiting");
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    for (const map of this.maps) map.destroy();
  }
}
