// Records the run of each lesson, which the page offers where a device is too slow for the run: www/data/lessons/NAME.json.
// usage: node tests/browser/record_lessons.mjs [NAME ...]     all lessons by default; after `cargo run --release -- build`
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ACTIVATION_ROW, GRADIENT_ROW } from "../../www/js/charts/rows.js";
import { LESSONS } from "../../www/js/lessons/list.js";
import { NUMBERS, Recorded, packLook } from "../../www/js/lessons/run/recorded.js";
import { written } from "../../www/js/components/terms.js";
import { launch, newPage } from "./browsers.mjs";
import { ROOT, startLab } from "./servers.mjs";

/** Most bytes of a packed recording. */
const ROOM = 42_000;
/** This lesson needs numbers that packed histograms only hold approximately, most of them of this layer; of its snapshots, one in this many is kept. */
const [NUMBERED, LAYER, ONE_OF] = ["covariate-shift", "conv4", 10];
/** Numbers kept of the other layers: the percentiles that it draws. */
const DRAWN = 3;
const OUT = join(ROOT, "www", "data", "lessons");

/** Runs a lesson in the page: its rows, evaluations and snapshots by lane, its measurements, and its backend. */
async function run(browser, lab, { name }) {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    addEventListener("ready", () => (window.ready = true), true);
  });
  await page.goto(`${lab.address}/#v=1&lang=en&backend=cpu&lesson=${name}`);
  await page.waitForFunction(() => window.ready && document.querySelector("alexnet-lab").shell.lesson.panel?.lesson, { timeout: 120_000 });
  await page.waitForNetworkIdle({ timeout: 120_000 }); // a lesson needs all images
  await page.evaluate(() => {
    const { session, shell } = document.querySelector("alexnet-lab");
    const { panel } = shell.lesson;
    let seen = { run: -1 };
    session.addEventListener("change", ({ detail: { kind, detail, lane } }) => {
      if (panel.result) return;
      if (session.state.run !== seen.run)
        seen = window.seen = { run: session.state.run, rows: [[], [], [], []], tests: [[], [], [], []], looks: [[], [], [], []] };
      if (kind === "records") for (let i = 0; i < detail.length; i += 3) seen.rows[lane].push([...detail.subarray(i, i + 3)]);
      if (kind === "evaluation") seen.tests[lane].push([detail.step, detail.loss, detail.accuracy, ...Object.values(detail.train ?? {})]);
      if (kind === "snapshot" && detail.fixed) seen.looks[lane].push(detail);
    });
    panel.runAgain(panel.seed);
  });
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.lesson.panel.result, { timeout: 280_000 });
  const found = await page.evaluate(() => {
    const { session, shell } = document.querySelector("alexnet-lab");
    const { lanes, describe, fragment } = session.state;
    const { seen } = window;
    const list = ({ step, parameters, norms, activation_gradients, activations }) => ({
      step,
      parameters: [...parameters],
      norms: [...norms],
      activation_gradients: [...activation_gradients],
      activations: [...activations],
    });
    return {
      ...seen,
      looks: seen.looks.map((looks) => looks.map(list)),
      result: shell.lesson.panel.result,
      backend: describe.backend,
      version: new URLSearchParams(fragment).get("v"),
      lanes: lanes.map(({ changes, config, divergence, describe: { network } }) => ({ changes, config, divergence, network })),
    };
  });
  assert.deepEqual(complaints, []);
  await page.close();
  return found;
}

/** The rows of a tensor or a block. */
const cut = (values, at, width) => Float32Array.from(values.slice(at * width, (at + 1) * width));

const digits = (x, n) => (Number.isFinite(x) ? Number(x.toPrecision(n)) : null);

/** The content of a recording's file. */
function fileOf({ name, fragment, until, measure }, found) {
  const [{ config, network }] = found.lanes;
  const namesOf = ({ blocks }) => blocks.map((block) => block.name);
  const shared = namesOf(network);
  const read = new Set(["activation", ...found.lanes.flatMap(({ changes }) => Object.keys(changes))]);
  const lanes = found.lanes.map(({ changes, divergence, network: own }, lane) => {
    const names = namesOf(own);
    const rows = found.rows[lane].filter(([step]) => step < until);
    const { history } = found.result.run.lanes[lane];
    assert.ok(divergence || rows.length === until, `${name}: ${rows.length} steps`);
    const kept = found.looks[lane].filter(({ step }, at) => step <= until && (name !== NUMBERED || at % ONE_OF === 0));
    const looks = kept.map(({ step, parameters, norms, activation_gradients, activations }) =>
      packLook({
        step,
        norms: names.map((block) => digits(norms[own.tensors.findIndex((tensor) => tensor.name === `${block}.weight`)], 5)),
        weights: names.map((block) =>
          cut(
            parameters,
            own.tensors.findIndex((tensor) => tensor.name === `${block}.weight`),
            GRADIENT_ROW,
          ),
        ),
        gradients: names.map((_, at) => cut(activation_gradients, at, GRADIENT_ROW)),
        activations: names.map((_, at) => cut(activations, at, ACTIVATION_ROW)),
      }),
    );
    return {
      changes,
      divergence: divergence && { step: divergence.step, layer: divergence.layer },
      loss: rows.map(([, loss]) => digits(loss, 6)),
      accuracy: rows.map(([, , accuracy]) => digits(accuracy, 4)),
      tests: found.tests[lane]
        .filter(([step]) => step <= until)
        .map(([step, ...values]) => [step, ...values.map((value, at) => digits(value, at % 2 ? 4 : 6))]),
      looks,
      names: names.join() === shared.join() ? undefined : names,
      numbers:
        name === NUMBERED
          ? history.map(({ step, layers }) => [
              step,
              ...names.map((block) => NUMBERS.slice(0, block === LAYER ? NUMBERS.length : DRAWN).map((key) => digits(layers[block][key], 5))),
            ])
          : undefined,
    };
  });
  const { name: backend, simd, workers } = found.backend;
  const file = {
    lesson: name,
    fragment,
    version: found.version,
    date: new Date().toISOString().slice(0, 10),
    seed: Number(config.seed),
    backend: { name: backend, simd, workers },
    config: Object.fromEntries([...read].map((key) => [key, config[key]])),
    names: shared,
    classes: network.classes,
    until,
    outcome: found.result.outcome,
    lanes,
  };
  const recorded = new Recorded(file);
  recorded.tell(until);
  return { file, measured: measure(recorded.measured) };
}

/** The numbers as written in sentences. */
const words = ({ outcome, values }) => [outcome, Object.entries(values).map(([name, value]) => `${name}: ${written(name, value)}`)];

const wanted = LESSONS.filter(({ name }) => process.argv.length < 3 || process.argv.includes(name));
mkdirSync(OUT, { recursive: true });
const lab = await startLab();
const { browser, close } = await launch("chromium");
try {
  for (const lesson of wanted) {
    const found = await run(browser, lab, lesson);
    const { file, measured } = fileOf(lesson, found);
    const text = JSON.stringify(file);
    const bytes = gzipSync(text, { level: 9 }).length;
    console.log(
      `${lesson.name}: ${file.lanes.map(({ looks }) => looks.length).join(", ")} looks, ${bytes} bytes packed, ${text.length} in all; ${measured.outcome}`,
    );
    assert.ok(bytes <= ROOM, "too large");
    // The recording gives the same results as the run.
    assert.deepEqual(words(measured), words(found.result));
    writeFileSync(join(OUT, `${lesson.name}.json`), text);
  }
} finally {
  await close();
  lab.close();
}
