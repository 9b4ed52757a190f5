// The recorded experiments of the papers: what is said about them follows from their numbers.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EXPERIMENTS } from "../../benches/papers/experiments.mjs";
import { fastest, interval, paired } from "../../benches/papers/verdict.mjs";

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDER = join(ROOT, "benches", "papers", "results");
const TABLE = readFileSync(join(ROOT, "benches", "README.md"), "utf8");
const SEEDS = JSON.parse(readFileSync(join(ROOT, "www", "js", "lessons", "run", "seeds.json"), "utf8"));
const read = (name) => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));

for (const file of readdirSync(FOLDER)) {
  const report = read(file);
  test(`the recording of ${report.experiment} is of the experiment as it is`, () => {
    assert.equal(file, `${report.experiment}.json`);
    const { runs } = EXPERIMENTS[report.experiment];
    // The runs of hours may end one after another; what is told of them meanwhile says so.
    const wanted = runs.reduce((sum, { seeds, rates }) => sum + (rates ? 0 : seeds.length), 0);
    const unfinished = runs.every(({ rates }) => !rates) && report.results.length < wanted;
    assert.equal(TABLE.includes(`\`${report.experiment}\` is not finished.`), unfinished);
    for (const { name, settings, seeds: all, rates = [null], until, until_test } of runs) {
      const own = report.results.filter((result) => result.name === name);
      const seeds = unfinished ? all.slice(0, own.length) : all;
      if (unfinished && own.length === 0) continue;
      const mark = until ?? until_test;
      assert.deepEqual([...new Set(own.map(({ rate }) => rate))], rates, name);
      // A search without a rate that reaches the mark has nothing to repeat.
      const repeated = rates[0] === null || own.some(({ reached }) => reached);
      assert.deepEqual([...new Set(own.map(({ seed }) => seed))], repeated ? seeds : seeds.slice(0, 1), name);
      for (const { rate, seed, link, reached, epochs, training_error, test_error, test_errors } of own) {
        assert.ok(mark || (test_error > 0 && test_error < 1), `${link}: ${test_error}`);
        assert.equal(link, `#v=1&backend=cpu&${settings}&seed=${seed}${rate === null ? "" : `&lr=${rate}`}`);
        assert.equal(training_error.length, Math.floor(2 * epochs), link);
        if (until_test) assert.equal(test_errors.findIndex((error) => error <= until_test) >= 0, Boolean(reached), link);
        if (!until || !reached) continue;
        // A mean over 100 steps falls below the mark no later than the mean over half an epoch.
        const half = training_error.findIndex((error) => error <= until);
        assert.ok(reached <= epochs && (half < 0 || reached <= (half + 1) / 2 + 0.01), `${link}: ${reached}`);
        assert.ok(Math.min(...training_error) < until + 0.03, `${link}: ${training_error.at(-1)}`);
      }
    }
  });
}

test("the lesson and the table quote figure 1 as it was measured", () => {
  const { relu, tanh, sigmoid } = fastest(read("figure-1.json"));
  assert.ok(relu.mean < tanh.mean);
  const factor = (tanh.mean / relu.mean).toFixed(1);
  for (const language of ["en", "zh"]) {
    const { noise } = lessonText(language, "figure-1");
    assert.ok([relu, tanh, sigmoid].every(({ rate }) => rate === relu.rate) && noise.includes(`${relu.rate} `), `${language}: ${noise}`);
  }
  // Sigmoid reaches it with none of its rates; the one that came closest lies inside.
  const { epochs: limit, rates } = EXPERIMENTS["figure-1"].runs.find(({ name }) => name === "sigmoid");
  assert.ok(sigmoid.epochs.length === 0 && sigmoid.rate > Math.min(...rates) && sigmoid.rate < Math.max(...rates));
  assert.match(TABLE, new RegExp(`\\| sigmoid +\\| ${sigmoid.rate} +\\| not within ${limit}; ${(100 * sigmoid.lowest).toFixed(1)} % by then +\\|`));
  // The lesson has the numbers in its file.
  const passes = [relu, tanh, sigmoid].map(({ epochs }) => epochs);
  const lowest = [relu, tanh, sigmoid].map(({ lowest }) => lowest);
  const mark = EXPERIMENTS["figure-1"].runs[0].until;
  assert.deepEqual(SEEDS["figure-1"].complete, { mark, limit, passes, lowest });
  assert.ok(TABLE.includes(`tanh takes ${factor} times as long as ReLU`));
  for (const [name, { rate, epochs }] of Object.entries({ ReLU: relu, tanh })) {
    assert.ok(TABLE.includes(`| ${name} | ${rate} | ${epochs.map((x) => x.toFixed(1)).join(" and ")} |`), name);
  }
});

/** The mean and half of its interval, as they are written. */
const written = ({ mean, half }, digits) => `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;
const lessonText = (language, lesson) => JSON.parse(readFileSync(join(ROOT, "www", "i18n", `lessons.${language}.json`), "utf8")).lessons[lesson];

test("the lesson and the table quote what dropout costs as it was measured", () => {
  const report = read("dropout.json");
  for (const name of ["without", "with"]) {
    const epochs = interval(report.results.filter((result) => result.name === name).map(({ reached }) => reached));
    assert.ok(TABLE.includes(`| ${name} dropout | ${written(epochs, 2)} |`), name);
  }
  const factor = interval(paired(report, "with", "without", (a, b) => a.reached / b.reached));
  assert.ok(factor.mean - factor.half > 1, "it costs steps with certainty");
  assert.ok(factor.mean + factor.half > 2, "and may cost twice as many");
  assert.ok(TABLE.includes(`| with, over without, seed by seed | ${written(factor, 2)} |`));
  for (const language of ["en", "zh"]) assert.ok(lessonText(language, "dropout").paper.includes(written(factor, 1)), language);
});

test("the lesson and the table quote what overlap changes as it was measured", () => {
  const report = read("overlap.json");
  for (const [name, row] of Object.entries({ overlapping: "overlapping windows, 3/2", apart: "windows side by side, 2/2" })) {
    const error = interval(report.results.filter((result) => result.name === name).map(({ test_error }) => 100 * test_error));
    assert.ok(TABLE.includes(`| ${row} | ${written(error, 1)} % |`), name);
  }
  const apart = interval(paired(report, "overlapping", "apart", (a, b) => 100 * (a.test_error - b.test_error)));
  assert.ok(apart.mean - apart.half > 0, "it costs, with these seeds");
  assert.ok(TABLE.includes(`| overlapping minus side by side, seed by seed | ${written(apart, 1)} points |`));
  for (const language of ["en", "zh"]) assert.ok(lessonText(language, "pooling").noise.includes(written(apart, 1)), language);
});

test("an interval is Student's", () => {
  // By hand: mean 3, deviation sqrt(2.5), t 2.776.
  const { mean, half } = interval([1, 2, 3, 4, 5]);
  assert.ok(mean === 3 && Math.abs(half - (2.776 * Math.sqrt(2.5)) / Math.sqrt(5)) < 1e-12, `${half}`);
});

test("the table quotes the test errors as they were measured", () => {
  for (const { name, test_error } of read("bars.json").results) {
    assert.ok(TABLE.includes(`| \`${name}\` | ${name.slice(-2)} % | ${(100 * test_error).toFixed(1)} % |`), name);
  }
});

test("what is told of the local network follows from the runs that are finished", () => {
  const written = (name) => read("lrn-13-11.json").results.flatMap((result) => (result.name === name ? [`${(100 * result.test_error).toFixed(1)} %`] : []));
  assert.ok(
    TABLE.includes(
      `without LRN the test error is ${written("none").join(" and ")} (two seeds), with alpha 1e-3 / 5 it is ${written("alpha 1e-3 / 5")} (one seed)`,
    ),
  );
});
