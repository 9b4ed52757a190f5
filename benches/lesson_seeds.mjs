// Measures lessons with several seeds, natively, for the small dots in their pictures: www/js/lessons/run/seeds.json. About five minutes on two cores.
// usage: node benches/lesson_seeds.mjs [NAME ...]     all of them by default
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { ROOT } from "../tests/browser/servers.mjs";
import { EXPERIMENTS } from "./papers/experiments.mjs";
import { fastest } from "./papers/verdict.mjs";

const SEEDS = 5;
/** The names of the networks in the program's report, in the order of the lesson, and what it measured of them. */
const WANTED = {
  "from-lenet": { lanes: ["lenet", "relu", "max", "overlap", "size", "augment", "lrn", "bn"], values: ["test_accuracy"] },
  "figure-1": { lanes: ["relu", "tanh", "sigmoid"], values: ["steps"] },
  norms: { lanes: ["none", "lrn", "bn_as_lrn", "bn"], values: ["loss"] },
  "covariate-shift": { lanes: ["none", "bn", "noisy"], values: ["loss", "moved"] },
};
const DIGITS = 4;

const file = (name) => join(ROOT, "www", "js", "lessons", "run", `${name}.json`);
const { lessons } = JSON.parse(readFileSync(file("lessons"), "utf8"));
const program = join(ROOT, "target", "release", "alexnet-lab");
const names = process.argv.slice(2);
const before = JSON.parse(readFileSync(file("seeds"), "utf8"));
const found = {};
for (const [name, { lanes, values }] of Object.entries(WANTED)) {
  if (names.length > 0 && !names.includes(name)) {
    found[name] = before[name];
    continue;
  }
  const { seeds, measured } = JSON.parse(execFileSync(program, ["lesson", name, "--seeds", String(SEEDS), "--json"], { encoding: "utf8" }));
  const { fragment, until } = lessons[name];
  const of = (value) => lanes.map((lane) => measured[`${lane}_${value}`].map((x) => (x === null ? null : Number(x.toPrecision(DIGITS)))));
  found[name] = { fragment, until, seeds, ...Object.fromEntries(values.map((value) => [value, of(value)])) };
}
// The same on the complete data set: `papers/run.sh figure-1`.
const report = JSON.parse(readFileSync(join(ROOT, "benches", "papers", "results", "figure-1.json"), "utf8"));
const best = WANTED["figure-1"].lanes.map((lane) => fastest(report)[lane]);
const { epochs: limit, until: mark } = EXPERIMENTS["figure-1"].runs.find(({ name }) => name === "sigmoid");
found["figure-1"].complete = { mark, limit, passes: best.map(({ epochs }) => epochs), lowest: best.map(({ lowest }) => lowest) };
writeFileSync(file("seeds"), await format(JSON.stringify(found), { parser: "json", printWidth: 160 }));
