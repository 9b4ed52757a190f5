// @ts-check
/**
 * Of the labs in a tab, one trains at a time: a start by its reader or its host takes the turn of another one; a start by `autoplay` waits for it.
 * The turn is a lock of the browser, so frames share it. Where there are no locks, every lab has its turn.
 */

import { ABLE } from "../session/state.js";
import { tab } from "./kept.js";

export class Turn {
  /** @param {import("../session/session.js").Session} session */
  constructor(session) {
    this.session = session;
    /** Gives the turn back, or stops waiting for it. @type {(() => void) | undefined} */
    this.end = undefined;
    this.name = name();
    if (!this.name) return;
    session.state.turn = "asked";
    session.addEventListener("change", () => this.look());
  }

  look() {
    const { state, closed, claims } = this.session;
    const alone = state.config.background !== "true";
    const wants = !closed && alone && state.wanted && state.visible && ABLE.includes(state.phase);
    if (wants && (!this.end || (claims && state.turn === "other"))) return this.ask();
    if (wants) return;
    this.end?.();
    this.end = undefined;
    const turn = alone ? "asked" : "mine";
    if (state.turn !== turn) this.session.setTurn(turn);
  }

  async ask() {
    this.end?.();
    const { session } = this;
    const steal = session.claims;
    session.claims = false;
    const ending = new AbortController();
    const { signal } = ending;
    this.end = () => ending.abort();
    const ended = new Promise((resolve) => signal.addEventListener("abort", resolve));
    const hold = (/** @type {Lock | null} */ lock) => {
      if (!lock || signal.aborted) return;
      session.setTurn("mine");
      return ended;
    };
    try {
      await navigator.locks.request(this.name, steal ? { steal } : { ifAvailable: true }, hold);
      if (signal.aborted) return;
      session.setTurn("other");
      await navigator.locks.request(this.name, { signal }, hold);
    } catch (error) {
      if (signal.aborted) return;
      if (/** @type {DOMException} */ (error).name !== "AbortError") return session.setTurn("mine"); // the browser gives no locks here
      session.claims = false;
      session.setTurn("other"); // another lab has taken it
      this.ask();
    }
  }
}

/** The name of the lock, the tab's own; "" where there are no locks. */
function name() {
  try {
    return navigator.locks ? `alexnet-lab trains ${tab()}` : "";
  } catch {
    return "";
  }
}
