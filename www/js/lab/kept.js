// @ts-check
/**
 * Keeps the run of a lab in another page, so that it goes on when its host unloads the frame and comes back, or reloads the deck. The copy is on
 * this machine alone and belongs to one tab. Where the browser allows no storage, the page around may keep it; else a run starts anew.
 */

import { ABLE } from "../session/state.js";
import { importModule } from "../kit/files.js";
import { forgetRun, readRun, writeRun } from "../session/storage.js";

/** Where a tab keeps its name. */
const TAB = "alexnet-lab";
/** Shortest time between two copies, ms, and how much longer than its making a copy has to last. */
const [EVERY, RARELY] = [1000, 10];

/** Longest wait for the browser's storage before a run starts anew, ms. */
const PATIENCE = 1000;

/**
 * @typedef {import("../session/session.js").Kept} Kept
 * @typedef {ReturnType<import("../charts/past/timeline.js").Timeline["copy"]>} Charts
 * @typedef {import("../components/host.js").LessonCopy} LessonCopy
 * @typedef {Partial<Kept> & {fragment: string, tab?: string, charts?: Charts, lesson?: LessonCopy}} Stored
 */

/** The place of an element in its document, and of that in the documents around. @param {Element} element */
function place(element) {
  const at = [[...document.querySelectorAll(element.localName)].indexOf(/** @type {HTMLElement} */ (element))];
  for (let frame = /** @type {Window} */ (window); frame !== frame.parent; frame = frame.parent) {
    const { parent } = frame;
    at.push(Array.from({ length: parent.length }, (_, i) => parent[i]).indexOf(frame));
  }
  return at.join();
}

export class Keeper {
  /**
   * @param {HTMLElement} element @param {import("../session/session.js").Session} session @param {import("./shell.js").Shell} shell
   * @param {AbortSignal} signal ends it
   */
  constructor(element, session, shell, signal) {
    this.element = element;
    this.signal = signal;
    this.session = session;
    this.shell = shell;
    this.key = `${location.pathname} ${place(element)} ${session.state.fragment} ${session.attributes.join("&")}`;
    this.step = 0;
    /** The lesson as it was kept last. */
    this.lesson = "";
    this.due = 0;
    this.busy = false;
  }

  /** The run of this tab, if there is one. @returns {Promise<Stored | undefined>} */
  async load() {
    try {
      const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
      const kept = /** @type {Stored | undefined} */ (await Promise.race([readRun(this.key), late]));
      return kept?.tab === tab() ? kept : undefined;
    } catch {
      return this.ask().catch(() => undefined); // no storage here
    }
  }

  /** The run that the page around has kept. @returns {Promise<Stored | undefined>} */
  async ask() {
    if (window.parent === window || !this.element.matches("[bind~=messages]")) return;
    const { askHost } = /** @type {typeof import("../embed/host_memory.js")} */ (await importModule("js/embed.js"));
    const kept = /** @type {Stored | null} */ (await askHost(this.key, (write) => (this.write = write), this.signal));
    return typeof kept?.fragment === "string" ? kept : undefined;
  }

  /** @param {Stored | null} run null: it is forgotten @param {number} size in bytes @returns {unknown} */
  write(run, size) {
    return run ? writeRun(this.key, { tab: tab(), ...run }, size) : forgetRun(this.key);
  }

  /** Called again and again: keeps what is new. */
  async look() {
    const { session } = this;
    const { step, phase, config } = session.state;
    if (this.busy || performance.now() < this.due || session.closed) return;
    const news = !["none", "auto", undefined].includes(config.lesson) ? this.newsOfLesson() : session.resting ? undefined : this.newsOfRun(step, phase);
    if (!news) return;
    this.busy = true;
    const start = performance.now();
    try {
      await news();
    } catch {
      // No storage, or the engine has gone: there is nothing to keep.
    }
    this.busy = false;
    this.due = performance.now() + Math.max(EVERY, RARELY * (performance.now() - start));
  }

  /** A lesson leads to its own run, so its step and what was measured are kept. */
  newsOfLesson() {
    const lesson = this.shell.lesson.panel?.copy();
    if (!lesson) return;
    const { results, choices, ...rest } = lesson;
    const told = JSON.stringify([rest, [...choices], [...results.values()].map(({ length }) => length)]);
    if (told === this.lesson) return;
    return async () => {
      const { fragment } = this.session.state;
      await this.write({ fragment, lesson }, JSON.stringify([...results]).length);
      this.lesson = told;
    };
  }

  /** The reader's files are not kept. @param {number} step @param {import("../worker/types.js").Phase} phase */
  newsOfRun(step, phase) {
    if (this.session.files || step === this.step || !ABLE.includes(phase)) return;
    return async () => {
      await (step === 0 ? this.write(null, 0) : this.keep());
      this.step = step;
    };
  }

  async keep() {
    const { session } = this;
    await session.send("keep");
    const { fragment, wanted, lanes } = session.state;
    if (lanes.some(({ saved }) => !saved)) return;
    const charts = this.shell.views?.copy();
    const weights = lanes.reduce((sum, { saved }) => sum + (saved?.bytes.length ?? 0), 0);
    await this.write({ fragment, wanted, lanes: session.copies(), charts }, weights + (charts?.bytes ?? 0));
  }
}

/** The name of this tab: a duplicate of the deck in another tab begins anew. */
export const tab = () => (sessionStorage[TAB] ??= String(Math.random()));
