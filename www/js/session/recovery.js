// @ts-check
/** Continues a run whose device or worker is lost, from the page's copies of its weights. */

import { START, pairsOf } from "./state.js";

/**
 * Cuts the record of each network at the step from which it continues.
 * @param {import("./run.js").Run} session @param {Record<string, string>} changes @param {boolean} keep
 * @returns {Promise<boolean>} whether it can continue
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
  if (phase === "compiling") session.patch({ phase: "lost", problem: session.state.problem ?? problem }); // the user can try again
  return phase !== "compiling" && phase !== "lost";
}

/** Starts another worker with the same images. @param {import("./run.js").Run} session @param {string} fragment */
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
  // Switches changed since the copy: the cut removed their marks too.
  if (step > 0) session.markChanges(saved.map((copy, at) => copy?.config ?? lanes[at].config));
  const note = (/** @type {import("../worker/types.js").Problem} */ said) =>
    session.patch({ notes: [...session.state.notes.filter(({ code }) => code !== said.code), said] });
  if (step > 0) note({ code: "goes_on_from", step });
  else note({ code: "begins_again" });
}
