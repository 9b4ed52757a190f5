// Networks side by side stay in step, whatever each of them does; and the difference of their curves.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RidgeScale } from "../../www/js/charts/gradients/ridge_scale.js";
import { Apart, Track } from "../../www/js/charts/plots/track.js";
import { laneLabels, laneMarks } from "../../www/js/components/labels.js";
import { Lanes } from "../../www/js/worker/lanes.js";

/** The part of the engine that lanes use. `arrived`: steps whose images have arrived. */
class Lab {
  constructor(fragment, arrived = Infinity) {
    Object.assign(this, { fragment, arrived, steps: 0, freed: false, refuses: false });
  }

  describe = () => JSON.stringify({ step: this.steps, fragment: this.fragment });
  free = () => (this.freed = true);
  restart = async () => (this.steps = 0);
  beside = async (fragment) => {
    if (fragment === "bad") throw new Error("refused");
    return new Lab(fragment, this.arrived);
  };

  step() {
    if (this.steps >= this.arrived) return false;
    this.steps += 1;
    return true;
  }

  async set(fragment, restart) {
    if (this.refuses && fragment !== this.fragment) throw new Error("refused");
    const effect = fragment === this.fragment ? "view" : fragment.includes("depth") ? "restart" : "rebuild";
    this.fragment = fragment;
    if (effect === "restart" || restart) this.steps = 0;
    return JSON.stringify({ effect, emptied: fragment.includes("data") });
  }
}

const steps = (lanes) => lanes.all.map(({ lab }) => lab.steps);
const fragments = (lanes) => lanes.all.map(({ lab }) => lab.fragment);

async function three() {
  const lanes = new Lanes(new Lab("a"));
  assert.equal((await lanes.set(["a", "b", "c"], false)).effect, "restart");
  return lanes;
}

test("lanes go in step, and one that waits for its images holds the others back by no more than one", async () => {
  const lanes = await three();
  for (let i = 0; i < 5; i++) assert.equal(lanes.step(), true);
  assert.deepEqual(steps(lanes), [5, 5, 5]);
  lanes.all[1].lab.arrived = 5;
  for (let i = 0; i < 4; i++) assert.equal(lanes.step(), false);
  assert.deepEqual(steps(lanes), [6, 5, 5]);
  lanes.all[1].lab.arrived = Infinity;
  assert.equal(lanes.step(), true);
  assert.deepEqual(steps(lanes), [6, 6, 6]);
});

test("a lane that has diverged is left behind, and all of them end it", async () => {
  const lanes = await three();
  lanes.step();
  lanes.all[0].diverged = true;
  lanes.step();
  assert.deepEqual([steps(lanes), lanes.issued], [[1, 2, 2], 2]);
  for (const lane of lanes.all) lane.diverged = true;
  assert.equal(lanes.step(), false);
});

test("a new lane takes all back to the start; what keeps weights does not", async () => {
  const lanes = await three();
  lanes.step();
  assert.equal((await lanes.set(["a", "x", "c"], false)).effect, "rebuild");
  assert.deepEqual(steps(lanes), [1, 1, 1]);
  assert.equal((await lanes.set(["a", "x", "depth"], false)).effect, "restart");
  assert.deepEqual(steps(lanes), [0, 0, 0]);
  lanes.begin(true);
  lanes.step();
  assert.equal((await lanes.set(["a", "x", "depth", "d"], false)).effect, "restart");
  assert.deepEqual(steps(lanes), [0, 0, 0, 0]);
});

test("a lane that is taken away is freed, and the others keep their own settings and steps", async () => {
  const lanes = await three();
  lanes.choose(1);
  lanes.step();
  const { lab } = lanes.all[1];
  lanes.end(1);
  assert.equal((await lanes.set(["a", "c"], false)).effect, "view");
  assert.deepEqual([lab.freed, fragments(lanes), steps(lanes), lanes.shown === lanes.all[0]], [true, ["a", "c"], [1, 1], true]);
});

test("other images are those of the first lane, for all", async () => {
  const lanes = await three();
  lanes.choose(2);
  const { lab } = lanes.all[2];
  const { emptied } = await lanes.set(["a data", "b data", "c data"], false);
  assert.deepEqual([emptied, fragments(lanes), steps(lanes), lab.freed], [true, ["a data", "b data", "c data"], [0, 0, 0], true]);
  assert.equal(lanes.shown, lanes.all[2]);
});

test("a refused change leaves every lane as it was", async () => {
  const lanes = await three();
  lanes.step();
  lanes.all[2].lab.refuses = true;
  await assert.rejects(lanes.set(["x", "y", "z"], false), /refused/);
  await assert.rejects(lanes.set(["x", "b", "c", "bad"], false), /refused/);
  assert.deepEqual(
    [fragments(lanes), steps(lanes)],
    [
      ["a", "b", "c"],
      [1, 1, 1],
    ],
  );
});

test("the difference of two curves is taken at the steps of both, whichever comes first", () => {
  const apart = new Apart();
  for (const x of [1, 2, 3]) apart.push(0, x, 10 * x);
  apart.push(1, 2, 25);
  apart.push(1, 3, 20);
  apart.push(1, 4, 7);
  apart.push(0, 4, 5);
  assert.deepEqual(
    [apart.series.x, apart.series.y],
    [
      [2, 3, 4],
      [5, -10, 2],
    ],
  );
  // The other network has ended.
  for (let x = 5; x < 20_000; x++) apart.push(0, x, 0);
  assert.ok(apart.waiting[0].length < 5000);
});

test("a curve is smoothed without a pull to zero at its start", () => {
  const track = new Track();
  assert.deepEqual(
    [track.push(1, 4), track.push(2, 4)].map((y) => Math.round(1e9 * y) / 1e9),
    [4, 4],
  );
  assert.deepEqual(track.raw.y, [4, 4]);
});

test("pictures side by side share the scale of the one that needs most, and give it back slowly", () => {
  const scale = new RidgeScale();
  const [one, other] = [{}, {}];
  scale.fit(one, -3, 0.2);
  assert.equal(scale.end, 0);
  scale.fit(other, 1, 0.6);
  assert.deepEqual([scale.end, scale.peak], [2, 0.6]);
  scale.fit(one, -3, 0.2);
  assert.deepEqual([scale.end, scale.peak], [2, 0.6]);
  for (let i = 0; i < 200; i++) scale.fit(other, -5, 0.1);
  assert.equal(scale.end, 0);
  assert.ok(scale.peak >= 0.2 && scale.peak < 0.21, String(scale.peak));
});

// ---- names ---------------------------------------------------------------------------------------------------------

const english = JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "www", "i18n", "en.json"), "utf8"));
const find = (key) => key.split(".").reduce((tree, part) => tree?.[part], english);
const t = Object.assign((key, fields = {}) => find(key).replace(/\{(\w+)\}/g, (_, name) => fields[name]), { has: (key) => typeof find(key) === "string" });
const BASE = { activation: "relu", norm: "lrn", lr: "0.01", lrn_alpha: "0.0001", bn_noise: "0", schedule: "constant", schedule_every: "1000" };
const names = (first, ...changes) =>
  laneLabels(
    t,
    [{}, ...changes].map((change) => ({ changes: change, config: { ...BASE, ...first, ...change } })),
  );

test("networks are named by what sets them apart from the first, and equal ones say which they equal", () => {
  assert.deepEqual(names({}), [""]);
  assert.deepEqual(names({}, { norm: "bn" }), ["1 LRN", "2 BN"]);
  assert.deepEqual(names({ norm: "bn" }, {}), ["1", "2 same as 1"]);
  assert.deepEqual(names({}, { norm: "bn" }, { norm: "bn" }, { lr: "0.1" }), ["1 LRN, Learning rate 0.01", "2 BN", "3 same as 2", "4 Learning rate 0.1"]);
});

test("in a lesson's own run, networks carry the lesson's names", () => {
  const lanes = [{}, { norm: "bn" }].map((changes) => ({ changes, config: { ...BASE, ...changes } }));
  assert.deepEqual(laneLabels(t, lanes, ["no norm", "BN everywhere"]), ["1 no norm", "2 BN everywhere"]);
  assert.deepEqual(laneLabels(t, lanes, ["another", "number", "of names"]), ["1 LRN", "2 BN"]);
  assert.deepEqual(laneLabels(t, lanes, null), ["1 LRN", "2 BN"]);
});

test("a setting of a part that is not there sets no network apart", () => {
  assert.deepEqual(names({}, { bn_noise: "0.5" }), ["1", "2 same as 1"]);
  assert.deepEqual(names({}, { schedule_every: "10" }), ["1", "2 same as 1"]);
  assert.equal(names({ norm: "bn", schedule: "step" }, { bn_noise: "0.5", schedule_every: "10" })[1].includes("0.5"), true);
  assert.deepEqual(names({}, { norm: "bn" }, { bn_noise: "0.5" }), ["1 LRN", "2 BN", "3 same as 1"], "noise behind a BN that the third one has not");
});

test("a mark at the curves names the networks that were changed, unless all were", () => {
  const mark = (lane, label, step = 9) => ({ step, label, lane });
  const labels = (marks, lanes) => laneMarks(t, marks, lanes).map(({ step, label }) => `${step}: ${label}`);
  assert.deepEqual(labels([mark(0, "BN")], 1), ["9: BN"]);
  assert.deepEqual(labels([mark(0, "BN")], 2), ["9: 1 BN"]);
  assert.deepEqual(labels([mark(0, "BN"), mark(1, "BN"), mark(1, "BN", 12)], 2), ["9: BN", "12: 2 BN"]);
  assert.deepEqual(labels([mark(0, "BN"), mark(2, "BN")], 3), ["9: 1, 3 BN"]);
  assert.deepEqual(labels([mark(0, "BN"), mark(0, "LRN"), mark(0, "BN")], 2), ["9: 1 BN", "9: 1 LRN"], "flipped to and fro");
});
