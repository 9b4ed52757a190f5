// The arithmetic of one output: every stage agrees with the engine, in every kind of network. Needs dist/.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { gradientAt } from "../../www/js/charts/rows.js";
import * as drill from "../../www/js/drill/arithmetic.js";
import { maskOf } from "../../www/js/drill/mask.js";
import { UNITS } from "../../www/js/lessons/toys/dropout_toy.js";
import { POOLINGS, poolLayer, shareOfNone } from "../../www/js/lessons/toys/pool_toy.js";
import { termsIn } from "../../www/js/components/terms.js";

const ROOT = join(import.meta.dirname, "..", "..");
const read = (...path) => readFileSync(join(ROOT, ...path), "utf8");
const IMAGE = 3;
const LEARNT = ["conv", "linear", "batch_norm"];

let glue;
before(async () => {
  glue = await import(pathToFileURL(join(ROOT, "dist", "pkg", "alexnet_lab.js")));
  await glue.default({ module_or_path: readFileSync(join(ROOT, "dist", "pkg", "alexnet_lab_bg.wasm")) });
});

/** A network after a few steps on toy objects. */
async function trained(settings) {
  const lab = await glue.Lab.create(`data=toy&backend=cpu&workers=1&width=0.25&batch=8&lr=0.02&${settings}`, () => assert.fail("no helper was asked for"));
  lab.add_generated(700);
  for (let step = 0; step < 5; step++) assert.ok(lab.step());
  lab.records();
  return { lab, network: JSON.parse(lab.describe()).network };
}

/** All stages of a block at some of its outputs: corners, where windows reach over the edge, and places in between. */
async function stagesOf({ lab, network }, { layers: { start, end } }) {
  const layers = network.layers.slice(start, end);
  const outputs = [];
  for (const name of [network.layers[start - 1]?.name ?? "input", ...layers.map(({ name }) => name)]) outputs.push(await lab.layer_output(name, IMAGE));
  const { height, width, channels } = layers[0].output;
  const found = [];
  for (const channel of [0, 1, channels >> 1, channels - 1]) {
    const learnt = {};
    for (const { name, kind } of layers) if (LEARNT.includes(kind)) learnt[name] = await lab.learnt(name, channel);
    for (const row of new Set([0, height >> 1, height - 1])) {
      for (const column of new Set([0, width >> 1, width - 1])) found.push(...drill.stagesOf(layers, outputs, learnt, channel, { row, column }));
    }
  }
  return found;
}

const NETWORKS = [
  "norm=none&pool=max",
  "norm=lrn&pool=max",
  "norm=lrn&pool=avg&overlap=false&lrn_n=4&lrn_alpha=0.5&lrn_beta=1.1",
  "norm=bn&pool=avg&dropout=0.5",
  "norm=bn&pool=max&overlap=false&activation=sigmoid",
  "norm=bn&bn_place=lrn&bn_noise=0.5",
  "norm=none&activation=tanh",
  "norm=lrn&activation=leaky_relu",
];

for (const settings of NETWORKS) {
  test(`every stage agrees with the engine to ${drill.TOLERANCE}: ${settings}`, async () => {
    const run = await trained(settings);
    const kinds = new Set();
    let [worst, compared, differing] = [0, 0, 0];
    for (const block of run.network.blocks) {
      for (const stage of await stagesOf(run, block)) {
        const { layer, value, engine } = stage;
        kinds.add(layer.kind);
        assert.ok(Number.isFinite(value) && Number.isFinite(engine), `${layer.name}: ${value}, ${engine}`);
        assert.ok(drill.agrees(stage), `${layer.name}: ${value} here, ${engine} there`);
        worst = Math.max(worst, Math.abs(value - engine) / Math.max(Math.abs(engine), 0.01 * stage.magnitude, 1e-30));
        compared += 1;
        if (engine !== 0) differing += 1;
      }
    }
    const norm = settings.match(/norm=(\w+)/)[1];
    const wanted = [
      "conv",
      "linear",
      "activation",
      "pool",
      "dropout",
      "softmax_loss",
      ...{ none: [], lrn: ["lrn"], bn: ["batch_norm"] }[norm],
      ...(settings.includes("bn_noise") ? ["noise"] : []),
    ];
    assert.deepEqual([...kinds].sort(), wanted.sort());
    assert.ok(differing > compared / 3, `only ${differing} of ${compared} are not zero`);
    console.log(`# ${compared} outputs, largest relative difference ${worst.toExponential(1)}`);
    run.lab.free();
  });
}

/** With max 3/2 the share without gradient depends on the images, and the engine's batch has other images: tolerance of this share. */
const OTHER_IMAGES = 0.05;

for (const pooling of POOLINGS) {
  test(`the lesson's ${pooling.name} keeps what the engine's keeps, and sends as much of the gradient nowhere`, async () => {
    const { lab, network } = await trained(`norm=bn&pool=${pooling.pool}&overlap=${pooling.kernel === 3}`);
    const [before, own] = ["conv1.activation", "conv1.pool"].map((name) => network.layers.find((layer) => layer.name === name));
    const layer = poolLayer(before.output, pooling);
    for (const key of ["kind", "input", "output", "pool", "kernel", "stride", "padding"]) assert.deepEqual(layer[key], own[key], key);
    const [input, output] = [await lab.layer_output(before.name, IMAGE), await lab.layer_output(own.name, IMAGE)];
    const shares = [];
    for (let channel = 0; channel < before.output.channels; channel++) {
      const { values, gradient } = drill.pooledMap(layer, input, channel);
      values.forEach((value, at) => {
        const engine = output[at * before.output.channels + channel];
        assert.ok(drill.agrees({ value, engine, magnitude: Math.abs(engine) }), `channel ${channel}, ${at}: ${value} here, ${engine} there`);
      });
      const sum = gradient.reduce((total, x) => total + x, 0);
      assert.ok(Math.abs(sum - values.length) < 1e-3, `${sum} comes back of ${values.length}`);
      shares.push(shareOfNone(gradient));
    }
    const none = shares.reduce((total, x) => total + x, 0) / shares.length;
    const { zero } = gradientAt((await lab.snapshot()).activation_gradients, 0);
    assert.ok(Math.abs(none - zero) <= (pooling.name === "max_overlap" ? OTHER_IMAGES : 0.001), `${none} here, ${zero} there`);
    console.log(`# without gradient: ${none.toFixed(3)} here, ${zero.toFixed(3)} in the engine's last step`);
    lab.free();
  });
}

test("looking changes nothing: the same losses as without", async () => {
  const losses = async (look) => {
    const run = await trained("norm=bn&dropout=0.5");
    for (const block of look ? run.network.blocks : []) await stagesOf(run, block);
    for (let step = 0; step < 5; step++) assert.ok(run.lab.step());
    const rows = [...run.lab.records()];
    run.lab.free();
    return rows;
  };
  const without = await losses(false);
  assert.equal(without.length, 15);
  assert.deepEqual(await losses(true), without);
});

/**
 * The units that the engine dropped in its next step: the weights after them get no gradient and do not change. One
 * image, no momentum, no decay; tanh, as a ReLU unit can be 0 anyway.
 */
async function droppedBy(lab, { name: behind, output: { channels: width } }, units) {
  const before = await lab.learnt(behind, undefined); // (units, width), then the bias
  assert.ok(lab.step());
  lab.records();
  const after = await lab.learnt(behind, undefined);
  assert.equal(before.length, (units + 1) * width);
  return Array.from({ length: units }, (_, unit) =>
    before.subarray(unit * width, (unit + 1) * width).every((weight, at) => weight === after[unit * width + at]),
  );
}

test("the masks drawn of fc6 and fc7 are those of the engine's training steps", async () => {
  const plain = "batch=1&activation=tanh&norm=none&momentum=0&weight_decay=0&lr=0.1&seed=3";
  for (const [layer, behind] of [
    ["fc6", "fc7"],
    ["fc7", "fc8"],
  ]) {
    for (const p of [0.3, 0.5, 0.8]) {
      const lab = await glue.Lab.create(`data=toy&backend=cpu&workers=1&width=0.25&${plain}&dropout=${p}`, () => assert.fail("no helper was asked for"));
      lab.add_generated(700);
      const { layers } = JSON.parse(lab.describe()).network;
      const of = (wanted) => layers.find(({ name }) => name === wanted);
      const { channels } = of(`${layer}.dropout`).output;
      assert.equal(channels, UNITS, "as the lesson takes it for a recording");
      for (let step = 0; step < 4; step++) {
        const kept = (await droppedBy(lab, of(behind), channels)).map((dropped) => !dropped);
        assert.deepEqual(maskOf(`${layer}.dropout`, channels, 3, step, p), kept, `${layer}, p = ${p}, step ${step}`);
      }
      lab.free();
    }
  }
});

test("activations are measured on one batch for the whole run: with weights that stand still they do, while gradients change", async () => {
  const lab = await glue.Lab.create("data=toy&backend=cpu&workers=1&width=0.25&norm=none&augment=true&lr=0&dropout=0.5", () =>
    assert.fail("no helper was asked for"),
  );
  lab.add_generated(700);
  const looks = [];
  for (let step = 0; step < 3; step++) {
    assert.ok(lab.step());
    lab.records();
    const { activations, parameters } = await lab.snapshot();
    looks.push({ activations: [...activations], parameters: [...parameters] });
  }
  assert.ok(looks[0].activations.some((x) => x > 0));
  for (const { activations, parameters } of looks.slice(1)) {
    assert.deepEqual(activations, looks[0].activations);
    assert.notDeepEqual(parameters, looks[0].parameters, "the batches of the steps are others");
  }
  lab.free();
});

test("what the engine does not have is not there", async () => {
  const { lab } = await trained("norm=none");
  assert.equal(await lab.layer_output("conv9", 0), undefined);
  assert.equal(await lab.layer_output("input", 1e6), undefined);
  assert.equal(await lab.learnt("conv9", 0), undefined);
  assert.equal(await lab.learnt("conv1.pool", 0), undefined);
  assert.equal((await lab.learnt("conv1", undefined)).length, 8 * (5 * 5 * 3 + 1));
  lab.free();
});

describe("without the engine", () => {
  const shape = { height: 3, width: 3, channels: 1 };

  test("a wrong weight, a wrong place and a wrong constant are noticed", () => {
    const input = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    const layer = { name: "conv1", kind: "conv", input: shape, output: shape, kernel: 3, stride: 1, padding: 1 };
    const weights = Float32Array.of(0, 1, 0, 1, -4, 1, 0, 1, 0, 0.5);
    const { value, magnitude } = drill.weightedSum(layer, input, weights, { row: 1, column: 1 });
    assert.equal(value, 0.5);
    assert.equal(drill.weightedSum(layer, input, weights, { row: 0, column: 0 }).value, 2 + 4 - 4 + 0.5);
    assert.ok(drill.agrees({ value, engine: value, magnitude }));
    for (const engine of [0.51, 0, -0.5, NaN, Infinity]) assert.ok(!drill.agrees({ value, engine, magnitude }), `${engine}`);
    assert.ok(drill.agrees({ value: NaN, engine: NaN, magnitude }));
  });

  test("the first of equal values wins the gradient, and an average shares it among what is inside", () => {
    const layer = { name: "p", kind: "pool", input: shape, output: { height: 2, width: 2, channels: 1 }, kernel: 3, stride: 2, padding: 1 };
    const input = Float32Array.of(5, 5, 0, 5, 5, 0, 0, 0, 0);
    assert.deepEqual(drill.pool({ ...layer, pool: "max" }, input, 0, { row: 0, column: 0 }).detail.shares, [null, null, null, null, 1, 0, null, 0, 0]);
    assert.deepEqual(drill.pool({ ...layer, pool: "max" }, input, 0, { row: 0, column: 1 }).detail.shares, [null, null, null, 1, 0, null, 0, 0, null]);
    const { value, detail } = drill.pool({ ...layer, pool: "avg" }, input, 0, { row: 1, column: 1 });
    assert.equal(value, 5 / 4);
    assert.deepEqual(detail.shares, [0.25, 0.25, null, 0.25, 0.25, null, null, null, null]);
  });

  test("what comes back of a gradient of 1 from each output is the slope of their sum", () => {
    const input = { height: 6, width: 6, channels: 2 };
    // Values differ by more than a step, so no winner changes.
    const values = Float32Array.from({ length: 72 }, (_, i) => ((i * 37) % 72) / 8);
    const step = 1 / 64;
    for (const pooling of POOLINGS) {
      const layer = poolLayer(input, pooling);
      const sum = (map) => drill.pooledMap(layer, map, 1).values.reduce((total, x) => total + x, 0);
      const { gradient } = drill.pooledMap(layer, values, 1);
      gradient.forEach((found, at) => {
        const moved = (by) => sum(values.map((x, i) => (i === 2 * at + 1 ? x + by : x)));
        const slope = (moved(step) - moved(-step)) / (2 * step);
        assert.ok(Math.abs(found - slope) < 1e-3, `${pooling.name}, ${at}: ${found}, not ${slope}`);
      });
    }
  });

  test("the pooled output that is shown has the pixel in its window", () => {
    for (const [size, kernel, padding] of [
      [32, 3, 1],
      [32, 2, 0],
      [55, 3, 0],
      [8, 3, 1],
    ]) {
      const output = Math.floor((size + 2 * padding - kernel) / 2) + 1;
      const layer = { stride: 2, kernel, padding, output: { height: output, width: output, channels: 1 } };
      for (let at = 0; at < size; at++) {
        const place = drill.pooledPlace(layer, { row: at, column: at });
        const { top } = drill.tapsOf(layer, place);
        assert.ok(place.row < output && at >= top && at < top + kernel, `${at} of ${size}`);
      }
    }
  });

  test("LRN's window is the engine's: n / 2 below, the rest above, clipped", () => {
    assert.deepEqual(
      [0, 3, 7].map((i) => drill.neighbours(i, 5, 8)),
      [
        [0, 3],
        [1, 6],
        [5, 8],
      ],
    );
    assert.deepEqual(drill.neighbours(3, 4, 8), [1, 5]);
    const { value } = drill.lrn([1, 2, 3], 1, { n: 3, k: 2, alpha: 0.5, beta: 1 });
    assert.equal(value, 2 / (2 + 0.5 * 14));
  });

  test("dropout's mask is that of the engine's random function", () => {
    // tests/golden/random_bits.py: uniform(hash32(7, DROPOUT, 41, name_hash("fc6.dropout"), arange(16))) >= 0.5
    const golden = [0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1];
    assert.deepEqual(maskOf("fc6.dropout", 16, 7, 41, 0.5).map(Number), golden);
    assert.notDeepEqual(maskOf("fc7.dropout", 16, 7, 41, 0.5).map(Number), golden);
  });
});

describe("texts", () => {
  const flatten = (tree, prefix = "") =>
    Object.entries(tree).flatMap(([key, value]) => (typeof value === "string" ? [[prefix + key, value]] : flatten(value, `${prefix}${key}.`)));
  const texts = (name) => new Map(flatten(JSON.parse(read("www", "i18n", `${name}.json`))));
  const [english, chinese, lessons] = ["drill.en", "drill.zh", "lessons.en"].map(texts);
  const scripts = ["arithmetic", "card", "cards", "formula", "lrn_card", "lrn_trial", "map", "mask_grid", "pictures", "sum_cards", "view"]
    .map((name) => read("www", "js", "drill", `${name}.js`))
    .join("\n");
  const fields = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort();

  test("both languages say the same with the same numbers and terms", () => {
    assert.deepEqual([...chinese.keys()].sort(), [...english.keys()].sort());
    for (const [key, text] of english) {
      assert.deepEqual(fields(chinese.get(key)), fields(text), key);
      assert.deepEqual(termsIn(chinese.get(key)).sort(), termsIn(text).sort(), key);
    }
  });

  test("every term has a sentence, and every sentence of this view is used", () => {
    const used = new Set([...[...english.values()].flatMap(termsIn), ...termsIn(scripts)]);
    assert.ok(used.size > 30, `found ${used.size} terms`);
    assert.deepEqual(
      [...used].filter((key) => !english.has(`terms.${key}`) && !lessons.has(`terms.${key}`)),
      [],
    );
    assert.deepEqual(
      [...english.keys()].filter((key) => key.startsWith("terms.") && !used.has(key.slice(6))),
      [],
    );
  });

  test("every text that is asked for is there", () => {
    const asked = [...scripts.matchAll(/\bsay\(\s*(?:[^"`()]*\? )?"([\w.]+)"/g)].map((match) => match[1]);
    assert.ok(asked.length > 20, `found ${asked.length}`);
    assert.deepEqual(
      asked.filter((key) => !english.has(key)),
      [],
    );
  });
});
