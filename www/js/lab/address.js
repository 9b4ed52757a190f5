// @ts-check
/** Where the lab is the page: the address and the lab's settings, both ways; and a run that leaving would lose. */

/** A pause loses nothing worth a question until this much training, ms. */
const WORTH = 60_000;

/** @param {import("../session/session.js").Session} session @param {AbortSignal} signal ends it */
export function bindAddress(session, signal) {
  let at = location.hash;
  /** The settings that the address stands for. */
  let told = at.slice(1);
  /** The settings that an address was read as of which something was not understood: it stays as it is until they change. */
  let kept = "";
  let reading = false;
  session.opened.then(() => {
    if (session.state.notes.length > 0) kept = session.state.fragment;
  });
  const read = async () => {
    if (location.hash === at) return;
    const mine = (at = location.hash);
    reading = true;
    const understood = await session.setFragment(at.slice(1));
    if (mine !== at) return; // another one is read already
    reading = false;
    told = at.slice(1);
    kept = understood ? "" : session.state.fragment;
    write();
  };
  const write = () => {
    const { fragment, describe } = session.state;
    if (!describe || reading || location.hash !== at || fragment === told || fragment === kept) return;
    told = fragment;
    // The plain page keeps its plain address; and the way back leads to a link that was not understood, which a frame's page has anyway.
    if (fragment !== "v=1" || at) history[kept && window.parent === window ? "pushState" : "replaceState"](history.state, "", `#${fragment}`);
    kept = "";
    at = location.hash;
  };
  session.addEventListener("change", write, { signal });
  window.addEventListener("hashchange", read, { signal });
}

/**
 * Has the browser ask before a run is left that goes on, or took long; in a frame it never does.
 * @param {import("../session/session.js").Session} session @param {AbortSignal} signal ends it
 */
export function guardRun(session, signal) {
  if (window.parent !== window) return;
  const ask = (/** @type {Event} */ event) => event.preventDefault();
  let asks = false;
  // Where nothing can be lost there is no listener: a browser keeps such a page for the way back.
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
