// @ts-check
/** What each step of a lesson shows. */
import { h, setText } from "../kit/dom.js";
import { integer, live, percent } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { LAST, accuracy, loss, test } from "./run/measure.js";
import { fieldsIn, written } from "../components/terms.js";

/** Seconds left of a run that are too long to wait. */
const PATIENCE = 120;
/** Learnt layers of the network without added depth. */
const LAYERS = 8;

/** @param {string} depth */
export const layersAt = (depth) => LAYERS + Number(depth);

/** @typedef {import("./run/types.js").Panel} Panel */

/** The step's words, and the lesson's toy if it belongs there. @param {Panel} panel @param {string} step @returns {Node[]} */
export function stepBody(panel, step) {
  const words = stepWords(panel, step);
  const toy = panel.toyOf();
  if (!toy) return words;
  // The step `saw` ends with a table; the toy belongs to the sentences above it.
  const at = step === "saw" && words.at(-1) instanceof HTMLTableElement ? words.length - 1 : words.length;
  return [...words.slice(0, at), toy.element, ...words.slice(at)];
}

/** @param {Panel} panel @param {string} step @returns {Node[]} */
function stepWords(panel, step) {
  const steps = integer(panel.lesson?.until ?? 0);
  const paragraph = (/** @type {string} */ key) => h("p", null, panel.terms.nodes(panel.word(key, { steps, activations: panel.layers - 1 })));
  switch (step) {
    case "question":
      return [paragraph("question"), ...depths(panel)];
    case "predict":
      return [paragraph("predict"), choices(panel)];
    case "run":
      return run(panel);
    case "saw":
      return saw(panel);
    case "formula":
      return [...(panel.lesson?.formula ?? []).map((line) => h("p", { class: "formula" }, panel.terms.nodes(line))), paragraph("formula")];
    case "paper":
      return [paragraph("paper")];
    default:
      return [paragraph("noise"), ...noise(panel)];
  }
}

/** @param {Panel} panel */
function choices(panel) {
  const { lesson, say } = panel;
  const chosen = () => panel.choices.get(lesson?.name ?? "");
  const buttons = (lesson?.choices ?? []).map((choice) => {
    const button = h("button", { type: "button", class: "action choice", "aria-pressed": String(chosen() === choice) }, panel.word(`choices.${choice}`));
    button.addEventListener("click", () => {
      panel.choices.set(lesson?.name ?? "", choice);
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      panel.showProgress(); // the picture shows what one expects
    });
    return button;
  });
  return h("div", { class: "choices", role: "group", "aria-label": say("steps.predict") }, buttons);
}

/** The choice of the network's depth. @param {Panel} panel @returns {Node[]} */
function depths(panel) {
  const { lesson, say, depth } = panel;
  if (!lesson?.depths || panel.stuck) return [];
  const buttons = lesson.depths.map((value) =>
    h(
      "button",
      { type: "button", class: "action choice", "data-depth": value, "aria-pressed": String(value === depth), onclick: () => panel.chooseDepth(value) },
      String(layersAt(value)),
    ),
  );
  return [h("div", { class: "choices depths", role: "group", "aria-label": say("depth") }, h("span", null, say("depth")), buttons)];
}

/** @param {Panel} panel @returns {Node[]} */
function run(panel) {
  const { lesson, say, result, recording, replay, stuck } = panel;
  const names = lesson?.lanes.map((lane) => panel.word(`lanes.${lane}`)).join(say("guide.comma"));
  const again = h(
    "button",
    { type: "button", class: "action", onclick: () => panel.start(panel.seed) },
    say(result && !result.recorded ? "run.again" : "run.start"),
  );
  again.hidden = stuck || recording?.outcome === "going";
  const resume = h("button", { type: "button", class: "action guide-resume", hidden: true, onclick: () => panel.session.play() }, say("run.resume"));
  const recorded = h(
    "button",
    { type: "button", class: "action guide-recorded", onclick: () => (replay ? panel.endRecording() : panel.showRecording()) },
    say(replay?.ahead ? "recorded.here" : replay ? "recorded.leave" : "recorded.show"),
  );
  return [
    h("p", null, say("run.what", { lanes: names, steps: integer(lesson?.until ?? 0) })),
    ...depths(panel),
    h("progress", { class: "guide-progress", max: lesson?.until ?? 1, value: 0, "aria-label": say("steps.run") }),
    h("p", { class: "guide-count" }),
    h("p", { class: "fine guide-behind", hidden: !replay?.ahead }),
    h("p", { class: "guide-offer", role: "status", hidden: true }),
    h("div", { class: "choices" }, again, resume, recorded),
    replay && h("p", { class: "fine guide-about" }, panel.aboutRecording("about", replay.file)),
  ].filter((node) => node !== null);
}

/** Updates the progress of the run. @param {Panel} panel */
export function progress(panel) {
  const { body, say, recording, replay, result, session, lesson, stuck } = panel;
  const [bar, count, behind, resume, offer] = [".guide-progress", ".guide-count", ".guide-behind", ".guide-resume", ".guide-offer"].map(
    (name) => /** @type {HTMLProgressElement} */ (body.querySelector(name)),
  );
  if (!bar || !lesson) return;
  const { milliseconds } = session.state;
  if (milliseconds > 0) panel.pace = milliseconds; // unknown for a moment after each evaluation
  const slow = panel.left > PATIENCE;
  offer.hidden = !(stuck || (slow && !replay));
  setText(offer, stuck ? say("recorded.no_engine") : slow ? say("recorded.slow", { minutes: integer(panel.left / 60) }) : "");
  const outcome = recording?.outcome ?? (result ? "complete" : "none");
  const going = outcome === "going";
  const steps = integer(lesson.until);
  const step = recording && going ? Math.min(recording.step, lesson.until) : outcome === "complete" ? lesson.until : 0;
  resume.hidden = !going || session.state.wanted || session.state.busy || step === 0;
  bar.value = replay?.recorded.step ?? step;
  bar.hidden = !replay && outcome === "none";
  if (replay) {
    setText(behind, replay.ahead ? say("recorded.behind", { step: integer(step), steps }) : "");
    return setText(count, say("recorded.step", { step: integer(replay.recorded.step), steps }));
  }
  if (stuck) return setText(count, "");
  setText(count, going ? say(panel.stage.known ? "run.drawn" : "run.step", { step: integer(step), steps }) : say(`run.${outcome}`));
}

/** Sentences with the run's numbers, as far as they were measured. @param {Panel} panel @returns {Node[]} */
function saw(panel) {
  const { result, lesson, say, recording, replay } = panel;
  if (recording?.outcome === "going" && !(replay && result?.recorded)) return [h("p", null, say("saw.going"))];
  if (!result || !lesson) return [h("p", null, say("saw.nothing"))];
  const { values, run: seen } = result;
  const when = (/** @type {number} */ step) => say(step > 0 ? "saw.after" : "saw.never", { steps: integer(step || seen.until) });
  /** @type {Node[]} */
  const nodes = changes(panel, result);
  for (const key of lesson.sentences) {
    const text = panel.word(`saw.${key}`);
    const fields = fieldsIn(text);
    if (!fields.every((field) => Number.isFinite(values[field]))) continue;
    const filled = panel.word(
      `saw.${key}`,
      Object.fromEntries(fields.map((field) => [field, field.startsWith("when_") ? when(values[field]) : written(field, values[field])])),
    );
    nodes.push(h("p", { "data-saw": key }, panel.terms.nodes(filled)));
  }
  seen.lanes.forEach(({ divergence }, lane) => {
    if (divergence)
      nodes.push(
        h("p", null, say("saw.diverged", { lane: panel.word(`lanes.${lesson.lanes[lane]}`), step: integer(divergence.step), layer: divergence.layer })),
      );
  });
  if (seen.lanes.length < lesson.lanes.length) nodes.push(h("p", { class: "fine" }, say("saw.missing", { n: seen.lanes.length, total: lesson.lanes.length })));
  nodes.push(table(panel, result));
  // A slide does not scroll: the claim stands above its picture, and the numbers open on request.
  const folds = panel.stage.on && panel.shell.size === "slide";
  const label = result.recorded ? [h("p", { class: "recording-label" }, panel.aboutRecording("seen", result.recorded))] : [];
  const rest = folds ? [h("details", { class: "guide-numbers" }, h("summary", null, say("saw.numbers")), nodes)] : nodes;
  return [...label, verdict(panel, result.outcome), ...rest];
}

/** Settings changed during the run: each value, and its first step. @param {Panel} panel @param {import("./run/types.js").Result} result @returns {Node[]} */
function changes(panel, { run: seen }) {
  const { say, lesson } = panel;
  const sentences = seen.lanes.flatMap((lane, at) =>
    [...new Set(lane.changes.map(({ key }) => key))].map((key) => {
      const of = lane.changes.filter((change) => change.key === key);
      const values = [{ value: of[0].before, step: 0 }, ...of].map(({ value, step }) => say("saw.value", { value, step: integer(step + 1) }));
      const setting = panel.shell.context.t(`settings.${key}.label`);
      return h(
        "p",
        { "data-saw": "changed" },
        say("saw.changed", { lane: panel.word(`lanes.${lesson?.lanes[at]}`), setting, values: values.join(say("guide.comma")) }),
      );
    }),
  );
  return sentences.length > 0 ? [...sentences, h("p", { class: "fine" }, say("saw.open"))] : [];
}

/** The prediction beside the outcome. @param {Panel} panel @param {string} outcome */
function verdict(panel, outcome) {
  const { say, lesson } = panel;
  const choice = panel.choices.get(lesson?.name ?? "");
  const predicted = choice ? panel.word(`choices.${choice}`) : say("saw.no_choice");
  const measured = outcome ? panel.word(`choices.${outcome}`) : say("saw.undecided");
  const right = choice === outcome;
  const sign =
    choice && outcome
      ? h("span", { class: right ? "verdict" : "verdict verdict-bad" }, icon(right ? "check" : "close"), say(`saw.${right ? "right" : "wrong"}`))
      : null;
  return h(
    "dl",
    { class: "guide-verdict", "data-outcome": outcome || undefined },
    h("div", null, h("dt", null, say("saw.predicted")), h("dd", null, predicted, sign)),
    h("div", null, h("dt", null, say("saw.measured")), h("dd", null, measured)),
  );
}

/** The end of the run, one row per network. @param {Panel} panel @param {import("./run/types.js").Result} result */
function table(panel, { run: seen }) {
  const { say, lesson } = panel;
  const cell = (/** @type {number} */ value, /** @type {(x: number) => string} */ write) => h("td", null, Number.isFinite(value) ? write(value) : "–");
  const rows = seen.lanes.map((_, lane) =>
    h(
      "tr",
      null,
      h("th", { scope: "row" }, panel.word(`lanes.${lesson?.lanes[lane]}`)),
      cell(loss(seen, lane), live),
      cell(accuracy(seen, lane), percent),
      cell(test(seen, lane).accuracy, percent),
    ),
  );
  const head = ["lane", "loss", "accuracy", "test"].map((name) => h("th", { scope: "col" }, say(`table.${name}`)));
  return h(
    "table",
    { class: "guide-table" },
    h("caption", null, say("table.caption", { n: LAST })),
    h("thead", null, h("tr", null, head)),
    h("tbody", null, rows),
  );
}

/** Compares runs with other seeds. @param {Panel} panel @returns {Node[]} */
function noise(panel) {
  const { say, lesson } = panel;
  const results = panel.ran;
  if (!lesson || results.length === 0) return [];
  const rows = results.map(({ seed, run: seen, outcome, recorded }) =>
    h(
      "tr",
      null,
      h("th", { scope: "row" }, recorded ? say("recorded.seed", { seed }) : String(seed)),
      lesson.lanes.map((_, lane) => h("td", null, Number.isFinite(loss(seen, lane)) ? live(loss(seen, lane)) : "–")),
      h("td", null, outcome ? panel.word(`choices.${outcome}`) : "–"),
    ),
  );
  const head = [say("table.seed"), ...lesson.lanes.map((lane) => panel.word(`lanes.${lane}`)), say("saw.measured")].map((name) =>
    h("th", { scope: "col" }, name),
  );
  const next = Math.max(...results.map(({ seed }) => seed)) + 1;
  return [
    h("table", { class: "guide-table" }, h("caption", null, say("table.seeds", { n: LAST })), h("thead", null, h("tr", null, head)), h("tbody", null, rows)),
    h("button", { type: "button", class: "action", disabled: panel.stuck, onclick: () => panel.runAgain(next) }, say("run.seed", { seed: next })),
  ];
}
