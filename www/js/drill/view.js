// @ts-check
/** The view into a layer: one channel, one pixel of it, and the arithmetic of this output with the current numbers. */
import { FeatureMaps } from "../charts/pictures/feature_maps.js";
import { h, setText } from "../kit/dom.js";
import { integer, writeIn } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { numberField } from "../kit/number.js";
import { Terms } from "../components/terms.js";
import { INPUT, channelOf, largest, placeOf, pooledPlace, stagesOf, tapsOf, weightsAt } from "./arithmetic.js";
import { cardOf } from "./cards.js";
import { figure } from "./formula.js";
import { PixelMap } from "./map.js";
import english from "../../i18n/drill.en.json" with { type: "json" };
import lessonsEnglish from "../../i18n/lessons.en.json" with { type: "json" };

/**
 * @typedef {import("../worker/types.js").Layer} Layer
 * @typedef {import("./arithmetic.js").Place} Place
 * @typedef {{layers: Layer[], before: Layer | undefined, outputs: Float32Array[], image: Float32Array, learnt: Record<string, Float32Array>, channel: number, step: number}} Reading
 */

export class View {
  /** @param {import("../components/host.js").Host} shell */
  constructor(shell) {
    this.shell = shell;
    this.session = shell.session;
    this.terms = new Terms();
    /** The requested language. */
    this.language = "";
    /** @type {import("../kit/i18n.js").Texts | null} */
    this.texts = null;
    this.block = "conv1";
    this.channel = 0;
    /** @type {Place | null} until one is chosen, the largest value of the first map */
    this.place = null;
    /** The input channel whose patch is shown; -1 for the one that contributes most. */
    this.wantedTap = -1;
    this.tap = 0;
    /** @type {Reading | null} */
    this.reading = null;
    /** @type {import("./card.js").Card[]} */
    this.cards = [];
    /** @type {import("./arithmetic.js").Stage[]} as last drawn */
    this.stages = [];
    /** Identifies what the cards were made for. */
    this.key = "";
    this.frame = 0;
    /** The last settings: whether the view is open, and its layer. */
    this.asked = { inside: "false", layer: "" };
    /** @type {string | undefined} */
    this.theme = undefined;
    this.dialog = h("dialog", { class: "dialog drill", "aria-labelledby": "drill-title", onclose: () => this.closed() });
    // Outside the lab's layout, which is rebuilt at times: moving a dialog closes it.
    this.element = h("div", { class: "lab drill-host" }, this.dialog);
    shell.root.append(this.element);
    /** @type {{destroy: () => void, refreshTheme: () => void}[]} */
    this.charts = [];
    const receive = (/** @type {Event} */ event) => this.receive(/** @type {CustomEvent<import("../session/state.js").Change>} */ (event).detail);
    this.session.addEventListener("change", receive);
    this.forget = () => this.session.removeEventListener("change", receive);
  }

  destroy() {
    this.forget();
    cancelAnimationFrame(this.frame);
    for (const chart of this.charts) chart.destroy();
    this.element.remove();
  }

  /** @returns {import("../kit/i18n.js").Texts} */
  get say() {
    return /** @type {import("../kit/i18n.js").Texts} */ (this.texts);
  }

  /** In the page's language. */
  translate() {
    const { language } = this.shell.context.t;
    this.language = language;
    return this.shell.supply.speak(language, { "drill.": english, "lessons.": lessonsEnglish }, (own, lessons) => {
      if (this.language !== language) return;
      this.texts = own;
      writeIn(language);
      this.terms.sentence = (key) => (own.has(`terms.${key}`) ? own : lessons)(`terms.${key}`);
      this.build();
    });
  }

  // ---- what is on view ---------------------------------------------------------------------------------------------

  get network() {
    return this.session.state.describe?.network;
  }

  get blocks() {
    return this.network?.blocks ?? [];
  }

  /** The block's layers, and the one before them. */
  get layers() {
    const { start, end } = this.blocks.find(({ name }) => name === this.block)?.layers ?? { start: 0, end: 0 };
    const all = this.network?.layers ?? [];
    return { layers: all.slice(start, end), before: /** @type {Layer | undefined} */ (all[start - 1]) };
  }

  /** What the worker reads; null while nothing is on view. @returns {import("../worker/types.js").Unit | null} */
  get unit() {
    const { layers, before } = this.layers;
    if (!this.dialog.open || layers.length === 0) return null;
    const learnt = layers.filter(({ kind }) => ["conv", "local", "linear", "batch_norm"].includes(kind));
    const names = (/** @type {Layer[]} */ list) => list.map(({ name }) => name);
    return {
      image: Number(this.session.state.config.image),
      channel: this.channel,
      layers: [INPUT, ...names(before ? [before] : []), ...names(layers)],
      learnt: names(learnt),
    };
  }

  /** @param {string} block @param {number} [channel] */
  enter(block, channel = 0) {
    if (!this.dialog.open) this.dialog.showModal();
    this.look(block, channel);
    this.title?.focus();
  }

  /** Opens the view; the link records that it is open, and where. @param {string} block @param {number} channel */
  look(block, channel) {
    this.shell.change({ inside: "true", layer: block });
    if (block !== this.block || channel !== this.channel) this.reading = null;
    Object.assign(this, { block, channel, place: null, wantedTap: -1 });
    this.follow();
  }

  /** @param {number} channel */
  chooseChannel(channel) {
    this.channel = Math.max(0, Math.min(channel, (this.layers.layers[0]?.output.channels ?? 1) - 1));
    this.follow();
  }

  /** @param {Place} place */
  choosePlace(place) {
    this.place = place;
    this.draw();
  }

  /** @param {number} tap an input channel */
  chooseTap(tap) {
    this.wantedTap = tap;
    this.draw();
  }

  /** Requests the data on view. */
  follow() {
    this.update(this.session.state);
    this.shell.watch();
  }

  closed() {
    this.terms.hide();
    this.reading = null;
    this.shell.change({ inside: "false" });
    this.shell.watch();
  }

  /** Follows changed settings. @param {Record<string, string>} config */
  obey({ inside, layer }) {
    const before = this.asked;
    this.asked = { inside, layer };
    if (inside !== before.inside && (inside === "true") !== this.dialog.open) return inside === "true" ? this.enter(layer) : this.dialog.close();
    if (layer !== before.layer && layer !== this.block && this.dialog.open) this.look(layer, 0);
  }

  // ---- incoming data -----------------------------------------------------------------------------------------------

  /** @param {import("../session/state.js").Change} change */
  receive({ kind, detail }) {
    if (kind !== "unit" || JSON.stringify(detail.unit) !== JSON.stringify(this.unit)) return;
    const { layers, before } = this.layers;
    const [image, ...others] = detail.outputs;
    const outputs = before ? others : detail.outputs;
    const fits = [layers[0].input, ...layers.map(({ output }) => output)].every(
      ({ height, width, channels }, at) => outputs[at]?.length === height * width * channels,
    );
    if (!fits) return; // the image has not arrived, or the network has changed
    const learnt = Object.fromEntries(detail.unit.learnt.map((name, at) => [name, detail.learnt[at]]));
    this.reading = /** @type {Reading} */ ({ layers, before, image, outputs, learnt, channel: detail.unit.channel, step: this.session.state.step });
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** Called for each frame with a change. @param {import("../session/state.js").State} state */
  update({ wanted, step, config }) {
    if (!this.texts) return;
    this.obey(config);
    if (!this.dialog.open) return;
    const { t } = this.shell.context;
    if (this.language !== t.language) return void this.translate();
    // Another network may have fewer layers and channels.
    const [layer] = this.layers.layers;
    if (this.blocks.length > 0 && !layer) return this.look(this.blocks[0].name, 0);
    if (layer && this.channel >= layer.output.channels) return this.look(this.block, 0);
    this.compose();
    if (this.theme !== this.shell.host.dataset.theme) for (const chart of this.charts) chart.refreshTheme();
    this.theme = this.shell.host.dataset.theme;
    if (this.counter) setText(this.counter, this.say("step", { step: integer(step) }));
    if (this.play) setText(this.play, t(wanted ? "actions.pause" : "actions.play"));
    if (this.imageInput && this.imageInput !== this.shell.root.activeElement) this.imageInput.value = config.image;
  }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  /** The frame of the view, in the current language. */
  build() {
    const { say, terms } = this;
    const { context } = this.shell;
    const { t, chartOptions } = context;
    for (const chart of this.charts) chart.destroy();
    this.element.lang = this.shell.lab.lang;
    this.key = "";
    this.theme = this.shell.host.dataset.theme;
    const words = (/** @type {string} */ key, /** @type {Record<string, string | number>} */ values = {}) =>
      (say.has(key) ? say : this.shell.context.t)(key, values);
    const options = { ...chartOptions(), t: words, say };
    const host = (/** @type {string} */ name) => h("div", { class: `drill-view drill-${name}` });
    const hosts = { image: host("image"), input: host("input"), maps: host("maps"), pixel: host("pixel") };
    this.image = new PixelMap(hosts.image, options, "image");
    this.input = new PixelMap(hosts.input, options, "patch");
    this.maps = new FeatureMaps(hosts.maps, { ...options, onpick: (channel) => this.chooseChannel(channel) });
    this.map = new PixelMap(hosts.pixel, { ...options, onpick: (place) => this.choosePlace(place) }, "pixel");
    this.charts = [this.image, this.input, this.maps, this.map];
    this.title = h("h2", { id: "drill-title", tabIndex: -1 }, say("title"));
    this.counter = h("span", { class: "fine figure" });
    this.play = h("button", { type: "button", class: "action", onclick: () => context.act("play") });
    const once = h("button", { type: "button", class: "action", title: t("actions.step_title"), onclick: () => context.act("step") }, t("actions.step"));
    const close = h("button", { type: "button", class: "tool", "aria-label": t("actions.close"), onclick: () => this.dialog.close() }, icon("close"));
    this.buttons = h("div", { class: "drill-blocks", role: "group", "aria-label": say("layer") });
    this.channelInput = numberField(1, (n) => this.chooseChannel(n - 1));
    this.imageInput = numberField(0, (n) => this.shell.change({ image: String(n) }));
    this.where = h("p", { class: "fine" });
    const drawn = (/** @type {"input" | "pixel"} */ name) => h("figure", null, hosts[name], h("figcaption", { class: "fine" }, say(`pick.${name}`)));
    this.empty = h("p", { class: "drill-empty" }, say("waiting"));
    this.chain = h("div", { class: "drill-chain" });
    const step = (/** @type {string} */ name, /** @type {(Node | string)[]} */ ...content) =>
      h("div", { class: `drill-step drill-step-${name}` }, h("h3", null, terms.nodes(say(`pick.${name}`))), content);
    const channel = step("channel", h("label", { class: "bar" }, h("span", { class: "fine" }, say("pick.number")), this.channelInput), hosts.maps);
    this.channelTitle = /** @type {HTMLElement} */ (channel.firstChild);
    this.placeStep = step("place", h("div", { class: "drill-places" }, drawn("input"), drawn("pixel")), this.where);
    this.pick = h(
      "div",
      { class: "drill-choice" },
      step("layer", this.buttons),
      step("image", h("label", { class: "bar" }, h("span", { class: "fine" }, say("pick.number")), this.imageInput), hosts.image),
      channel,
      this.placeStep,
    );
    this.dialog.replaceChildren(
      h("div", { class: "dialog-head drill-head" }, this.title, this.counter, this.play, once, close),
      h("p", { class: "fine" }, terms.nodes(say("how"))),
      h("div", { class: "drill-body" }, this.pick, h("div", { class: "drill-chain-host" }, this.empty, this.chain)),
      terms.tip,
    );
    this.update(this.session.state);
    this.draw();
  }

  /** The buttons of the blocks, and the cards of the chosen block. */
  compose() {
    const { layers } = this.layers;
    const key = JSON.stringify([this.blocks.map(({ name }) => name), layers]);
    if (key === this.key || !this.buttons || !this.chain) return;
    this.key = key;
    const button = (/** @type {string} */ name) =>
      h(
        "button",
        { type: "button", class: "action drill-block", "aria-pressed": String(name === this.block), "data-block": name, onclick: () => this.look(name, 0) },
        name,
      );
    const focused = /** @type {HTMLElement | null} */ (this.shell.root.activeElement)?.dataset.block;
    this.buttons.replaceChildren(...this.blocks.map(({ name }) => button(name)));
    if (focused) /** @type {HTMLElement | null} */ (this.buttons.querySelector(`[data-block="${focused}"]`))?.focus();
    this.cards = layers.map((layer) => cardOf(this, layer));
    this.chain.replaceChildren(...this.cards.map(({ element }) => element));
    this.shell.watch();
  }

  /** @param {"channel" | "unit"} name */
  nameChannel(name) {
    const { channelTitle: title } = this;
    if (!title || title.dataset.name === name) return;
    title.dataset.name = name;
    title.replaceChildren(...this.terms.nodes(this.say(`pick.${name}`)));
  }

  /** Draws everything from the last reading. */
  draw() {
    const { reading, channelInput } = this;
    if (!this.empty || !this.chain || !channelInput) return;
    this.empty.hidden = reading !== null;
    this.chain.hidden = reading === null;
    if (!reading || reading.layers.map(({ kind }) => kind).join() !== this.cards.map(({ layer }) => layer.kind).join()) return;
    const { layers, before, outputs, learnt, channel, step } = reading;
    const [layer] = layers;
    const { height, width, channels } = layer.output;
    const activation = layers.findIndex(({ kind }) => kind === "activation");
    const maps = outputs[activation + 1 || 1];
    const map = channelOf(maps, channels, channel);
    if (this.place && (this.place.row >= height || this.place.column >= width)) this.place = null;
    const place = (this.place ??= placeOf(largest(map, 1)[0], width));
    this.stages = stagesOf(layers, outputs, learnt, channel, place);
    const { sums } = this.stages[0].detail;
    this.tap = this.wantedTap >= 0 && this.wantedTap < sums.length ? this.wantedTap : largest(sums, 1)[0];
    const now = {
      channel,
      place,
      input: outputs[0],
      weights: weightsAt(layer, learnt[layer.name], place),
      tap: this.tap,
      before,
      step,
      config: this.session.state.config,
      classes: this.shell.views?.classes() ?? [],
    };
    this.cards.forEach((card, at) => card.update(this.stages[at], { ...now, layer: layers[at] }));
    this.drawMaps(reading, maps, map, place);
    channelInput.max = String(channels);
    if (channelInput !== this.shell.root.activeElement) channelInput.value = String(this.channel + 1);
    const flat = height * width === 1;
    if (this.placeStep) this.placeStep.hidden = flat;
    this.nameChannel(flat ? "unit" : "channel");
    if (this.where)
      setText(
        this.where,
        this.say("place", {
          layer: this.block,
          channel: channel + 1,
          row: place.row + 1,
          column: place.column + 1,
          value: figure(map[place.row * width + place.column]),
        }),
      );
  }

  /** @param {Reading} reading @param {Float32Array} maps @param {Float32Array} map @param {Place} place */
  drawMaps({ layers, image, outputs, channel }, maps, map, place) {
    const [layer] = layers;
    const pool = layers.find(({ kind }) => kind === "pool");
    const { input } = /** @type {import("../worker/types.js").Description["network"]} */ (this.network);
    const colours = (/** @type {Float32Array} */ values) => [0, 1, 2].map((c) => channelOf(values, 3, c));
    if (image) this.image?.update({ ...input, channels: colours(image) });
    if (this.maps) this.maps.chosen = channel;
    this.maps?.update({ ...layer.output, layer: this.block, values: maps });
    const { channels } = layer.input;
    if (layer.kind !== "linear")
      this.input?.update({
        ...layer.input,
        channels: channels === 3 ? colours(outputs[0]) : [channelOf(outputs[0], channels, this.tap)],
        taps: tapsOf(layer, place),
      });
    this.map?.update({ ...layer.output, channels: [map], place, taps: pool && tapsOf(pool, pooledPlace(pool, place)) });
  }
}
