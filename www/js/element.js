// @ts-check
/**
 * `<alexnet-lab>`: the whole lab in a shadow root.
 *
 * Attributes are the URL fragment's keys. `bind="url"` ties the lab to the page's address; `bind="messages"` obeys postMessage.
 * Methods: play, pause, step, reset, next, back, getState. Events: ready, step, diverged, lost, lesson.
 */
import { Session } from "./session.js";
import { Shell } from "./shell.js";
import { listen } from "./messages.js";

const STYLE = new URL("../style.css", import.meta.url);
/** What holds before the style sheet is there: an element that takes room. */
const BLOCK = new CSSStyleSheet();
BLOCK.replaceSync(":host { display: block } :host([hidden]) { display: none }");

export class AlexNetLab extends HTMLElement {
  constructor() {
    super();
    /** @type {Session | null} */
    this.session = null;
    /** @type {Shell | null} */
    this.shell = null;
    /** @type {(() => void)[]} what disconnecting undoes */
    this.undo = [];
    this.attachShadow({ mode: "open" });
  }

  connectedCallback() {
    const root = /** @type {ShadowRoot} */ (this.shadowRoot);
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = STYLE.href;
    root.adoptedStyleSheets = [BLOCK];
    root.replaceChildren(style);
    const fixed = this.clientHeight > 40; // the page gives it a height; else it takes what it needs
    const session = new Session(this.fragment());
    this.session = session;
    this.shell = new Shell(this, session, { fixed, styled: loaded(style) });
    this.announce(session);
    this.bind(session);
    this.watchVisibility(session);
    session.open();
  }

  disconnectedCallback() {
    for (const undo of this.undo.splice(0)) undo();
    this.shell?.destroy();
    this.session?.close();
    this.shell = this.session = null;
  }

  // ---- methods -------------------------------------------------------------------------------------------------

  play() {
    this.session?.play();
  }

  pause() {
    this.session?.pause();
  }

  /** Trains on one batch. @returns {Promise<void>} resolves when it is done */
  async step() {
    await this.session?.step();
  }

  /** Back to step 0 with the same initial weights. */
  async reset() {
    await this.session?.restart();
  }

  /** The next step of the lesson that is open. */
  async next() {
    await this.shell?.lesson.act("next");
  }

  /** The lesson's step before. */
  async back() {
    await this.shell?.lesson.act("back");
  }

  /** The settings by key, and `step`, `loss`, `backend`, `adapter`, `lesson_step`. */
  async getState() {
    const { state } = /** @type {Session} */ (this.session);
    const { name = "", adapter = "" } = state.describe?.backend ?? {};
    const lesson_step = this.shell?.lesson.panel?.step;
    return { ...state.config, lesson_step, step: state.step, loss: state.loss, accuracy: state.accuracy, phase: state.phase, backend: name, adapter };
  }

  // ---- the inside ----------------------------------------------------------------------------------------------

  /** The fragment to start from: the address where it is bound to it, and else the attributes. */
  fragment() {
    const own = new Set(["bind", "class", "id", "style", "slot", "title", "hidden", "tabindex", "dir", "data-theme", "data-size"]);
    const pairs = [...this.attributes].filter(({ name }) => !own.has(name)).map(({ name, value }) => `${name}=${value}`);
    const address = this.binds("url") ? location.hash.slice(1) : "";
    return [...pairs, address].filter(Boolean).join("&");
  }

  /** @param {string} word */
  binds(word) {
    return (this.getAttribute("bind") ?? "").split(/\s+/).includes(word);
  }

  /** @param {Session} session */
  bind(session) {
    // A changed attribute is a changed setting of the link's first network.
    const observer = new MutationObserver((records) => {
      const names = new Set(records.map(({ attributeName }) => attributeName ?? "").filter((name) => session.setting(name)));
      const entries = [...names].map((name) => [name, this.getAttribute(name) ?? session.setting(name)?.default ?? ""]);
      if (entries.length > 0) session.set(Object.fromEntries(entries), false, 0);
    });
    observer.observe(this, { attributes: true });
    this.undo.push(() => observer.disconnect());
    if (this.binds("messages")) this.undo.push(listen(this, session));
    if (!this.binds("url")) return;
    let written = location.hash.slice(1);
    const read = () => {
      const fragment = location.hash.slice(1);
      if (fragment !== written) session.setFragment((written = fragment));
    };
    const write = () => {
      const { fragment, describe } = session.state;
      if (!describe || fragment === written) return;
      written = fragment;
      // The plain page keeps its plain address.
      history.replaceState(history.state, "", fragment === "v=1" && !location.hash ? location.href : `#${fragment}`);
    };
    session.addEventListener("change", write);
    window.addEventListener("hashchange", read);
    this.undo.push(() => window.removeEventListener("hashchange", read));
  }

  /** Trains only while somebody can see it. @param {Session} session */
  watchVisibility(session) {
    let inView = false;
    const apply = () => session.setVisible(inView && document.visibilityState === "visible");
    const observer = new IntersectionObserver((entries) => {
      inView = entries[entries.length - 1].isIntersecting;
      apply();
    });
    observer.observe(this);
    document.addEventListener("visibilitychange", apply);
    this.undo.push(() => observer.disconnect(), () => document.removeEventListener("visibilitychange", apply));
  }

  /** Turns changes of the session into the element's events. @param {Session} session */
  announce(session) {
    let ready = false;
    let phase = session.state.phase;
    session.addEventListener("change", (event) => {
      const { kind, detail, lane } = /** @type {CustomEvent} */ (event).detail;
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

  /** @param {string} name @param {any} detail */
  fire(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** @param {HTMLLinkElement} style */
function loaded(style) {
  return new Promise((resolve) => {
    style.addEventListener("load", resolve, { once: true });
    style.addEventListener("error", resolve, { once: true });
  });
}

customElements.define("alexnet-lab", AlexNetLab);
