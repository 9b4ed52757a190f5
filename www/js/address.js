// @ts-check
/** The page's address and the lab's settings, both ways. */

/** @param {import("./session.js").Session} session @returns {() => void} stops listening */
export function bindAddress(session) {
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
  session.addEventListener("change", write);
  window.addEventListener("hashchange", read);
  return () => window.removeEventListener("hashchange", read);
}
