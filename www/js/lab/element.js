// @ts-check
/**
 * `<alexnet-lab>`: the whole lab in a shadow root.
 *
 * Attributes are the URL fragment's keys. `bind="url"` ties the lab to the page's address; `bind="messages"` accepts commands by postMessage.
 * Methods: play, pause, step, reset, next, back, getState. Events: ready, step, diverged, lost, lesson.
 */
import { bindAddress, guardRun } from "./address.js";
import { settingsOf } from "../worker/attributes.js";
import { h } from "../kit/dom.js";
import { Session } from "../session/session.js";
import { Shell } from "./shell.js";
import { sheetFor } from "../kit/style.js";
import { listen } from "./messages.js";
import { Whereabouts } from "./whereabouts.js";
import words from "../../i18n/start.json" with { type: "json" };

/** Before the style sheet has loaded: an element that takes space. Its width does not depend on its content. */
const BLOCK = ":host { display: block; min-width: 0; contain-intrinsic-inline-size: 1080px; overflow: clip !important } :host([hidden]) { display: none }";

/** How long a lab that has left the page keeps its run, ms: the page may be moving it. */
const KEPT = 1000;
/** Pause between two checks of its visibility, ms. */
const LOOK_EVERY = 500;

export class AlexNetLab extends HTMLElement {
  constructor() {
    super();
    /** @type {Session | null} */
    this.session = null;
    /** @type {Shell | null} */
    this.shell = null;
    /** Ends everything that began with the session. */
    this.ending = new AbortController();
    this.closing = 0;
    /** The previous command. @type {Promise<unknown>} */
    this.turn = Promise.resolve();
    this.inView = false;
    this.whereabouts = new Whereabouts(this.attachShadow({ mode: "open" }));
    this.expect();
  }

  /** Commands wait for the session; if it cannot start, there is none. */
  expect() {
    /** @type {Promise<Session | null>} */
    this.begun = new Promise((resolve) => (this.begin = resolve));
  }

  /** Each command waits for those before it. @template T @param {(session: Session) => T} work @returns {Promise<Awaited<T> | undefined>} */
  queue(work) {
    const { begun } = this;
    return /** @type {Promise<Awaited<T> | undefined>} */ (
      this.turn = this.turn
        .catch(() => {})
        .then(() => begun)
        .then((session) => session && work(session))
    );
  }

  connectedCallback() {
    clearTimeout(this.closing);
    if (this.session) {
      this.whereabouts.restore();
      return this.look();
    }
    try {
      this.open();
    } catch (error) {
      this.explain(error);
    }
  }

  open() {
    const root = /** @type {ShadowRoot} */ (this.shadowRoot);
    root.adoptedStyleSheets = [sheetFor(root, BLOCK)];
    root.replaceChildren();
    const session = new Session(
      this.binds("url") ? location.hash.slice(1) : "",
      [...this.attributes].map(({ name, value }) => [name, value]),
    );
    this.session = session;
    this.shell = new Shell(this, session, (error) => this.explain(error));
    this.announce(session);
    this.bind(session);
    this.watchVisibility();
    session.open();
    this.begin?.(session);
    this.begun = Promise.resolve(session);
  }

  /** Moved with `moveBefore`: nothing to do. */
  connectedMoveCallback() {}

  /** Moved or removed: the lab pauses now, and ends if it does not return. */
  disconnectedCallback() {
    this.whereabouts.leave();
    this.look();
    this.closing = setTimeout(() => this.close(), KEPT);
  }

  /** In another document the workers are lost. */
  adoptedCallback() {
    this.close();
  }

  close() {
    if (!this.session) return;
    clearTimeout(this.closing);
    this.ending.abort();
    this.ending = new AbortController();
    this.shell?.destroy();
    this.session.close();
    this.shell = this.session = null;
    this.expect();
  }

  /** Explains a failed start in both languages, as neither texts nor style may have loaded. @param {unknown} error */
  explain(error) {
    this.close();
    this.begin?.(null);
    const why = String(/** @type {Error} */ (error)?.message ?? error);
    const said = [
      ["en", words.en, words.open_en],
      ["zh-Hans", words.zh, words.open_zh],
    ].map(([lang, sentence, open]) =>
      h(
        "p",
        { lang },
        sentence.replace("{why}", why),
        " ",
        h("a", { href: new URL("../index.html", import.meta.url).href, target: "_blank", rel: "noopener" }, open),
      ),
    );
    this.shadowRoot?.replaceChildren(h("div", { role: "alert" }, said));
  }

  // ---- methods: calls before the element is in a page wait until it is --------------------------------------------

  /** In a lesson, leads to its run. */
  play() {
    return this.queue((session) => {
      if (!this.shell?.lesson.leads()) session.play();
    });
  }

  pause() {
    return this.queue((session) => session.pause());
  }

  /** Trains on one batch. @returns {Promise<void>} resolves when done, or when the lab has left the page for good */
  step() {
    return this.queue(async (session) => {
      // Waits for the first images, unless none will arrive.
      await session.until(({ problem, missing, describe }) => problem !== null || missing?.waiting === false || (describe?.data.train_arrived ?? 0) > 0);
      if (!this.shell?.lesson.leads()) await session.step();
    });
  }

  /** Restarts from step 0 with the same initial weights. */
  reset() {
    return this.queue((session) => session.restart());
  }

  /** The next step of the open lesson. */
  next() {
    return this.queue(() => this.shell?.lesson.act("next"));
  }

  /** The lesson's previous step. */
  back() {
    return this.queue(() => this.shell?.lesson.act("back"));
  }

  /** The settings by key, once the link has been read, and `step`, `loss`, `backend`, `adapter`, `lesson_step`. */
  async getState() {
    return (await this.queue((session) => this.stateOf(session))) ?? { phase: "failed" };
  }

  /** @param {Session} session */
  async stateOf(session) {
    await session.settled;
    const { state } = session;
    const { name = "", adapter = "" } = state.describe?.backend ?? {};
    const lesson_step = this.shell?.lesson.panel?.step;
    return { ...state.config, lesson_step, step: state.step, loss: state.loss, accuracy: state.accuracy, phase: state.phase, backend: name, adapter };
  }

  // ---- internals -----------------------------------------------------------------------------------------------

  /** @param {string} word */
  binds(word) {
    return this.matches(`[bind~=${word}]`);
  }

  /** @param {Session} session */
  bind(session) {
    const observer = new MutationObserver((records) => this.changed(session, records));
    observer.observe(this, { attributes: true, attributeOldValue: true });
    const { signal } = this.ending;
    signal.addEventListener("abort", () => observer.disconnect());
    if (this.binds("messages")) listen(this, session, signal);
    if (this.binds("url")) {
      bindAddress(session, signal);
      guardRun(session, signal);
    }
  }

  /** A changed attribute changes a setting of the first network; a removed one restores the default. @param {Session} session @param {MutationRecord[]} records */
  async changed(session, records) {
    await session.opened;
    const before = new Map(records.reverse().map(({ attributeName, oldValue }) => [attributeName ?? "", oldValue]));
    const changes = [...before].flatMap(([name, old]) => {
      const value = this.getAttribute(name);
      if (value === old) return []; // frameworks rewrite unchanged values
      if (value !== null) return settingsOf(session.state.schema, [[name, value]]);
      return settingsOf(session.state.schema, [[name, old ?? ""]]).map(([key]) => [key, session.setting(key)?.default ?? null]);
    });
    if (changes.length > 0) await session.set(Object.fromEntries(changes), false, 0);
  }

  /** Trains only while it is visible. */
  watchVisibility() {
    const observer = new IntersectionObserver(
      (entries) => {
        this.inView = /** @type {IntersectionObserverEntry} */ (entries.at(-1)).intersectionRatio > 0;
        this.look();
      },
      { threshold: 1e-9 },
    ); // with 0 there is no report when the element shrinks to a line
    observer.observe(this);
    const look = () => this.look();
    const { signal } = this.ending;
    document.addEventListener("visibilitychange", look, { signal });
    const clock = setInterval(look, LOOK_EVERY); // no event reports hiding by a style sheet
    signal.addEventListener("abort", () => {
      clearInterval(clock);
      observer.disconnect();
    });
  }

  /** Updates whether it is visible now. */
  look() {
    this.session?.setVisible(this.inView && document.visibilityState === "visible" && isShown(this));
  }

  /** Turns changes of the session into the element's events. @param {Session} session */
  announce(session) {
    let ready = false;
    let phase = session.state.phase;
    session.addEventListener("change", (event) => {
      const { kind, detail, lane } = /** @type {CustomEvent<import("../session/state.js").Change>} */ (event).detail;
      const { state } = session;
      if (kind === "records") {
        for (let row = 0; row < detail.length; row += 3) {
          const [at, loss, accuracy] = detail.subarray(row, row + 3);
          if (!Number.isNaN(loss)) this.fire("step", { step: at + 1, loss, accuracy, lane });
        }
      }
      if (kind !== "state") return;
      if (!ready && state.describe && state.describe.data.train_arrived > 0) {
        ready = true;
        this.fire("ready", { backend: state.describe.backend.name });
        if (state.config.autoplay === "true" && !this.shell?.lesson.named) session.play();
      }
      if (phase !== state.phase && state.phase === "diverged") this.fire("diverged", state.divergence);
      if (phase !== state.phase && state.phase === "lost") this.fire("lost", state.problem);
      phase = state.phase;
    });
  }

  /** @param {string} name @param {object | null} detail */
  fire(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** Whether it is in the page and not hidden by a style sheet, here or in an embedding page that can be inspected. @param {Element} element */
function isShown(element) {
  /** @type {Element | null | undefined} */
  let at = element;
  for (; at; at = at.ownerDocument.defaultView?.frameElement) {
    if (!at.isConnected || at.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) === false) return false;
  }
  return true;
}

// A page may load the script twice.
if (!customElements.get("alexnet-lab")) customElements.define("alexnet-lab", AlexNetLab);
