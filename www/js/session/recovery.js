// @ts-check
/** How a run goes on when its device or its worker is lost: from the copies of its weights that the page has. */

import { START, pairsOf } from "./state.js";

/**
 * The record of each network is cut where it goes on.
 * @param {import("./run.js").Run} session @param {Record<string, string>} changes @param {boolean} keep
 * @returns {Promise<boolean>} whether it can go on
 */
export async function recover(session, changes = {}, keep = true) {
  const { fragment, lanes, problem } = session.state;
  const saved = lanes.map((lane) => (keep ? lane.saved : null));
  const wanted = [fragment, ...pairsOf(changes)].join("&");
  session.patch({ phase: "compiling", problem: null });
  await session.attempt(async () => {
    if (session.line.closed) await revive(session, wanted);
    const described = await session.send(
      "recover",
      wanted,
      saved.map((copy) => copy?.bytes),
    );
    session.training = false;
    session.described(described);
    goOn(session, saved);
    session.patch({ phase: "paused" });
    session.drive();
  });
  session.patch({ progress: null });
  const { phase } = session.state;
  if (phase === "compiling") session.patch({ phase: "lost", problem: session.state.problem ?? problem }); // it can be tried again
  return phase !== "compiling" && phase !== "lost";
}

/** Another worker, with the same images. @param {import("./run.js").Run} session @param {string} fragment */
async function revive(session, fragment) {
  session.connect();
  await session.start(fragment);
  if (session.files) await session.send("files", session.files);
}

/** @param {import("./run.js").Run} session @param {import("./state.js").Lane["saved"][]} saved */
function goOn(session, saved) {
  const { lanes } = session.state;
  const steps = lanes.map(({ describe }) => describe?.step ?? 0);
  const step = Math.max(...steps);
  if (step === 0) session.again();
  for (const [at, from] of step > 0 ? steps.entries() : []) {
    session.learn(at, { ...START, step: from, saved: saved[at] ?? null });
    session.emit("cut", from, at);
  }
  // Switches that were flipped since: their marks are cut too.
  if (step > 0) session.markChanges(saved.map((copy, at) => copy?.config ?? lanes[at].config));
  const note = (/** @type {import("../worker/types.js").Problem} */ said) =>
    session.patch({ notes: [...session.state.notes.filter(({ code }) => code !== said.code), said] });
  if (step > 0) note({ code: "goes_on_from", step });
  else note({ code: "begins_again" });
}
