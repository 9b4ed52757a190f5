// Runs the experiments of experiments.mjs one after another and writes what they gave to results/. See run.sh.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format } from "prettier";
import { ROOT } from "../../tests/browser/servers.mjs";
import { EXPERIMENTS } from "./experiments.mjs";

const PROGRAM = join(ROOT, "target", "release", "alexnet-lab");
const WORK = join(ROOT, "target", "papers");
const RESULTS = join(ROOT, "benches", "papers", "results");
/** Images of the complete CIFAR-10 that train. */
const IMAGES = 50_000;
/** Steps over which the training error is averaged. */
const WINDOW = 100;
/** Steps that the tests repeat, on the photographs that ship with the page. */
const FIRST = 10;

const { values, positionals } = parseArgs({ options: { data: { type: "string" } }, allowPositionals: true });
const names = positionals.length > 0 ? positionals : Object.keys(EXPERIMENTS);
const unknown = names.find((name) => !EXPERIMENTS[name]);
if (!values.data || !existsSync(values.data) || unknown) {
  const why = unknown ? `There is no experiment ${unknown}: ${Object.keys(EXPERIMENTS).join(", ")}.` : "--data must name the file cifar-10-binary.tar.gz.";
  console.error(`${why}\nusage: bash benches/papers/run.sh --data cifar-10-binary.tar.gz [EXPERIMENT...]`);
  process.exit(2);
}
mkdirSync(WORK, { recursive: true });
mkdirSync(RESULTS, { recursive: true });

/** The lines of a log. The last one of a log that is being written may not be whole. */
const rows = (file) => (existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1).map(JSON.parse) : []);
/** Whether a run ends at a mark. */
const marked = ({ until, until_test }) => Boolean(until || until_test);
const linkOf = ({ settings }, rate, seed) => `#v=1&backend=cpu&${settings}&seed=${seed}${rate === undefined ? "" : `&lr=${rate}`}`;
const stepsOf = ({ settings, epochs }) => epochs * Math.ceil(IMAGES / Number(settings.match(/batch=(\d+)/)[1]));

/** Milliseconds of a step, from the second half of twenty on the images that ship with the page. */
function stepTime(run) {
  const time = (steps) => {
    const start = performance.now();
    execFileSync(PROGRAM, ["train", "--link", linkOf(run, undefined, 1), "--steps", String(steps)], { stdio: "ignore" });
    return performance.now() - start;
  };
  return (time(20) - time(10)) / 10;
}

/** The losses of the first steps on the shipped photographs: whoever has no data set can repeat them. */
function firstLosses(link) {
  const log = join(WORK, "first.jsonl");
  execFileSync(PROGRAM, ["train", "--link", link, "--steps", String(FIRST), "--log", log], { stdio: "ignore" });
  return rows(log).map(({ loss }) => loss);
}

/** The step by which the run has reached its mark, on training or test images; 0 if it has not. */
function reached(steps, { until, until_test }) {
  if (until_test) return steps.find(({ test_accuracy }) => 1 - test_accuracy <= until_test)?.step ?? 0;
  let sum = 0;
  for (const [at, { accuracy }] of steps.entries()) {
    sum += accuracy - (at >= WINDOW ? steps[at - WINDOW].accuracy : 0);
    if (at + 1 >= WINDOW && 1 - sum / WINDOW <= until) return at + 1;
  }
  return 0;
}

/** Trains, or continues where an interrupted run stopped. Ends at `steps`, or when the error is low enough. */
async function train(stem, run, link, steps) {
  const [state, parts] = [join(WORK, `${stem}.safetensors`), []];
  while (existsSync(join(WORK, `${stem}.${parts.length}.jsonl`))) parts.push(join(WORK, `${stem}.${parts.length}.jsonl`));
  const saved = existsSync(state);
  // Logs of a run that was killed before it could save anything are of no use.
  if (!saved) for (const part of parts.splice(0)) rmSync(part);
  const log = join(WORK, `${stem}.${parts.length}.jsonl`);
  const before = parts.flatMap(rows);
  const start = saved ? ["--resume", state] : ["--link", link];
  const flags = ["train", "--data", values.data, ...start, "--steps", String(steps - before.length), "--log", log, "--save", state, "--eval"];
  const child = spawn(PROGRAM, flags, { stdio: ["ignore", "pipe", "inherit"] });
  let evaluation = "";
  child.stdout.on("data", (text) => (evaluation += text));
  const timer = setInterval(() => marked(run) && reached([...before, ...rows(log)], run) && child.kill("SIGINT"), 3000);
  await new Promise((done) => child.on("exit", done));
  clearInterval(timer);
  return { steps: [...before, ...rows(log)], evaluation: evaluation ? JSON.parse(evaluation.trim().split("\n").at(-1)) : null };
}

const fileOf = (experiment) => join(RESULTS, `${experiment}.json`);
/** What an experiment gave so far. */
const resultsOf = (experiment) => (existsSync(fileOf(experiment)) ? JSON.parse(readFileSync(fileOf(experiment), "utf8")).results : []);

/** Adds a result, in the order of the experiment's runs. */
async function keep(experiment, result) {
  const { about, runs } = EXPERIMENTS[experiment];
  const place = ({ name }) => runs.findIndex((run) => run.name === name);
  const results = [...resultsOf(experiment), result].toSorted((a, b) => place(a) - place(b));
  const machine = `${cpus()[0].model}, ${cpus().length} cores`;
  const report = { experiment, about, date: new Date().toISOString().slice(0, 10), machine, results };
  writeFileSync(fileOf(experiment), await format(JSON.stringify(report), { parser: "json", printWidth: 160 }));
}

/** One run's result, from results/ if it is there. */
async function result(experiment, run, rate, seed, epochs) {
  const link = linkOf(run, rate, seed);
  const epoch = stepsOf({ ...run, epochs: 1 });
  const wanted = Math.ceil(epochs * epoch);
  const earlier = resultsOf(experiment).find((each) => each.link === link && (each.reached || Math.round(each.epochs * epoch) >= wanted - epoch / 100));
  if (earlier) return earlier;
  const stem = [experiment, run.name, rate ?? "own", seed].join("-").replaceAll(/[^\w.-]/g, "_");
  console.log(`${experiment}: ${run.name}, ${rate === undefined ? "its own rate" : `rate ${rate}`}, seed ${seed}, at most ${epochs} epochs`);
  const start = performance.now();
  const { steps, evaluation } = await train(stem, run, link, wanted);
  const mean = (part) => 1 - part.reduce((sum, { accuracy }) => sum + accuracy, 0) / part.length;
  const halves = Array.from({ length: Math.floor((2 * steps.length) / epoch) }, (_, half) => steps.slice((half * epoch) / 2, ((half + 1) * epoch) / 2));
  const at = marked(run) ? reached(steps, run) : 0;
  if (steps.length < wanted && !at) {
    console.error(`Interrupted after ${steps.length} of ${wanted} steps. The same command continues.`);
    process.exit(130);
  }
  const digits = (share) => Number(share.toFixed(4));
  const found = {
    ...{ name: run.name, rate: rate ?? null, seed, link, epochs: Number((steps.length / epoch).toFixed(2)) },
    ...(marked(run) ? { reached: at ? Number((at / epoch).toFixed(2)) : null } : { test_error: digits(1 - evaluation.test_accuracy) }),
    training_error: halves.map((half) => digits(mean(half))),
    ...(run.until_test && { test_errors: steps.flatMap(({ test_accuracy }) => (test_accuracy === undefined ? [] : [digits(1 - test_accuracy)])) }),
    first: firstLosses(link),
    seconds: Math.round((performance.now() - start) / 1000),
  };
  await keep(experiment, found);
  return found;
}

/** All runs of an experiment, seed by seed; in a search, each rate with the first seed, then the best with the others. */
async function measure(experiment) {
  const { runs } = EXPERIMENTS[experiment];
  for (const run of runs.filter(({ rates }) => rates)) {
    let best = { rate: undefined, epochs: run.epochs };
    for (const rate of run.rates) {
      const found = await result(experiment, run, rate, run.seeds[0], best.epochs);
      if (found.reached) best = { rate, epochs: found.reached };
    }
    // Without a rate that reaches the mark there is nothing to repeat.
    for (const seed of best.rate ? run.seeds.slice(1) : []) await result(experiment, run, best.rate, seed, run.epochs);
  }
  const fixed = runs.filter(({ rates }) => !rates);
  for (const seed of new Set(fixed.flatMap(({ seeds }) => seeds)))
    for (const run of fixed) if (run.seeds.includes(seed)) await result(experiment, run, undefined, seed, run.epochs);
  console.log(`${experiment}: ${fileOf(experiment)}`);
}

const hours = names
  .flatMap((name) => EXPERIMENTS[name].runs.map((run) => (stepTime(run) * stepsOf(run) * (run.seeds.length + (run.rates ?? [0]).length - 1)) / 3_600_000))
  .reduce((sum, x) => sum + x, 0);
console.log(`At most ${hours.toFixed(1)} hours on this machine, less what is done already.`);
for (const name of names) await measure(name);
