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

/** The lines of a log. The last one of a log that is being written may not be whole. */
const rows = (file) => (existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1).map(JSON.parse) : []);
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

/** The step by which the mean training error of the last WINDOW steps is at most `until`; 0 if it is not. */
function reached(steps, until) {
  let sum = 0;
  for (const [at, { accuracy }] of steps.entries()) {
    sum += accuracy - (at >= WINDOW ? steps[at - WINDOW].accuracy : 0);
    if (at + 1 >= WINDOW && 1 - sum / WINDOW <= until) return at + 1;
  }
  return 0;
}

/** Trains, or continues where an interrupted run stopped. Ends at `steps`, or when the training error is low enough. */
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
  const timer = setInterval(() => run.until && reached([...before, ...rows(log)], run.until) && child.kill("SIGINT"), 3000);
  await new Promise((done) => child.on("exit", done));
  clearInterval(timer);
  return { steps: [...before, ...rows(log)], evaluation: evaluation ? JSON.parse(evaluation.trim().split("\n").at(-1)) : null };
}

/** One run's result, from results/ if it is there. */
async function result(experiment, run, rate, seed, epochs) {
  const stem = [experiment, run.name, rate ?? "own", seed].join("-").replaceAll(/[^\w.-]/g, "_");
  const file = join(WORK, `${stem}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  const link = linkOf(run, rate, seed);
  const epoch = stepsOf({ ...run, epochs: 1 });
  console.log(`${experiment}: ${run.name}, ${rate === undefined ? "its own rate" : `rate ${rate}`}, seed ${seed}, at most ${epochs} epochs`);
  const start = performance.now();
  const wanted = Math.ceil(epochs * epoch);
  const { steps, evaluation } = await train(stem, run, link, wanted);
  const mean = (part) => 1 - part.reduce((sum, { accuracy }) => sum + accuracy, 0) / part.length;
  const halves = Array.from({ length: Math.floor((2 * steps.length) / epoch) }, (_, half) => steps.slice((half * epoch) / 2, ((half + 1) * epoch) / 2));
  const at = run.until ? reached(steps, run.until) : 0;
  if (steps.length < wanted && !at) {
    console.error(`Interrupted after ${steps.length} of ${wanted} steps. The same command continues.`);
    process.exit(130);
  }
  const found = {
    ...{ name: run.name, rate: rate ?? null, seed, link, epochs: Number((steps.length / epoch).toFixed(2)) },
    ...(run.until ? { reached: at ? Number((at / epoch).toFixed(2)) : null } : { test_error: Number((1 - evaluation.test_accuracy).toFixed(4)) }),
    training_error: halves.map((half) => Number(mean(half).toFixed(4))),
    first: firstLosses(link),
    seconds: Math.round((performance.now() - start) / 1000),
  };
  writeFileSync(file, JSON.stringify(found));
  return found;
}

/** All runs of an experiment: each rate of a search with the first seed, then the best with the others. */
async function measure(experiment, { about, runs }) {
  const results = [];
  for (const run of runs) {
    let best = { rate: undefined, epochs: run.epochs };
    for (const rate of run.rates ?? [undefined]) {
      const found = await result(experiment, run, rate, run.seeds[0], best.epochs);
      results.push(found);
      if (found.reached) best = { rate, epochs: found.reached };
    }
    for (const seed of run.seeds.slice(1)) results.push(await result(experiment, run, best.rate, seed, run.epochs));
  }
  const machine = `${cpus()[0].model}, ${cpus().length} cores`;
  const report = { experiment, about, date: new Date().toISOString().slice(0, 10), machine, results };
  const file = join(ROOT, "benches", "papers", "results", `${experiment}.json`);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, await format(JSON.stringify(report), { parser: "json", printWidth: 160 }));
  console.log(`${experiment}: ${file}`);
}

const hours = names
  .flatMap((name) => EXPERIMENTS[name].runs.map((run) => (stepTime(run) * stepsOf(run) * (run.seeds.length + (run.rates ?? [0]).length - 1)) / 3_600_000))
  .reduce((sum, x) => sum + x, 0);
console.log(`At most ${hours.toFixed(1)} hours on this machine, less what is done already.`);
for (const name of names) await measure(name, EXPERIMENTS[name]);
