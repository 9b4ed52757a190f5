// Records the run of each lesson, which the page shows where a device is too slow to run it: www/data/lessons/NAME.json.
// usage: node tests/browser/record_lessons.mjs [NAME ...]     all lessons unless named; after `cargo run --release -- build`
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ACTIVATION_ROW, GRADIENT_ROW } from "../../www/js/charts/rows.js";
import { LESSONS } from "../../www/js/lessons/list.js";
import { Recorded, packLook } from "../../www/js/lessons/recorded.js";
import { launch, newPage } from "./browsers.mjs";
import { ROOT, startLab } from "./servers.mjs";

/** Bytes of a recording, packed: as many looks are kept as fit. */
const ROOM = 39_000;
/** Most looks kept of a network. */
const MOST = 24;
/** What is further from the whole run's, relatively, is told: counts are packed, and means over looks have fewer of them. */
const NEAR = 0.05;
const OUT = join(ROOT, "www", "data", "lessons");

/** Runs a lesson in the page: its rows, evaluations and looks by lane, what it measured, and what ran it. */
async function run(browser, lab, { name }) {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    addEventListener("ready", () => (window.ready = true), true);
  });
  await page.goto(`${lab.address}/#v=1&lang=en&backend=cpu&workers=1&lesson=${name}`);
  await page.waitForFunction(() => window.ready && document.querySelector("alexnet-lab").shell.lesson.panel?.lesson, { timeout: 120_000 });
  await page.waitForNetworkIdle({ timeout: 120_000 }); // a lesson takes all images
  await page.evaluate(() => {
    const { session, shell } = document.querySelector("alexnet-lab");
    const { panel } = shell.lesson;
    let seen = { run: -1 };
    session.addEventListener("change", ({ detail: { kind, detail, lane } }) => {
      if (panel.result) return;
      if (session.state.run !== seen.run) seen = window.seen = { run: session.state.run, rows: [[], [], [], []], tests: [[], [], [], []], looks: [[], [], [], []] };
      if (kind === "records") for (let i = 0; i < detail.length; i += 3) seen.rows[lane].push([...detail.subarray(i, i + 3)]);
      if (kind === "evaluation") seen.tests[lane].push([detail.step, detail.loss, detail.accuracy]);
      if (kind === "snapshot") seen.looks[lane].push(detail);
    });
    // Step by step, as there is a look after each one; the run is the same.
    session.play = async () => {
      while (!panel.result) await session.step();
    };
    panel.act("next");
    panel.act("next");
  });
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.lesson.panel.result, { timeout: 280_000 });
  const found = await page.evaluate(() => {
    const { session, shell } = document.querySelector("alexnet-lab");
    const { lanes, describe, fragment } = session.state;
    const { seen } = window;
    const list = ({ step, parameters, norms, activation_gradients, activations }) =>
      ({ step, parameters: [...parameters], norms: [...norms], activation_gradients: [...activation_gradients], activations: [...activations] });
    return {
      ...seen, looks: seen.looks.map((looks) => looks.map(list)), result: shell.lesson.panel.result, backend: describe.backend, version: new URLSearchParams(fragment).get("v"),
      lanes: lanes.map(({ changes, config, divergence, describe: { network } }) => ({ changes, config, divergence, network })),
    };
  });
  assert.deepEqual(complaints, []);
  await page.close();
  return found;
}

/** The rows of a tensor or a block. */
const cut = (values, at, width) => Float32Array.from(values.slice(at * width, (at + 1) * width));

/** The first look, the last one, and others between them, evenly by step. */
function thin(looks, count) {
  const last = looks.at(-1).step;
  const kept = Array.from({ length: count }, (_, i) => looks.find(({ step }) => step >= 1 + ((last - 1) * i) / (count - 1)) ?? looks.at(-1));
  return [...new Set(kept)];
}

const digits = (x, n) => (Number.isFinite(x) ? Number(x.toPrecision(n)) : null);

/** What is written, with `count` looks. */
function fileOf({ name, fragment, until, measure }, found, count) {
  const [{ config, network }] = found.lanes;
  const names = network.blocks.map((block) => block.name);
  const read = new Set(["activation", ...found.lanes.flatMap(({ changes }) => Object.keys(changes))]);
  const lanes = found.lanes.map(({ changes, divergence, network: own }, lane) => {
    const rows = found.rows[lane].filter(([step]) => step < until);
    assert.ok(divergence || rows.length === until, `${name}: ${rows.length} steps`);
    const looks = thin(found.looks[lane].filter(({ step }) => step <= until), count).map(({ step, parameters, norms, activation_gradients, activations }) =>
      packLook({
        step,
        norms: names.map((block) => digits(norms[own.tensors.findIndex((tensor) => tensor.name === `${block}.weight`)], 5)),
        weights: names.map((block) => cut(parameters, own.tensors.findIndex((tensor) => tensor.name === `${block}.weight`), GRADIENT_ROW)),
        gradients: names.map((_, at) => cut(activation_gradients, at, GRADIENT_ROW)),
        activations: names.map((_, at) => cut(activations, at, ACTIVATION_ROW)),
      }));
    return {
      changes, divergence: divergence && { step: divergence.step, layer: divergence.layer },
      loss: rows.map(([, loss]) => digits(loss, 5)), accuracy: rows.map(([, , accuracy]) => digits(accuracy, 4)),
      tests: found.tests[lane].filter(([step]) => step <= until).map(([step, loss, accuracy]) => [step, digits(loss, 5), digits(accuracy, 4)]),
      looks,
    };
  });
  const { name: backend, simd, workers } = found.backend;
  const file = {
    lesson: name, fragment, version: found.version, date: new Date().toISOString().slice(0, 10), seed: Number(config.seed), backend: { name: backend, simd, workers },
    config: Object.fromEntries([...read].map((key) => [key, config[key]])), names, classes: network.classes, until, outcome: found.result.outcome, lanes,
  };
  const recorded = new Recorded(file);
  recorded.tell(until);
  return { file, measured: measure(recorded.measured) };
}

const wanted = LESSONS.filter(({ name }) => process.argv.length < 3 || process.argv.includes(name));
mkdirSync(OUT, { recursive: true });
const lab = await startLab();
const { browser, close } = await launch("chromium");
try {
  for (const lesson of wanted) {
    const found = await run(browser, lab, lesson);
    let best;
    for (let count = 3; count <= MOST; count++) {
      const { file, measured } = fileOf(lesson, found, count);
      const text = JSON.stringify(file);
      const bytes = gzipSync(text, { level: 9 }).length;
      if (best && bytes > ROOM) break;
      best = { file, measured, text, bytes };
    }
    const { file, measured, text, bytes } = best;
    const apart = Object.entries(found.result.values).map(([key, value]) => [key, value, measured.values[key]]).filter(([, a, b]) => !(Math.abs(b - a) <= NEAR * Math.abs(a)));
    console.log(`${lesson.name}: ${file.lanes.map(({ looks }) => looks.length).join(", ")} looks, ${bytes} bytes packed, ${text.length} in all; ${measured.outcome}`);
    for (const [key, of, is] of apart) console.log(`  ${key}: ${of} in the run, ${is} in the recording`);
    assert.equal(measured.outcome, file.outcome);
    writeFileSync(join(OUT, `${lesson.name}.json`), text);
  }
} finally {
  await close();
  lab.close();
}
