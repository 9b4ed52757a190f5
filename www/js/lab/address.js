// @ts-check
/** Where the lab is the page: keeps the address and the settings in step, and guards a run that leaving would lose. */

import { isLane } from "../worker/attributes.js";

/** Leaving a paused run asks only after this much training, ms. */
const WORTH = 60_000;

/** @param {import("../session/session.js").Session} session @param {AbortSignal} signal ends it */
export function bindAddress(session, signal) {
  let at = location.hash;
  /** The settings in the address. */
  let told = at.slice(1);
  /** The settings read from an address that was not fully understood. That address stays until the settings change. */
  let kept = "";
  let reading = false;
  session.opened.then(() => {
    if (session.state.notes.length > 0) kept = session.state.fragment;
  });
  // An address that says nothing: on the CPU, learning shows sooner in a quarter of the channels. The address then says so.
  session
    .until(({ describe }) => describe !== null)
    .then(() => {
      const { describe, fragment, notes, step } = session.state;
      if (at || fragment !== "v=1" || step > 0 || describe?.backend.name !== "cpu") return;
      session.set({ width: "0.25" }).then(() => session.patch({ notes: [...notes, { code: "narrow" }] }));
    });
  const read = async () => {
    if (location.hash === at) return;
    const mine = (at = location.hash);
    reading = true;
    const understood = await session.setFragment(at.slice(1));
    if (mine !== at) return; // a newer one is being read
    reading = false;
    told = at.slice(1);
    kept = understood ? "" : session.state.fragment;
    write();
  };
  const write = () => {
    const { fragment, describe } = session.state;
    if (!describe || reading || location.hash !== at || fragment === told || fragment === kept) return;
    told = fragment;
    // The plain page keeps its plain address. A link that was not understood stays in the history; in a frame, the embedding page has it anyway.
    if (fragment !== "v=1" || at) history[kept && window.parent === window ? "pushState" : "replaceState"](history.state, "", `${plain(session)}#${fragment}`);
    kept = "";
    at = location.hash;
  };
  session.addEventListener("change", write, { signal });
  window.addEventListener("hashchange", read, { signal });
}

/** The address without settings. From the first change on, the fragment has them all. @param {import("../session/session.js").Session} session */
function plain({ state }) {
  const query = new URLSearchParams(location.search);
  for (const key of [...query.keys()]) if (key === "v" || isLane(key) || state.schema.some((setting) => setting.key === key)) query.delete(key);
  const others = `${query}`;
  return location.href.split(/[?#]/)[0] + (others && `?${others}`);
}

/**
 * Has the browser ask before the user leaves a run that is training or took long; never in a frame.
 * @param {import("../session/session.js").Session} session @param {AbortSignal} signal ends it
 */
export function guardRun(session, signal) {
  if (window.parent !== window) return;
  const ask = (/** @type {Event} */ event) => event.preventDefault();
  let asks = false;
  // No listener while nothing can be lost: browsers keep such a page in the back/forward cache.
  const look = () => {
    const { step, wanted, milliseconds } = session.state;
    const wants = step > 0 && (wanted || step * milliseconds > WORTH);
    if (wants === asks) return;
    asks = wants;
    if (asks) addEventListener("beforeunload", ask, { signal });
    else removeEventListener("beforeunload", ask);
  };
  session.addEventListener("change", look, { signal });
}
