// The snapshots of a run: bounded, exact where they are kept, and labelled with their true steps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Looks } from "../../www/js/charts/past/looks.js";
import { ACTIVATION_ROW, GRADIENT_ROW } from "../../www/js/charts/rows.js";

/** A snapshot of `n` layers whose numbers encode their step and part. */
const look = (step, n = 8, activation = "relu") => ({
  step,
  activation,
  layers: Array.from({ length: n }, (_, i) => `layer${i}`),
  weights: new Float32Array(n * GRADIENT_ROW).fill(step),
  activations: new Float32Array(n * GRADIENT_ROW).fill(step + 0.25),
  rows: new Float32Array(n * ACTIVATION_ROW).fill(step + 0.5),
});
const filters = (step, count = 16, size = 5) => ({ size, values: new Float32Array(count * (size * size * 3 + 1)).fill(-step) });

test("a look comes back as it went in, whatever happens to the arrays that it came in", () => {
  const looks = new Looks();
  const given = look(7, 3, "tanh");
  looks.push(given);
  given.weights.fill(0);
  const found = looks.at(7);
  assert.deepEqual([found.step, found.activation, found.layers], [7, "tanh", ["layer0", "layer1", "layer2"]]);
  assert.deepEqual([found.weights.length, found.activations.length, found.rows.length], [3 * GRADIENT_ROW, 3 * GRADIENT_ROW, 3 * ACTIVATION_ROW]);
  assert.ok(found.weights.every((x) => x === 7) && found.activations.every((x) => x === 7.25) && found.rows.every((x) => x === 7.5));
  looks.push(look(8, 3));
  assert.ok(
    found.weights.every((x) => x === 7),
    "what is shown does not change when another look comes",
  );
});

test("a run of any length takes bounded memory, evenly thinned, with its first look", () => {
  const looks = new Looks();
  for (let step = 1; step <= 20_000; step++) {
    looks.push(look(step));
    looks.pushFilters(step, filters(step));
  }
  const { steps } = looks;
  assert.ok(steps.length >= 64 && steps.length <= 128, `${steps.length}`);
  assert.equal(steps[0], 1);
  const gaps = steps.slice(1).map((step, i) => step - steps[i]);
  assert.ok(
    gaps.every((gap) => gap === gaps[0]),
    `${gaps}`,
  );
  assert.ok(steps.at(-1) > 20_000 - 2 * gaps[0]);
  // 8 layers: 128 rows of 2 + 8 * 346 numbers, and 128 of 1 + 1216.
  assert.equal(looks.bytes, 4 * 128 * (2 + 8 * (2 * GRADIENT_ROW + ACTIVATION_ROW)) + 4 * 128 * 1217);
  assert.ok(looks.at(steps[40]).weights.every((x) => x === steps[40]) && looks.filtersAt(steps[40]).values.every((x) => x <= -1 && x >= -steps[40]));
});

test("large networks keep fewer looks, in as few bytes", () => {
  const looks = new Looks();
  for (let step = 1; step <= 2000; step++) {
    looks.push(look(step, 40));
    looks.pushFilters(step, filters(step, 96, 11));
  }
  assert.ok(looks.bytes <= 2 * 2 ** 22, `${looks.bytes}`);
  assert.ok(looks.steps.length >= 16 && looks.filtersAt(1000).step > 0);
});

test("the look of a step is the last one up to it, the first for what is before", () => {
  const looks = new Looks();
  for (const step of [10, 20, 30]) looks.push(look(step));
  assert.deepEqual(
    [5, 10, 19, 20, 29, 99].map((step) => looks.at(step).step),
    [10, 10, 10, 20, 20, 30],
  );
  assert.equal(new Looks().at(3), null);
  assert.equal(looks.filtersAt(3), null);
});

test("a network that goes back to earlier weights writes over what it takes back; the same step is kept once", () => {
  const looks = new Looks();
  for (const step of [10, 20, 30, 30, 40]) looks.push(look(step));
  assert.deepEqual(looks.steps, [10, 20, 30, 40]);
  looks.push(look(25));
  assert.deepEqual(looks.steps, [10, 20, 25]);
});

test("another network begins anew; a flipped switch does not", () => {
  const looks = new Looks();
  looks.push(look(1));
  looks.push(look(2, 8, "sigmoid"));
  assert.deepEqual([looks.at(1).activation, looks.at(2).activation], ["relu", "sigmoid"]);
  looks.push(look(3, 9));
  assert.deepEqual(looks.steps, [3]);
});

test("a copy is plain data from which the record goes on as if it had never stopped", () => {
  const [whole, begun] = [new Looks(), new Looks()];
  const push = (looks, from, to) => {
    for (let step = from; step <= to; step++) {
      looks.push(look(step, 8, step > 300 ? "tanh" : "relu"));
      looks.pushFilters(step, filters(step));
    }
  };
  push(whole, 1, 700);
  push(begun, 1, 345);
  const gone = Looks.from(structuredClone(begun.copy()));
  push(gone, 346, 700);
  assert.deepEqual(gone.steps, whole.steps);
  for (const step of [1, 340, 346, 700]) {
    assert.deepEqual(gone.at(step), whole.at(step));
    assert.deepEqual(gone.filtersAt(step), whole.filtersAt(step));
  }
  assert.deepEqual(Looks.from(new Looks().copy()).steps, []);
});
