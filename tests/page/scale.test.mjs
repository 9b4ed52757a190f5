// The scale of a layer's weights in the page's own arithmetic, compared with known identities.
import assert from "node:assert/strict";
import test from "node:test";
import { identities } from "../../www/js/lessons/toys/scale.js";

const layer = {
  input: { height: 5, width: 6, channels: 3 },
  output: { height: 5, width: 6, channels: 4 },
  kernel: 3,
  stride: 1,
  padding: 1,
};
const some = (/** @type {number} */ n, /** @type {number} */ seed) => Float64Array.from({ length: n }, (_, i) => Math.sin(seed + 1.7 * i * i));
const [input, weight] = [some(5 * 6 * 3, 1), some(9 * 3 * 4, 2)];

const close = (/** @type {number} */ found, /** @type {number} */ wanted, /** @type {number} */ tolerance) =>
  assert.ok(Math.abs(found - wanted) <= tolerance, `${found} instead of ${wanted}`);

test("batch normalisation hides the scale from output and input, and turns it over for the weights", () => {
  for (const a of [0.25, 4, 100]) {
    const found = identities(layer, input, weight, { a, epsilon: 1e-12, normalised: true });
    close(found.output, 0, 1e-9);
    close(found.toInput, 1, 1e-9);
    close(found.toWeight, 1 / a, 1e-9);
  }
});

test("without it everything grows with the scale, but for the gradient of the weights", () => {
  const found = identities(layer, input, weight, { a: 4, epsilon: 1e-5, normalised: false });
  close(found.output, 3, 1e-12);
  close(found.toInput, 4, 1e-12);
  close(found.toWeight, 1, 1e-12);
});

test("epsilon breaks the identity where the variance falls below it", () => {
  const at = (/** @type {number} */ epsilon) => identities(layer, input, weight, { a: 1e-4, epsilon, normalised: true }).output;
  assert.ok(at(1e-5) > 0.9 && at(1e-12) < 1e-3, `${at(1e-5)}, ${at(1e-12)}`);
});
