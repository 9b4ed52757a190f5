// @ts-check
/** Puts the lab together: components and charts, with one drawing per frame. */
import { h, setAttribute } from "../kit/dom.js";
import { importModule } from "../kit/files.js";
import { listenToKeys } from "../kit/keyboard.js";
import { Chip } from "../components/chip.js";
import { Cost } from "../components/facts.js";
import { Data, acceptDrops } from "../components/data.js";
import { Drill } from "../components/drill.js";
import { Embed } from "../components/embed.js";
import { Header } from "../components/header.js";
import { Lanes } from "../components/lanes.js";
import { Lesson } from "../components/lesson.js";
import { Menu } from "../components/menu.js";
import { Network } from "../components/network.js";
import { Settings } from "../components/settings.js";
import { Status } from "../components/status.js";
import { still } from "../components/still.js";
import { Tabs } from "../components/tabs.js";
import { Tip } from "../kit/tip.js";
import { Views } from "../components/views.js";
import { shownLayer } from "../session/state.js";
import { act, linkOf } from "./actions.js";
import { Surface } from "./surface.js";

/** @typedef {{Export: new (context: import("../components/context.js").Context, views: Views | null) => {element: HTMLElement}}} Exports `export.js` */

export const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

export class Shell extends Surface {
  /**
   * @param {import("../components/host.js").Host["host"]} host
   * @param {import("../session/session.js").Session} session
   * @param {(error: unknown) => void} failed
   */
  constructor(host, session, failed) {
    super(host, session);
    this.flip = { restart: false, all: false };
    this.frame = 0;
    /** @type {Views | null} the charts */
    this.views = null;
    /** @type {Network | null} */
    this.network = null;
    /** @type {Settings | null} */
    this.settings = null;
    /** @type {Record<string, Tabs>} */
    this.tabs = {};
    /** Stands for the lab while it is asleep. @type {HTMLElement | null} */
    this.still = null;
    this.exporter = h("div");
    this.tip = new Tip();
    /** The last values acted on, so that each is acted on once. */
    this.seen = { view: "", controls: "", watch: "", run: 0 };
    /** @type {import("../worker/types.js").Images | null} */
    this.lastBatch = null;
    /** @type {Pick<import("../worker/types.js").Snapshot, "parameters"> | null} */
    this.lastSnapshot = null;
    /** @type {({update: (state: import("../session/state.js").State) => void} | null | undefined)[]} */
    this.parts = [];
    this.lesson = new Lesson(this);
    this.drill = new Drill(this);
    this.embed = new Embed(this);
    const { signal } = this.closing;
    const receive = (/** @type {Event} */ event) => this.receive(/** @type {CustomEvent<import("../session/state.js").Change>} */ (event).detail);
    session.addEventListener("change", receive, { signal });
    acceptDrops(host, this.lab, (files) => session.loadFiles(files), signal);
    listenToKeys(host, (action) => act(this, action), undefined, this.closing);
    /** Resolves when texts and style have loaded. */
    this.started = this.start().catch(failed);
  }

  destroy() {
    super.destroy();
    this.tip.hide();
    cancelAnimationFrame(this.frame);
    this.network?.destroy();
    this.views?.destroy();
    this.lesson.panel?.destroy();
    this.drill.panel?.destroy();
    this.embed.panel?.destroy();
  }

  recolour() {
    this.views?.refresh();
    this.network?.retheme();
  }

  // ---- parts -------------------------------------------------------------------------------------------------------

  /** @returns {import("../components/context.js").Context} */
  get context() {
    const t = /** @type {import("../kit/i18n.js").Texts} */ (this.texts);
    return {
      session: this.session,
      t,
      root: this.root,
      supply: this.supply,
      flip: this.flip,
      tip: this.tip,
      change: (changes) => this.change(changes),
      act: (action) => act(this, action),
      openMenu: (kind, anchor) => this.menu?.open(kind, anchor),
      highlight: (kind, on) => this.highlight(kind, on),
      look: (block, channel) => this.drill.open(block, channel),
      dark: () => this.dark(),
      laneNames: () => this.lesson.panel?.laneNames ?? null,
      link: () => linkOf(this),
      size: () => this.size,
      recalled: () => this.showSnapshot(),
      chartOptions: () => ({
        // Charts outlive a change of language, so they look up the current texts.
        t: (key, values) => (this.texts ?? t)(key, values),
        language: this.lab.lang,
        reducedMotion: reducedMotion.matches,
        compact: this.size !== "full",
      }),
    };
  }

  /** Rebuilds all parts in the current language; the charts stay. */
  build() {
    const { context, session } = this;
    this.still = session.state.phase === "asleep" ? still(context.t, [...session.attributes, ...new URLSearchParams(session.state.fragment)]) : null;
    this.lab.replaceChildren(...(this.still ? [this.still] : []));
    if (this.still) return;
    this.network?.destroy();
    this.views ??= new Views(context);
    this.views.context = context;
    this.header = new Header(context);
    this.status = new Status(context);
    this.lanes = new Lanes(context);
    this.network = new Network(context);
    this.menu = new Menu(context);
    this.cost = new Cost(context);
    this.data = new Data(context);
    this.settings = null;
    this.quick = /** @type {const} */ (["activation", "norm", "pool", "dropout"]).map((kind) => new Chip({ kind, ghost: false }, `quick.${kind}`, context));
    this.arrange();
  }

  /** Lays out the parts for the current size. */
  arrange() {
    if (!this.header || !this.views) return;
    this.tip.hide();
    const { t } = this.context;
    const { hosts } = this.views;
    const known = this.session.state.schema.length > 0;
    const panel = (/** @type {string} */ name, /** @type {Element[]} */ ...content) => h("section", { class: `panel panel-${name}` }, ...content);
    const tab = (/** @type {string} */ name, /** @type {Node | null | undefined | false} */ content) => ({
      name,
      title: t(`tabs.${name}`),
      about: t(`tabs.${name}_help`),
      panel: h("div", { class: `tab-panel tab-${name}` }, content),
    });
    const watch = () => this.watch();
    const curves = panel("curves", hosts.curves);
    curves.setAttribute("aria-label", t("tabs.curves"));
    let parts;
    if (this.size === "full") {
      this.settings = known ? new Settings(this.context) : null;
      const tabs = (/** @type {string} */ name, /** @type {ReturnType<typeof tab>[]} */ list, /** @type {(name: string) => void} */ onchange = watch) =>
        new Tabs(t(`regions.${name}`), list, this.tip, this.tabs[name]?.chosen, onchange);
      this.tabs = {
        gradients: tabs("gradients", [tab("ridges", hosts.ridges), tab("norms", hosts.norms), tab("activations", hosts.activations)]),
        sees: tabs("sees", [
          tab("predictions", hosts.predictions),
          tab("filters", hosts.filters),
          tab("maps", this.mapsPanel(hosts.maps)),
          tab("confusion", hosts.confusion),
        ]),
        more: tabs(
          "more",
          [tab("settings", this.settings?.element), tab("data", this.data?.element), tab("cost", this.cost?.element), tab("export", this.exporter)],
          (name) => this.export(name),
        ),
      };
      const { gradients, sees, more } = this.tabs;
      parts = [curves, panel("gradients", gradients.element), panel("sees", sees.element), panel("more", more.element)];
    } else {
      this.settings = null;
      const chips = h(
        "div",
        { class: "quick", role: "group", "aria-label": t("regions.network") },
        (this.quick ?? []).map((chip) => chip.element),
      );
      parts = this.size === "slide" ? [chips, curves, panel("gradients", hosts.ridges)] : [curves];
    }
    const main = h("main", { class: "main" }, this.lesson.panel?.element, this.lesson.panel?.stage.element, parts);
    // A dialog that was taken out and put back would no longer be modal.
    for (const part of this.lab.querySelectorAll(":scope > :not(dialog)")) part.remove();
    this.lab.prepend(
      ...[
        this.header.element,
        this.status?.element,
        this.lanes?.element,
        this.size === "full" ? this.network?.element : null,
        main,
        this.menu?.element,
        this.tip.tip,
      ].filter((node) => !!node),
    );
    this.parts = [
      this.header,
      this.status,
      this.lanes,
      this.network,
      this.menu,
      this.cost,
      this.data,
      this.settings,
      this.maps,
      this.lesson,
      this.drill,
      this.embed,
      ...(this.quick ?? []),
    ];
    // Their colours depend on their place.
    this.network?.retheme();
    this.views.refresh();
    this.update();
    watch();
  }

  /** Loads the tab of exports, a separate module, when it is opened. @param {string} name of a tab */
  export(name) {
    if (name !== "export") return;
    this.supply.need("export.js", async () => {
      const { Export } = /** @type {Exports} */ (await importModule("js/export.js"));
      this.exporter.replaceChildren(new Export(this.context, this.views).element);
    });
  }

  /** Feature maps with the choice of a layer. @param {HTMLElement} host */
  mapsPanel(host) {
    const { t } = this.context;
    const select = h("select", { onchange: () => this.change({ layer: select.value }) });
    let key = "";
    this.maps = {
      update: (/** @type {import("../session/state.js").State} */ state) => {
        const names = state.describe?.network.blocks.map(({ name }) => name) ?? [];
        if (names.join() !== key) {
          key = names.join();
          select.replaceChildren(...names.map((name) => h("option", { value: name }, name)));
        }
        select.value = shownLayer(state);
      },
    };
    return h(
      "div",
      { class: "maps" },
      h("label", { class: "bar" }, h("span", { class: "fine" }, t("settings.layer.label")), select, h("span", { class: "fine" }, t("tabs.maps_how"))),
      host,
    );
  }

  // ---- events --------------------------------------------------------------------------------------------------------

  /** @param {import("../session/state.js").Change} change */
  receive(change) {
    const { kind, detail, lane } = change;
    if (kind === "batch") this.network?.showBatch((this.lastBatch = detail));
    else if (kind === "state") this.follow();
    else {
      this.views?.receive(change);
      if (kind === "snapshot" && lane === this.session.state.shown) this.showSnapshot((this.lastSnapshot = detail));
    }
    this.redraw();
  }

  /** Redraws once, in the next frame. */
  redraw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.update();
    });
  }

  /** Applies the settings that concern the page itself. */
  follow() {
    const { state } = this.session;
    this.applyTheme();
    this.applyLanguage();
    if (this.still && state.phase !== "asleep") this.build();
    if (!this.settings && this.size === "full" && state.schema.length > 0 && this.texts) {
      this.header = new Header(this.context); // the speeds are known now
      this.arrange();
    }
    const view = [state.config.layer, state.config.image, state.describe?.data.test_arrived].join();
    if (view !== this.seen.view) {
      this.seen.view = view;
      this.watch();
    }
    if (state.config.controls !== this.seen.controls) {
      this.seen.controls = state.config.controls;
      this.measure();
    }
    if (state.run !== this.seen.run) {
      this.seen.run = state.run;
      this.lastSnapshot = null;
      if (this.network) this.network.key = ""; // its gradients belong to the last run
    }
  }

  update() {
    const { state } = this.session;
    const network = this.network?.key;
    for (const part of this.parts) part?.update(state);
    this.views?.update(state);
    if (network !== this.network?.key) {
      // The network was redrawn: restore its content.
      if (this.lastBatch) this.network?.showBatch(this.lastBatch);
      this.showSnapshot();
    }
    setAttribute(this.lab, "data-phase", state.phase);
    setAttribute(this.lab, "aria-busy", String(state.busy));
  }

  /** Shows gradients in the drawn network: the newest, or those of the snapshot on show. */
  showSnapshot(newest = this.lastSnapshot) {
    const { past = null } = this.views?.timeline ?? {};
    if (!this.network) return;
    this.network.element.style.setProperty("--past", past && JSON.stringify(past.label));
    const shown = past ?? newest;
    if (shown) this.network.showSnapshot(shown);
  }

  /** Tells the worker what is visible. */
  watch() {
    if (!this.views) return;
    const { gradients, sees } = this.tabs;
    const full = this.size === "full";
    const watch = this.views.watch((/** @type {string} */ name) =>
      full ? name === gradients?.chosen || name === sees?.chosen || name === "network" : this.size === "slide" && name === "ridges",
    );
    watch.snapshot ||= full;
    watch.unit = this.drill.unit ?? this.lesson.panel?.unit ?? null;
    watch.every = this.lesson.panel?.every ?? 0;
    watch.filters ||= full; // recorded even while hidden
    const key = JSON.stringify([watch, this.session.state.describe?.data.test_arrived]);
    if (key === this.seen.watch) return;
    this.seen.watch = key;
    this.session.watch(watch);
  }

  /** @param {Record<string, string>} changes */
  change(changes) {
    const rebuilds = Object.keys(changes).some((key) => this.session.setting(key)?.effect === "rebuild");
    this.session.set(changes, this.flip.restart && rebuilds, this.flip.all ? "all" : undefined);
  }

  /** All chips of a kind are one switch, so they light up together. @param {string} kind @param {boolean} on */
  highlight(kind, on) {
    for (const chip of this.lab.querySelectorAll(`.chip[data-kind="${kind}"]`)) setAttribute(chip, "data-mate", on);
  }
}
