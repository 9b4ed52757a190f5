// @ts-check
/**
 * `<alexnet-lab>`: the whole lab in a shadow root.
 *
 * Attributes are the URL fragment's keys. `bind="url"` ties the lab to the page's address; `bind="messages"` obeys postMessage.
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

/** What holds before the style sheet is there: an element that takes room. Its width does not follow from what is in it. */
const BLOCK = ":host { display: block; min-width: 0; contain-intrinsic-inline-size: 1080px; overflow: clip !important } :host([hidden]) { display: none }";

/** How long a lab that has left the page keeps its run, ms: it may be on its way to another place. */
const KEPT = 1000;
/** Pause between two looks at whether it can be seen, ms. */
const LOOK_EVERY = 500;

export class AlexNetLab extends HTMLElement {
  constructor() {
    super();
    /** @type {Session | null} */
    this.session = null;
    /** @type {Shell | null} */
    this.shell = null;
    /** Ends what has begun with the session. */
    this.ending = new AbortController();
    this.closing = 0;
    /** The command before. @type {Promise<unknown>} */
    this.turn = Promise.resolve();
    this.inView = false;
    this.whereabouts = new Whereabouts(this.attachShadow({ mode: "open" }));
    this.expect();
  }

  /** Commands wait for the session; there is none where it cannot start. */
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

  /** Moved with `moveBefore`: nothing has to be done. */
  connectedMoveCallback() {}

  /** Moved, or gone: it pauses now, and ends when it does not come back. */
  disconnectedCallback() {
    this.whereabouts.leave();
    this.look();
    this.closing = setTimeout(() => this.close(), KEPT);
  }

  /** Another document has other workers. */
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

  /** It could not start: says so in both languages, as neither a language nor a style is sure to be there. @param {unknown} error */
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

  // ---- methods: those called before the element is in a page wait until it is ------------------------------------

  /** In a lesson, on to its run. */
  play() {
    return this.queue((session) => {
      if (!this.shell?.lesson.leads()) session.play();
    });
  }

  pause() {
    return this.queue((session) => session.pause());
  }

  /** Trains on one batch. @returns {Promise<void>} resolves when it is done, or when the lab has left the page for good */
  step() {
    return this.queue(async (session) => {
      // It waits for the first images, unless none will come.
      await session.until(({ problem, missing, describe }) => problem !== null || missing?.waiting === false || (describe?.data.train_arrived ?? 0) > 0);
      if (!this.shell?.lesson.leads()) await session.step();
    });
  }

  /** Back to step 0 with the same initial weights. */
  reset() {
    return this.queue((session) => session.restart());
  }

  /** The next step of the lesson that is open. */
  next() {
    return this.queue(() => this.shell?.lesson.act("next"));
  }

  /** The lesson's step before. */
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

  // ---- the inside ----------------------------------------------------------------------------------------------

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

  /** A changed attribute is a changed setting of the first network; one that is taken away, its default. @param {Session} session @param {MutationRecord[]} records */
  async changed(session, records) {
    await session.opened;
    const before = new Map(records.reverse().map(({ attributeName, oldValue }) => [attributeName ?? "", oldValue]));
    const changes = [...before].flatMap(([name, old]) => {
      const value = this.getAttribute(name);
      if (value === old) return []; // frameworks write again what is there
      if (value !== null) return settingsOf(session.state.schema, [[name, value]]);
      return settingsOf(session.state.schema, [[name, old ?? ""]]).map(([key]) => [key, session.setting(key)?.default ?? null]);
    });
    if (changes.length > 0) await session.set(Object.fromEntries(changes), false, 0);
  }

  /** Trains only while somebody can see it. */
  watchVisibility() {
    const observer = new IntersectionObserver(
      (entries) => {
        this.inView = /** @type {IntersectionObserverEntry} */ (entries.at(-1)).intersectionRatio > 0;
        this.look();
      },
      { threshold: 1e-9 },
    ); // at 0 it tells nothing of what has shrunk to a line
    observer.observe(this);
    const look = () => this.look();
    const { signal } = this.ending;
    document.addEventListener("visibilitychange", look, { signal });
    const clock = setInterval(look, LOOK_EVERY); // nothing tells what style sheets hide
    signal.addEventListener("abort", () => {
      clearInterval(clock);
      observer.disconnect();
    });
  }

  /** Whether it can be seen now. */
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

/** In the page, and hidden by no style sheet: its own, or that of a page around that may be asked. @param {Element} element */
function isShown(element) {
  /** @type {Element | null | undefined} */
  let at = element;
  for (; at; at = at.ownerDocument.defaultView?.frameElement) {
    if (!at.isConnected || at.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) === false) return false;
  }
  return true;
}

// A page may name the script twice.
if (!customElements.get("alexnet-lab")) customElements.define("alexnet-lab", AlexNetLab);
