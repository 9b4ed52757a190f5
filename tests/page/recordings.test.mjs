// The recordings of lessons that ship with the page match the current lessons, are small, and have an outcome.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { ACTIVATION_BINS, ACTIVATION_ROW, BIN, GRADIENT_BINS, GRADIENT_ROW, activationAt, gradientAt, percentile } from "../../www/js/charts/rows.js";
import { LESSONS } from "../../www/js/lessons/list.js";
import { RUNGS, errorOf, gainOf } from "../../www/js/lessons/run/ladder.js";
import { packActivation, packGradient, unpackActivation, unpackGradient } from "../../www/js/lessons/run/packed.js";
import { Recorded } from "../../www/js/lessons/run/recorded.js";
import { fieldsIn } from "../../www/js/components/terms.js";

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDER = join(ROOT, "www", "data", "lessons");
const read = (name) => readFileSync(join(FOLDER, `${name}.json`), "utf8");
/** Most bytes of a packed recording. */
const LIMIT = 42_000;

test("every lesson has a recording, and no other is there", () => {
  assert.deepEqual(readdirSync(FOLDER).sort(), LESSONS.map(({ name }) => `${name}.json`).sort());
});

test("settings of which a version is recorded are of the version that is read", () => {
  const version = readFileSync(join(ROOT, "src", "config", "mod.rs"), "utf8").match(/VERSION: \w+ = (\d+)/)[1];
  for (const { name } of LESSONS) assert.equal(JSON.parse(read(name)).version, version, name);
});

for (const { name, fragment, until, every, lanes, choices, sentences, measure } of LESSONS) {
  test(`the recording of ${name} is of the lesson as it is, and decides it`, () => {
    const text = read(name);
    const bytes = gzipSync(text, { level: 9 }).length;
    assert.ok(bytes <= LIMIT, `${bytes}`);
    const file = JSON.parse(text);
    assert.deepEqual([file.lesson, file.fragment, file.until, file.lanes.length], [name, fragment, until, lanes.length]);
    assert.match(file.date, /^20\d\d-\d\d-\d\d$/);
    assert.deepEqual([file.seed, file.backend.name], [1, "cpu"]);
    const recorded = new Recorded(file);
    recorded.tell(until >> 1);
    assert.equal(recorded.recording.outcome, "going");
    recorded.tell(until);
    assert.equal(recorded.recording.outcome, "complete");
    const { outcome, values } = measure(recorded.measured);
    assert.ok(choices.includes(outcome), outcome);
    assert.equal(outcome, file.outcome);
    for (const language of ["en", "zh"]) {
      const { saw } = JSON.parse(readFileSync(join(ROOT, "www", "i18n", `lessons.${language}.json`), "utf8")).lessons[name];
      for (const key of sentences) for (const field of fieldsIn(saw[key])) assert.ok(Number.isFinite(values[field]), `${key}: ${field} is ${values[field]}`);
    }
    recorded.measured.lanes.forEach(({ records, first, last, history, divergence }) => {
      const end = divergence?.step ?? until;
      assert.deepEqual(
        records.slice(0, end).map(([step]) => step),
        Array.from({ length: end }, (_, i) => i + 1),
      );
      // The snapshots that a run takes here, so that both say the same.
      const looks = [...new Set([1, ...Array.from({ length: until / every }, (_, i) => every * (i + 1))])].filter(
        (step) => step <= until && !(divergence && step >= end),
      );
      assert.deepEqual(
        history.map(({ step }) => step),
        looks,
      );
      assert.deepEqual([first, last], [history[0], history.at(-1)]);
    });
  });
}

test("a packed row keeps its numbers, how many values it holds, and its shape", () => {
  const row = new Float32Array(GRADIENT_ROW);
  for (let bin = 30; bin < 90; bin++) row[bin] = Math.round(1e5 * Math.exp(-(((bin - 55) / 9) ** 2)));
  row.set([12, 0, 3400, 0, 0, 0.012345], GRADIENT_BINS);
  row.set(
    [0.05, 0.5, 0.95].map((q) => percentile(row.subarray(0, GRADIENT_BINS), 12, 0, q)),
    GRADIENT_BINS + 6,
  );
  const [was, is] = [row, unpackGradient(packGradient(row))].map((each) => gradientAt(each, 0));
  assert.ok(Math.abs(is.total / was.total - 1) < 1e-3, `${is.total} of ${was.total}`);
  for (const key of ["zero", "below", "norm"]) assert.ok(Math.abs(is[key] - was[key]) <= 1e-3 * Math.abs(was[key]), `${key}: ${is[key]}, was ${was[key]}`);
  for (const key of ["p5", "p50", "p95"]) assert.ok(Math.abs(is[key] - was[key]) <= 0.1 * BIN, `${key}: ${is[key]}, was ${was[key]}`);
  // The root has 31 levels, and half a level at the peak is 1/31 of the count; the kept sum adds as much again.
  for (let bin = 0; bin < GRADIENT_BINS; bin++) assert.ok(Math.abs(is.bins[bin] - was.bins[bin]) < 0.04 * 1e5, `${bin}: ${is.bins[bin]}, was ${was.bins[bin]}`);
  const activations = new Float32Array(ACTIVATION_ROW);
  activations.set([5, 0, -1, 2, 0.5, 0.25, 0.125, 0.75], ACTIVATION_BINS);
  const found = activationAt(unpackActivation(packActivation(activations)), 0);
  assert.deepEqual(
    [found.nan, found.inf, found.min, found.max, found.mean, found.std, found.saturated, found.dead, found.total],
    [5, 0, -1, 2, 0.5, 0.25, 0.125, 0.75, 5],
  );
  assert.ok(Number.isNaN(unpackGradient(packGradient(new Float32Array(GRADIENT_ROW)))[GRADIENT_ROW - 2]), "nothing to measure stays that");
});

test("the numbers of further seeds are of the lessons as they are, and tell the same story with each seed", () => {
  const {
    "from-lenet": ladder,
    "figure-1": figure,
    norms,
    "covariate-shift": shift,
  } = JSON.parse(readFileSync(join(ROOT, "www", "js", "lessons", "run", "seeds.json"), "utf8"));
  for (const [name, seeds] of Object.entries({ norms, "covariate-shift": shift })) {
    const lesson = LESSONS.find((lesson) => lesson.name === name);
    assert.deepEqual([seeds.fragment, seeds.until, seeds.loss.length], [lesson.fragment, lesson.until, lesson.lanes.length]);
    assert.ok(seeds.seeds.length >= 5 && seeds.loss.every((of) => of.length === seeds.seeds.length));
  }
  const { fragment, until } = LESSONS.find(({ name }) => name === "from-lenet");
  assert.deepEqual([ladder.fragment, ladder.until, ladder.test_accuracy.length], [fragment, until, RUNGS.length]);
  const gains = RUNGS.slice(1).map((name, at) => ({ name, gain: gainOf(at + 1), error: errorOf(at + 1) }));
  const named = (name) => gains.find((row) => row.name === name);
  // What the lesson's words say: three changes are within the noise, augmentation takes away, and ReLU adds most, with each seed.
  for (const name of ["max", "overlap", "lrn"]) assert.ok(Math.abs(named(name).gain) < 2 * named(name).error, name);
  for (const name of ["relu", "size", "bn"]) assert.ok(named(name).gain > 2 * named(name).error, name);
  assert.ok(named("augment").gain < -2 * named("augment").error);
  assert.ok(ladder.seeds.length >= 5 && ladder.test_accuracy.every((of) => of.length === ladder.seeds.length));
  ladder.seeds.forEach((seed, at) => {
    const [relu, ...others] = RUNGS.slice(1).map((_, rung) => ladder.test_accuracy[rung + 1][at] - ladder.test_accuracy[rung][at]);
    assert.ok(relu > Math.max(...others), `seed ${seed}`);
  });
  const { fragment: drawn, until: end } = LESSONS.find(({ name }) => name === "figure-1");
  assert.deepEqual([figure.fragment, figure.until], [drawn, end]);
  // The ranges of ReLU and tanh overlap, and sigmoid does not come so far.
  const [relu, tanh, sigmoid] = figure.steps;
  assert.ok(figure.seeds.length >= 5 && figure.steps.every((of) => of.length === figure.seeds.length) && sigmoid.every((step) => step === null));
  assert.ok(Math.max(...tanh) > Math.min(...relu) && Math.max(...relu) > Math.min(...tanh));
  norms.seeds.forEach((_, at) => {
    const [none, lrn, placed, bn] = norms.loss.map((of) => of[at]);
    assert.ok(bn < Math.min(none, lrn, placed), `seed ${norms.seeds[at]}`);
  });
  shift.seeds.forEach((_, at) => {
    const [none, bn, noisy] = [0, 1, 2].map((lane) => ({ loss: shift.loss[lane][at], moved: shift.moved[lane][at] }));
    assert.ok(noisy.moved > Math.max(none.moved, bn.moved) && noisy.loss < none.loss, `seed ${shift.seeds[at]}`);
  });
});
