// @ts-check
/**
 * `<alexnet-lab>`: the whole lab in a shadow root.
 *
 * Attributes are the URL fragment's keys. `bind="url"` ties the lab to the page's address; `bind="messages"` accepts commands by postMessage.
 * Methods: play, pause, step, reset, next, back, getState. Events: ready, step, settings, diverged, lost, lesson.
 */
import { bindAddress, guardRun } from "./address.js";
import { TRIAL } from "../components/embed.js";
import { settingsOf } from "../worker/attributes.js";
import { h } from "../kit/dom.js";
import { address, importModule } from "../kit/files.js";
import { lookAtFrame, tellDensity } from "../kit/place.js";
import { framed } from "../components/link.js";
import { Session } from "../session/session.js";
import { Keeper } from "./kept.js";
import { Shell } from "./shell.js";
import { sheetFor } from "../kit/style.js";
import { watchDrawing } from "./drawn.js";
import { PREVIEW, listen } from "./messages.js";
import { Turn } from "./turn.js";
import { Whereabouts } from "./whereabouts.js";
import words from "../../i18n/start.json" with { type: "json" };

/** Before the style sheet has loaded: an element that takes space. Its width does not depend on its content. */
const BLOCK =
  ":host { display: block; isolation: isolate; min-width: 0; contain-intrinsic-inline-size: 1080px; overflow: clip !important } :host([hidden]) { display: none }";

/**
 * How long a lab in another page has to be in view before it starts, ms: decks show all their slides until they have started,
 * and slides that they pass on the way to another one.
 */
const LINGER = 600;

/** How long a lab in another page has to be out of view before its engine is let go, ms. */
const REST = 20_000;

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
    /** The timer that starts a lab in view, and the one that lets the engine go of a lab out of view. */
    this.waking = 0;
    this.leaving = 0;
    /** The previous command. @type {Promise<unknown>} */
    this.turn = Promise.resolve();
    this.inView = false;
    this.drawn = !framed;
    this.covered = false;
    /** A deck around has said that it has left this slide. */
    this.left = false;
    /** What the page around has told of that. @type {boolean | undefined} */
    this.told = undefined;
    this.whereabouts = new Whereabouts(this.attachShadow({ mode: "open" }));
    this.expect();
  }

  /** Commands wait for the session; if it cannot start, there is none. */
  expect() {
    /** @type {Promise<Session | null>} */
    this.begun = new Promise((resolve) => (this.begin = resolve));
  }

  /** Each command waits for those before it. @template T @param {(session: Session) => T} work @param {boolean} [wakes] @returns {Promise<Awaited<T> | undefined>} */
  queue(work, wakes = true) {
    const { begun } = this;
    return /** @type {Promise<Awaited<T> | undefined>} */ (
      this.turn = this.turn
        .catch(() => {})
        .then(() => begun)
        .then(async (session) => {
          if (wakes) this.wake();
          await session?.risen;
          return session?.closed === false ? work(session) : undefined;
        })
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
      // Jupyter's `IFrame` writes its arguments as a query behind the fragment.
      this.binds("url") ? location.hash.slice(1).replace("?", "&") : "",
      // Some hosts give a frame's settings as a query.
      [
        ...[...this.attributes].map(({ name, value }) => /** @type {[string, string]} */ ([name, value])),
        ...(this.binds("url") ? new URLSearchParams(location.search) : []),
      ],
    );
    this.session = session;
    this.shell = new Shell(this, session, (error) => this.explain(error));
    this.announce(session);
    this.bind(session);
    if (!this.isPage && window.name !== TRIAL) this.keep(session, this.shell);
    new Turn(session);
    this.watchVisibility();
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
    clearTimeout(this.waking);
    clearTimeout(this.leaving);
    this.waking = this.leaving = 0;
    this.covered = this.left = false;
    this.told = undefined;
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
      h("p", { lang }, sentence.replace("{why}", why), " ", h("a", { href: address("index.html"), target: "_blank", rel: "noopener" }, open)),
    );
    this.shadowRoot?.replaceChildren(h("div", { role: "alert" }, said));
  }

  // ---- methods: calls before the element is in a page wait until it is --------------------------------------------

  /** In a lesson, leads to its run. */
  play() {
    return this.queue((session) => {
      this.leave(false);
      if (!this.shell?.lesson.leads()) session.play();
    });
  }

  pause() {
    return this.queue((session) => session.pause(), false);
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
    return {
      ...state.config,
      lesson_step,
      ...this.shell?.extent,
      step: state.step,
      loss: state.loss,
      accuracy: state.accuracy,
      phase: state.phase,
      backend: name,
      adapter,
    };
  }

  // ---- internals -----------------------------------------------------------------------------------------------

  /** Whether the lab is the page in its tab, and not a part of another one. */
  get isPage() {
    return this.binds("url") && window.parent === window;
  }

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
    // Who uses the lab sees it.
    for (const type of ["click", "keydown"]) this.addEventListener(type, () => this.left && this.leave(false), { signal, capture: true });
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

  /** Keeps the run, and goes on with one that was kept. @param {Session} session @param {Shell} shell */
  keep(session, shell) {
    const keeper = new Keeper(this, session, shell, this.ending.signal);
    session.kept = keeper.load().then((kept) => {
      const { charts, lesson = null } = kept ?? {};
      shell.lesson.kept = lesson;
      if (charts) session.restored = () => shell.views?.adopt(charts);
      return kept;
    });
    const clock = setInterval(() => keeper.look(), LOOK_EVERY);
    this.ending.signal.addEventListener("abort", () => clearInterval(clock));
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
    if (PREVIEW) this.addEventListener("click", () => this.wake(), { signal: this.ending.signal });
    const look = () => this.look();
    const { signal } = this.ending;
    document.addEventListener("visibilitychange", look, { signal });
    const tell = (/** @type {boolean} */ drawn) => {
      this.drawn = drawn;
      look();
    };
    const watch = framed ? watchDrawing(tell) : () => {};
    watch();
    const clock = setInterval(() => {
      look(); // no event reports hiding by a style sheet
      watch();
      lookAtFrame();
    }, LOOK_EVERY);
    signal.addEventListener("abort", () => {
      clearInterval(clock);
      observer.disconnect();
    });
  }

  /** Trains only while nothing lies over all of it. */
  async watchCover() {
    const { signal } = this.ending;
    const tell = (/** @type {boolean} */ covered) => {
      this.covered = this.told ?? covered;
      this.look();
    };
    try {
      const { watchCover } = /** @type {typeof import("../embed/cover.js")} */ (await importModule("js/embed.js"));
      if (!signal.aborted) watchCover(this, tell, signal);
    } catch {
      // It trains on below a cover.
    }
  }

  /** Nothing else tells a frame of another origin that its slide is hidden by opacity. @param {boolean} left */
  leave(left) {
    this.left = left;
    this.look();
  }

  /** The page around tells how it shows this frame, which knows better. @param {{covered?: unknown, pixels?: unknown}} shown */
  shown({ covered, pixels }) {
    this.told = this.covered = covered === true;
    this.look();
    tellDensity(pixels);
  }

  /** Starts the engine if it is still in view: a frame's observers tell what is in view after its callbacks, so the second callback knows. */
  wakeIfSeen() {
    const { signal } = this.ending;
    const frame = document.hidden ? (/** @type {() => void} */ then) => then() : requestAnimationFrame; // hidden pages have no frames
    frame(() => frame(() => this.waking && !signal.aborted && this.wake()));
  }

  /** Starts the engine, if it has not been started. */
  wake() {
    try {
      this.session?.wake();
    } catch (error) {
      this.explain(error);
    }
  }

  /** Lets the engine go, unless a lesson is following its run. */
  rest() {
    if (!this.shell?.lesson.named) this.session?.rest();
  }

  /** Updates whether it is visible now. */
  look() {
    const hidden = document.visibilityState === "hidden" && this.session?.state.config.background !== "true";
    // In a hidden tab nothing is drawn, and a slow adapter that trains draws late.
    const drawn = this.drawn || document.visibilityState === "hidden" || this.session?.state.describe?.backend.name === "gpu";
    const visible = this.inView && drawn && !hidden && !this.covered && !this.left && !this.shell?.embed.covers && isShown(this);
    if (!visible) clearTimeout(this.waking);
    if (visible) clearTimeout(this.leaving);
    if (!visible !== !!this.leaving) this.leaving = visible || this.isPage ? 0 : setTimeout(() => this.rest(), REST);
    if (!visible !== !this.waking)
      this.waking = visible && !PREVIEW ? setTimeout(() => this.wakeIfSeen(), this.isPage || this.session?.resting ? 0 : LINGER) : 0;
    this.session?.setVisible(visible);
  }

  /** Turns changes of the session into the element's events. @param {Session} session */
  announce(session) {
    let ready = false;
    let told = "";
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
        if (!this.isPage) this.watchCover();
        if (state.config.autoplay === "true" && !this.shell?.lesson.named) session.play(false);
      }
      if (state.describe && told !== state.fragment) {
        told = state.fragment;
        const { v, ...settings } = Object.fromEntries(new URLSearchParams(told));
        this.fire("settings", settings);
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
