// Lessons and recipes: valid settings, texts in both languages, and the numbers of the run.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { boundOf, gainsOf, normsOf } from "../../www/js/lessons/toys/gains_toy.js";
import { LESSONS } from "../../www/js/lessons/list.js";
import { CHOICES, LEVELS, MOST, gainBy, points } from "../../www/js/lessons/run/ladder.js";
import { LAST, decided, difference, endsOf, loss, quantile, same, stepsTo, test as evaluated } from "../../www/js/lessons/run/measure.js";
import { percentilesOf } from "../../www/js/lessons/toys/inputs_toy.js";
import { Recording } from "../../www/js/lessons/run/recording.js";
import { LAYER, RATE, SCALE, updatesOf } from "../../www/js/lessons/run/updates.js";
import { RECIPES, isGood } from "../../www/js/lessons/recipes.js";
import { fieldsIn, termsIn, written } from "../../www/js/components/terms.js";
import { Runs } from "../../www/js/lessons/runs.js";
import { progress } from "../../www/js/lessons/steps.js";

const ROOT = join(import.meta.dirname, "..", "..");
const read = (...path) => readFileSync(join(ROOT, ...path), "utf8");
const { lessons } = JSON.parse(read("www", "js", "lessons", "run", "lessons.json"));
const flatten = (tree, prefix = "") =>
  Object.entries(tree).flatMap(([key, value]) => (typeof value === "string" ? [[prefix + key, value]] : flatten(value, `${prefix}${key}.`)));
const texts = Object.fromEntries(["en", "zh"].map((language) => [language, new Map(flatten(JSON.parse(read("www", "i18n", `lessons.${language}.json`))))]));

/** The table of settings: the allowed values of each key. */
const table = new Map(
  [...read("src", "config", "mod.rs").matchAll(/^ {4}(\w+): \((\w+) ?([^)]*)\) \w+ \w+ "/gm)].map(([, key, kind, range]) => [key, { kind, range }]),
);

/** Whether the table accepts the value unchanged: unknown, misread or clamped values would cause notes. */
function allowed(key, value) {
  const { kind, range } = table.get(key) ?? {};
  if (["choice", "word"].includes(kind)) return range.includes(`"${value}"`);
  if (kind === "switch") return ["true", "false"].includes(value);
  const [min, max] = (range ?? "").split(" ").map(Number);
  return Number(value) >= min && Number(value) <= max && (kind === "number" || Number.isInteger(Number(value)));
}

const pairs = (fragment, between, of) => fragment.split(between).map((pair) => pair.split(of));

test("every lesson's settings are in the table, and those of its lanes", () => {
  assert.ok(table.size > 35, `found ${table.size} settings`);
  for (const { name, fragment, lanes } of LESSONS) {
    const own = pairs(fragment, "&", "=").filter(([key]) => !/^lane\d$/.test(key));
    const further = pairs(fragment, "&", "=").filter(([key]) => /^lane\d$/.test(key));
    for (const [key, value] of own) assert.ok(allowed(key, value), `${name}: ${key}=${value}`);
    assert.deepEqual(
      further.map(([key]) => key),
      lanes.slice(1).map((_, index) => `lane${index + 2}`),
      name,
    );
    for (const [lane, differs] of further) {
      for (const [key, value] of pairs(differs, ",", ":")) assert.ok(allowed(key, value), `${name}, ${lane}: ${key}:${value}`);
    }
  }
  assert.ok(!allowed("norm", "batch") && !allowed("depth", "13") && !allowed("depth", "1.5") && !allowed("colour", "red"));
});

test("the setting names every lesson, and no other", () => {
  const names = [...table.get("lesson").range.matchAll(/"([\w-]+)"/g)].map((match) => match[1]);
  assert.deepEqual(names, ["none", ...LESSONS.map(({ name }) => name)]);
});

test("every recipe's settings are in the table; good and broken ones differ in their words", () => {
  assert.ok(RECIPES.length >= 10 && RECIPES.filter(isGood).length >= 3 && RECIPES.filter((recipe) => !isGood(recipe)).length >= 5);
  assert.equal(new Set(RECIPES.map(({ key }) => key)).size, RECIPES.length);
  for (const { key, fragment } of RECIPES) {
    for (const [setting, value] of pairs(fragment, "&", "=")) assert.ok(allowed(setting, value), `${key}: ${setting}=${value}`);
  }
});

/** Every text with a name that belongs to one lesson or recipe. */
const wanted = [
  ...LESSONS.flatMap(({ name, choices, lanes, sentences }) =>
    [
      "about",
      "question",
      "predict",
      "formula",
      "paper",
      "noise",
      "claim",
      ...choices.map((choice) => `choices.${choice}`),
      ...lanes.map((lane) => `lanes.${lane}`),
      ...sentences.map((key) => `saw.${key}`),
    ].map((key) => `lessons.${name}.${key}`),
  ),
  ...RECIPES.flatMap(({ key, expected }) => [`recipes.${key}.name`, `recipes.${key}.why`, `expected.${expected}`]),
];

test("both languages have the same texts with the same numbers and the same terms", () => {
  assert.deepEqual([...texts.zh.keys()].sort(), [...texts.en.keys()].sort());
  const sorted = (list) => [...new Set(list)].sort();
  for (const [key, text] of texts.en) {
    assert.deepEqual(sorted(fieldsIn(texts.zh.get(key))), sorted(fieldsIn(text)), key);
    assert.deepEqual(sorted(termsIn(texts.zh.get(key))), sorted(termsIn(text)), key);
  }
});

test("every text that is asked for is there, and every lesson's and recipe's text is asked for", () => {
  assert.deepEqual(
    wanted.filter((key) => !texts.en.has(key)),
    [],
  );
  const known = new Set(wanted);
  assert.deepEqual(
    [...texts.en.keys()].filter((key) => /^(lessons|recipes|expected)\./.test(key) && !known.has(key)),
    [],
  );
  const scripts = [
    "panel",
    "runs",
    "home",
    "steps",
    "stage",
    "toys/toy",
    "toys/scale_toy",
    "toys/probe_toy",
    "toys/pool_toy",
    "toys/lrn_toy",
    "toys/dropout_toy",
    "toys/inputs_toy",
    "toys/gains_toy",
    "toys/updates_toy",
    "run/replay",
  ]
    .map((name) => read("www", "js", "lessons", `${name}.js`))
    .join("\n");
  const asked = [...scripts.matchAll(/\bsay\(\s*"([\w.]+)"/g)].map((match) => match[1]);
  assert.ok(asked.length > 25, `found ${asked.length} keys`);
  const pictures = readdirSync(join(ROOT, "www", "js", "lessons", "pictures")).map((name) => read("www", "js", "lessons", "pictures", name));
  const drawn = [...pictures.join("\n").matchAll(/this\.say\(\s*"([\w.]+)"/g)].map((match) => `pictures.${match[1]}`);
  assert.ok(drawn.length > 20, `found ${drawn.length} keys`);
  asked.push(...drawn);
  assert.deepEqual(
    asked.filter((key) => !texts.en.has(key)),
    [],
  );
});

test("every term is explained in one sentence, and every explanation is used", () => {
  const used = new Set([...[...texts.en.values()].flatMap(termsIn), ...LESSONS.flatMap(({ formula }) => formula.flatMap(termsIn))]);
  for (const language of ["en", "zh"]) {
    const explained = [...texts[language].keys()].filter((key) => key.startsWith("terms.")).map((key) => key.slice("terms.".length));
    assert.deepEqual([...used].sort(), explained.sort(), language);
    for (const key of explained) assert.match(texts[language].get(`terms.${key}`), /[.。]$/, key);
  }
});

test("every sign of a formula that has a name is a term, in lessons and inside a layer", () => {
  const bare = (text) => {
    const less = text.replace(/\[\w+\|[^[\]]+\]|<[+-]?\w+>/g, "");
    return less === text ? text : bare(less);
  };
  const cards = ["cards", "sum_cards", "lrn_card", "lrn_trial"].map((name) => read("www", "js", "drill", `${name}.js`)).join("\n");
  const inside = [...cards.matchAll(/"([^"\n]*\[\w+\|[^"\n]*)"/g)].map(([, line]) => line);
  const formulas = [...LESSONS.flatMap(({ formula }) => formula), ...inside];
  assert.ok(inside.length > 12, `found ${inside.length}`);
  for (const line of formulas) assert.doesNotMatch(bare(line), /[\p{L}∂∑∝~‖]/u, line);
});

test("numbers are written as their names say", () => {
  const cases = [
    ["step_from", 51, "51"],
    ["count_layers", 1e4, "10,000"],
    ["bn_accuracy", 0.534, "53 %"],
    ["zero_share", 0.05, "5.0 %"],
    ["ratio", 1.23e7, "1.2e7"],
    ["bn_loss", 2.3, "2.30"],
    ["kinds", -0.08, "−0.08"],
  ];
  for (const [name, value, text] of cases) assert.equal(written(name, value), text);
});

// ---- measuring made-up runs ----------------------------------------------------------------------------------------

const NAMES = ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"];

/** Losses that fall from 2.3 by `slope` per step; from step `right` on, all answers are right, and half of them before it. */
const records = (steps, slope, wobble = 0, right = Infinity) =>
  Array.from({ length: steps }, (_, i) => [i + 1, 2.3 - slope * (i + 1) + wobble * (i % 2 ? 1 : -1), i + 1 >= right ? 1 : 0.5]);

/** A snapshot in which all layers have the same numbers, except for the given ones. */
const look = (step, special = {}) => {
  const plain = { weight: 1, size: 1, activation: 1, zero: 0, mean: 1, std: 1, max: 1, saturated: 0, dead: 0, p5: 0, p50: 0, p95: 1 };
  return { step, layers: Object.fromEntries(NAMES.map((name) => [name, { ...plain, ...special[name] }])) };
};

const lane = ({ until, slope = 0, wobble = 0, right = Infinity, first = {}, history = [], test: tested = { loss: 2, accuracy: 0.25 } }) => {
  const looks = [look(1, first), ...history];
  return {
    records: records(until, slope, wobble, right),
    evaluations: [{ step: until, ...tested }],
    first: looks[0],
    last: looks.at(-1),
    history: looks,
    divergence: null,
    changes: [],
  };
};

const lesson = (name) => LESSONS.find((candidate) => candidate.name === name);
const measure = (name, lanes) => {
  const { until, measure: by } = lesson(name);
  return by({ names: NAMES, classes: 10, until, lanes: lanes.map((each) => lane({ until, ...each })) });
};
const close = (found, expected, what) => assert.ok(Math.abs(found - expected) <= 1e-9 * Math.abs(expected), `${what}: ${found}, not ${expected}`);

test("the end of a run is its last steps, and a difference has the error of its mean", () => {
  const run = { names: NAMES, classes: 10, until: 100, lanes: [lane({ until: 100, slope: 0.01 }), lane({ until: 100, slope: 0.01, wobble: 0.1 })] };
  // The mean of steps 51 to 100.
  close(loss(run, 0), 2.3 - 0.01 * 75.5, "loss");
  const { mean, error } = difference(run, 1, 0);
  assert.ok(Math.abs(mean) < 1e-12);
  // Values of +0.1 and -0.1: a variance of 0.01 * n / (n - 1).
  close(error, 0.1 / Math.sqrt(LAST - 1), "error");
  assert.ok(!decided({ mean, error }) && decided({ mean: 3 * error, error }));
  assert.ok(Number.isNaN(loss({ ...run, until: 101 }, 0)), "a lane that did not come so far has no end");
  assert.ok(Number.isNaN(loss(run, 2)) && Number.isNaN(evaluated(run, 2).accuracy) && Number.isNaN(difference(run, 0, 2).mean));
});

test("quantiles lie within their bins", () => {
  const bins = new Float32Array(64);
  for (let i = 0; i < 64; i++) bins[i] = 10;
  close(quantile({ bins, min: 0, max: 64 }, 0.5), 32, "half of a uniform distribution");
  bins.fill(0);
  bins[0] = 90;
  bins[63] = 10;
  close(quantile({ bins, min: 0, max: 64 }, 0.45), 0.5, "half of the first bin");
  close(quantile({ bins, min: 0, max: 64 }, 0.95), 63.5, "half of the last bin");
});

test("from LeNet to AlexNet: the run's own steps; what was measured before stays hidden until the run has ended", () => {
  const tested = [0.3, 0.45, 0.5].map((accuracy) => ({ test: { loss: 2, accuracy } }));
  const { outcome, values } = measure("from-lenet", tested);
  assert.deepEqual([values.own_points, values.rest_points], [15, 5]);
  close(values.relu_points, points(LEVELS[1] - LEVELS[0]), "the means of the measured seeds");
  assert.ok(!("lenet_points" in values), "the first rung changes nothing");
  assert.equal(outcome, MOST);
  assert.ok(CHOICES.every((choice) => gainBy(choice) <= gainBy(MOST)));
  close(gainBy("pool"), LEVELS[3] - LEVELS[1], "two rungs");
  const going = measure("from-lenet", tested.slice(0, 2));
  assert.deepEqual([going.outcome, going.values.relu_points, going.values.lrn_mean_accuracy], ["", NaN, NaN]);
});

test("ReLU or sigmoid: ratio of the gradients, share that passes, the slopes' bound", () => {
  const { outcome, values } = measure("relu-or-sigmoid", [
    { slope: 0.001, first: { conv1: { weight: 0.5, activation: 0.02 }, fc7: { activation: 0.1 } } },
    { first: { conv1: { weight: 1e-5, activation: 1e-7 }, fc7: { activation: 0.1 } } },
  ]);
  close(values.ratio, 5e4, "ratio");
  close(values.relu_passed, 0.2, "passed");
  close(values.sigmoid_passed, 1e-6, "passed");
  close(values.bound, 0.25 ** 6, "bound");
  close(values.guessing_loss, Math.LN10, "guessing");
  assert.deepEqual([outcome, values.count_layers], ["vanished", 6]);
  for (const [weight, expected] of [
    [0.4, "same"],
    [0.01, "smaller"],
    [6, "larger"],
  ]) {
    assert.equal(measure("relu-or-sigmoid", [{ first: { conv1: { weight: 0.5 } } }, { first: { conv1: { weight } } }]).outcome, expected);
  }
});

test("figure 1: steps to the mark, on average over a pass; what was measured before stays hidden until the run has ended", () => {
  const { right, batches } = lessons["figure-1"].numbers;
  // From step s on, all answers are right: the mean reaches the mark after that share of a pass which makes up for the half before.
  const later = Math.ceil(batches * (2 * right - 1)) - 1;
  const { outcome, values } = measure("figure-1", [{ right: 400 }, { right: 420 }, {}]);
  assert.deepEqual([values.when_relu, values.when_tanh, values.when_sigmoid], [400 + later, 420 + later, 0]);
  close(values.factor, (420 + later) / (400 + later), "factor");
  assert.deepEqual([outcome, values.relu_error_share, values.sigmoid_error_share], ["same", 0, 0.5]);
  for (const [tanh, expected] of [
    [800, "longer"],
    [100, "shorter"],
  ])
    assert.equal(measure("figure-1", [{ right: 400 }, { right: tanh }, {}]).outcome, expected);
  assert.equal(measure("figure-1", [{ right: 100 }, { right: 600 }, {}]).outcome, "six");
  assert.equal(measure("figure-1", [{ right: 400 }, {}, {}]).outcome, "", "tanh did not come so far");
  const going = measure("figure-1", [{ right: 400 }, { right: 420 }]);
  assert.deepEqual([going.outcome, going.values.when_relu, going.values.relu_1], ["", NaN, NaN]);
});

test("the product of weights: measured beside the rule", () => {
  const { outcome, values } = measure(
    "product-of-weights",
    [1, 2 ** -7, 2 ** 7].map((weight) => ({ first: { conv1: { weight } } })),
  );
  assert.deepEqual([values.half_ratio, values.half_rule, values.double_ratio, values.double_rule, values.count_factors], [2 ** -7, 2 ** -7, 128, 128, 7]);
  assert.equal(outcome, "hundredth");
});

test("the scale of weights: steps beside the weights, their mean over the run, and the first step's gradients", () => {
  const settings = lesson("scale-of-weights").fragment;
  assert.ok(
    settings.includes(`&lr=${RATE}&momentum=0&weight_decay=0&`) && settings.includes(`&init_scale_layer=${LAYER}&lane2=init_scale:${SCALE}&`),
    "a step is the rate times the gradient",
  );
  const conv3 = (weight, size, activation = 1) => ({ conv3: { weight, size }, conv2: { activation } });
  const { outcome, values } = measure("scale-of-weights", [
    { first: conv3(8, 2), history: [look(50, conv3(4, 2))] },
    { first: conv3(2, 8), history: [look(50, conv3(1.5, 8))] },
    { first: conv3(1, 2, 1), history: [look(50, conv3(1, 2))] },
    { first: conv3(3, 8, 5), history: [look(50, conv3(2, 8))] },
  ]);
  close(values.bn_small_update, (RATE * (4 + 2)) / 2, "mean over both looks");
  close(values.bn_update_ratio, (1 / 16 + 1.5 / 16) / 2, "mean of the ratios");
  close(values.none_update_ratio, (3 / 4 + 2 / 4) / 2, "mean of the ratios");
  assert.deepEqual([values.bn_weight_ratio, values.bn_passed, values.none_weight_ratio, values.none_passed, values.bn_update_rule], [0.25, 1, 3, 5, 1 / 16]);
  assert.equal(outcome, "sixteenth");
  for (const [weight, expected] of [
    [8, "quarter"],
    [30, "same"],
  ]) {
    assert.equal(measure("scale-of-weights", [{ first: conv3(8, 2) }, { first: conv3(weight, 8) }]).outcome, expected);
  }
  assert.deepEqual(updatesOf({ history: [look(1), look(9, conv3(2, 4))] }, LAYER), { steps: [1, 9], values: [RATE, RATE / 2] });
});

test("LRN: the same share of mean and maximum is a constant factor", () => {
  const factor = 2 ** -0.75;
  const conv2 = (mean, max) => ({ first: { conv2: { mean, max } } });
  const constant = measure("lrn-competition", [conv2(2, 10), conv2(2 * factor, 10 * factor), conv2(0.8, 2), conv2(0.2, 1)]);
  close(constant.values.paper_mean, factor, "mean");
  close(constant.values.tenth_max, 0.2, "max");
  assert.equal(constant.outcome, "constant");
  assert.equal(measure("lrn-competition", [conv2(2, 10), conv2(2 * factor, 3)]).outcome, "competition");
  assert.equal(measure("lrn-competition", [conv2(2, 10), conv2(2, 10)]).outcome, "nothing");
});

test("gains: each layer's, from the last hidden one back, and their product; the logits have none", () => {
  const layers = { conv1: { activation: 1 }, conv2: { activation: 4, dead: 0.5 }, fc7: { activation: 2, saturated: 0.25 }, fc8: { activation: 9 } };
  const { rows, product } = gainsOf({ step: 1, layers }, ["conv1", "conv2", "fc7", "fc8"]);
  assert.deepEqual(
    rows.map(({ name, gain }) => [name, gain]),
    [
      ["fc7", 2],
      ["conv2", 0.25],
    ],
  );
  assert.deepEqual([rows[0].saturated, rows[1].dead], [0.25, 0.5]);
  assert.equal(product, 0.5);
});

test("the bound of the slopes: a quarter a layer, from the last hidden gradient back", () => {
  const norms = normsOf(look(1, { conv1: { activation: 0.5 }, fc7: { activation: 8 }, fc8: { activation: 99 } }), NAMES);
  assert.deepEqual(norms, [0.5, 1, 1, 1, 1, 1, 8]);
  assert.deepEqual(
    boundOf(norms),
    [6, 5, 4, 3, 2, 1, 0].map((k) => 8 * 0.25 ** k),
  );
  assert.deepEqual(boundOf([]), []);
});

test("steps to a training error: the first step up to which so many batches are right often enough, 0 if there is none", () => {
  const lanes = [
    [0, 0, 0, 1, 1, 1, 1, 1],
    [1, 1, 0, 0, 0, 0, 0, 0],
    [0.75, 0.75, 0.7499, 0.75, 0, 0, 0, 0],
  ].map((shares) => ({ records: shares.map((share, at) => [at + 1, 2, share]) }));
  const run = { names: NAMES, classes: 10, until: 7, lanes };
  assert.deepEqual(
    [0, 1, 2].map((lane) => stepsTo(run, lane, 0.75, 4)),
    [6, 0, 4],
  );
  assert.equal(stepsTo({ ...run, until: 5 }, 0, 0.75, 4), 0, "what comes after the run's end does not count");
  assert.ok(Number.isNaN(stepsTo(run, 3, 0.75, 4)));
});

test("a lesson's depths are settings, and the one that it is written for is among them", () => {
  for (const { name, fragment, depths = [] } of LESSONS) {
    if (depths.length > 0) assert.ok(depths.includes(fragment.match(/\bdepth=(\d+)/)[1]), name);
    for (const depth of depths) assert.ok(allowed("depth", depth), `${name}: ${depth}`);
  }
  assert.deepEqual(lesson("relu-or-sigmoid").depths.map(Number), [0, 4, 8, 12]);
});

test("norms: the lowest loss wins only beyond two standard errors of all differences", () => {
  const test = { loss: 1.5, accuracy: 0.45 };
  const { outcome, values } = measure("norms", [{ slope: 0.001 }, { slope: 0.002 }, { slope: 0.005 }, { slope: 0.009, test }]);
  assert.equal(outcome, "bn");
  assert.equal(measure("norms", [{ slope: 0.001 }, { slope: 0.002 }, { slope: 0.004 }, { slope: 0.003 }]).outcome, "bn_as_lrn");
  assert.equal(measure("norms", [{ slope: 0.001 }, { slope: 0.001, wobble: 0.1 }, { slope: 0.001 }, { slope: 0.001 }]).outcome, "noise");
  // Steps 151 to 200; the losses differ by this many thousandths per step.
  [values.none_lrn, values.lrn_as_lrn, values.as_lrn_bn, values.lrn_bn].forEach((apart, at) => close(apart, 0.001 * [1, 3, 4, 7][at] * 175.5, "difference"));
  assert.equal(values.bn_test_accuracy, 0.45);
});

test("pooling: zeros of the first gradient, and the sign of the difference", () => {
  const lanes = [{ slope: 0.002, first: { conv1: { zero: 0.75 } } }, { slope: 0.001 }, { slope: 0.001 }, { slope: 0.001 }];
  const { outcome, values } = measure("pooling", lanes);
  assert.deepEqual([outcome, values.max_zero_share, values.avg_zero_share], ["max", 0.75, 0]);
  close(values.kinds, -0.001 * 175.5, "difference");
  assert.equal(measure("pooling", [lanes[1], lanes[0], { slope: 0.003 }]).outcome, "avg");
});

test("dropout: the gap is test loss minus training loss, both with all units on", () => {
  const { outcome, values } = measure("dropout", [
    { slope: 0.005, test: { loss: 2.5, accuracy: 0.3, train: { loss: 0.25, accuracy: 1 } } },
    { slope: 0.003, test: { loss: 1.9, accuracy: 0.35, train: { loss: 1.25, accuracy: 0.75 } } },
  ]);
  close(values.without_gap, 2.25, "gap without");
  close(values.with_gap, 0.65, "gap with");
  assert.deepEqual([values.without_accuracy, values.with_accuracy, outcome], [1, 0.75, "smaller"]);
  // The loss of the steps, in which units are off, does not stand in for it.
  assert.equal(measure("dropout", [{ slope: 0.005 }, { slope: 0.003 }]).outcome, "");
});

test("covariate shift: how far the activations move from look to look once BN has settled, in standard deviations of the look before", () => {
  const at = (step, p95, mean, std = 0.5) => look(step, { conv4: { p95, mean, std } });
  const { outcome, values } = measure("covariate-shift", [
    { slope: 0.001, history: [at(25, 9, 9), at(100, 2, 1), at(200, 3, 1.5, 2), at(300, 4, 1.5)] },
    { slope: 0.003, history: [at(100, 2, 1), at(300, 2.5, 1)] },
    { slope: 0.002, history: [at(100, 2, 1), at(300, 2, 4)] },
  ]);
  assert.deepEqual([values.none_moved, values.bn_moved, values.noisy_moved], [1.25, 1, 6]);
  assert.deepEqual([values.step_from, values.count_between], [100, 100]);
  assert.equal(outcome, "faster");
  // Steps 251 to 300.
  close(values.noisy_gain, 0.001 * 275.5, "gain");
});

test("every lesson is looked at after its first step and at its last, and evaluated there", () => {
  for (const { name, until, every, fragment } of LESSONS) {
    assert.ok(every > 0 && until % every === 0, name);
    const { test_every } = Object.fromEntries(pairs(fragment, "&", "="));
    assert.equal(until % (Number(test_every) || 1), 0, name);
  }
});

test("a whole run fills every sentence; a run of one lane decides nothing and breaks nothing", () => {
  for (const { name, lanes, sentences, choices, until } of LESSONS) {
    const test = { loss: 2, accuracy: 0.25, train: { loss: 1, accuracy: 0.5 } };
    const whole = lanes.map((_, index) => ({ slope: 0.001 * index, right: until >> 1, test, history: [look(until >> 1), look(until, { conv4: { p95: 2 } })] }));
    const { values, outcome } = measure(name, whole);
    for (const key of sentences) {
      for (const field of fieldsIn(texts.en.get(`lessons.${name}.saw.${key}`)))
        assert.ok(Number.isFinite(values[field]), `${name}, ${key}: ${field} is ${values[field]}`);
    }
    assert.ok(choices.includes(outcome), `${name}: ${outcome}`);
    assert.equal(measure(name, whole.slice(0, 1)).outcome, "", name);
    assert.equal(lesson(name).measure({ names: NAMES, classes: 10, until, lanes: [] }).outcome, "", name);
  }
});

// ---- recording -----------------------------------------------------------------------------------------------------

/** A fake session of two lanes that sends the given events. */
function session() {
  const network = { classes: 10, blocks: [{ name: "conv1" }], tensors: [{ name: "conv1.bias" }, { name: "conv1.weight" }] };
  const lanes = [0, 1].map(() => ({ describe: { network }, divergence: null }));
  const made = Object.assign(new EventTarget(), { state: { run: 3, config: { test_every: "10" }, describe: { network }, lanes } });
  const tell = (kind, detail, lane = 0) => made.dispatchEvent(new CustomEvent("change", { detail: { kind, detail, lane } }));
  const steps = (from, to) => Float64Array.from({ length: 3 * (to - from) }, (_, i) => [from + Math.floor(i / 3), 2, 0.5][i % 3]);
  return { made, tell, steps };
}

/** A snapshot without numbers. */
const snapshot = (step, fixed = true) => ({
  step,
  fixed,
  parameters: new Float32Array(2 * 137),
  norms: new Float32Array(2),
  activation_gradients: new Float32Array(137),
  activations: new Float32Array(72),
});

test("a recording is complete when every lane has its steps, its last look and its evaluation", () => {
  const { made, tell, steps } = session();
  let ended = 0;
  const recording = new Recording(made, 10, () => (ended += 1));
  tell("records", steps(0, 12));
  tell("evaluation", { step: 10, loss: 1.5, accuracy: 0.5 });
  tell("snapshot", snapshot(10));
  tell("records", steps(0, 9), 1);
  tell("evaluation", { step: 5, loss: 1.5, accuracy: 0.5 }, 1);
  assert.deepEqual([recording.outcome, recording.step, ended], ["going", 12, 0]);
  tell("records", steps(9, 11), 1);
  assert.equal(recording.outcome, "going", "its evaluation is missing");
  tell("evaluation", { step: 10, loss: 1.5, accuracy: 0.5 }, 1);
  tell("snapshot", snapshot(10, false), 1);
  assert.equal(recording.outcome, "going", "its look is missing: the clock's own does not count");
  tell("snapshot", snapshot(10), 1);
  tell("records", steps(11, 20), 1);
  assert.deepEqual([recording.outcome, ended, recording.lanes[1].records.length], ["complete", 1, 11]);
  assert.deepEqual(recording.lanes[1].records[10], [11, 2, 0.5], "steps done, not the step that it was");
});

test("a lane that diverged has come to its end, with its place", () => {
  const { made, tell, steps } = session();
  const recording = new Recording(made, 10, () => {});
  made.state.lanes[1].divergence = { step: 2, layer: "conv2", place: "activation" };
  tell("snapshot", snapshot(10));
  tell("records", steps(0, 10));
  tell("evaluation", { step: 10, loss: 1.5, accuracy: 0.5 });
  assert.deepEqual([recording.outcome, recording.lanes[1].divergence], ["complete", { step: 2, layer: "conv2" }]);
});

test("a switch that is flipped, or a run that starts again, ends a recording without a result", () => {
  for (const disturb of [
    ({ tell }) => tell("mark", { step: 3, changes: [["lr", "0.1", "0.01"]] }),
    ({ made, tell }) => ((made.state.run += 1), tell("state")),
  ]) {
    const told = session();
    const recording = new Recording(told.made, 10, () => {});
    told.tell("records", told.steps(0, 3));
    disturb(told);
    assert.equal(recording.outcome, "interrupted");
  }
});

test("a setting that the lesson allows to change is written down, and the recording goes on", () => {
  const { made, tell, steps } = session();
  const recording = new Recording(made, 10, () => {}, ["dropout"]);
  tell("records", steps(0, 3), 1);
  tell("mark", { step: 3, changes: [["dropout", "0.7", "0.5"]] }, 1);
  assert.deepEqual([recording.outcome, recording.lanes[1].changes], ["going", [{ step: 3, key: "dropout", value: "0.7", before: "0.5" }]]);
  tell(
    "mark",
    {
      step: 3,
      changes: [
        ["dropout", "0.1", "0.7"],
        ["lr", "0.1", "0.01"],
      ],
    },
    1,
  );
  assert.equal(recording.outcome, "interrupted", "with another one beside it");
});

test("looks are those of the lesson's steps, whatever else the clock adds; they keep the numbers of each block", () => {
  const { made, tell } = session();
  const recording = new Recording(made, 10_000, () => {});
  for (let step = 1; step <= 1000; step++) {
    const gradients = new Float32Array(2 * 137);
    gradients[137 + 133] = step; // the norm in the second tensor's row
    const rows = {
      parameters: gradients,
      norms: Float32Array.of(7, 2 * step),
      activation_gradients: new Float32Array(137).fill(0.5, 133, 134),
      activations: new Float32Array(72).fill(0.25, 68, 69),
    };
    tell("snapshot", { ...snapshot(step, step === 1 || step % 2 === 0), ...rows }, 1);
  }
  const { first, last, history } = recording.lanes[1];
  assert.deepEqual(
    [first.step, first.layers.conv1.weight, first.layers.conv1.size, first.layers.conv1.activation, first.layers.conv1.mean],
    [1, 1, 2, 0.5, 0.25],
  );
  assert.deepEqual([last.step, last.layers.conv1.weight], [1000, 1000]);
  assert.deepEqual(
    history.map(({ step }) => step),
    [1, ...Array.from({ length: 500 }, (_, i) => 2 * i + 2)],
    "none is thinned out",
  );
});

test("a run that begins to be watched later has no first look", () => {
  const { made, tell } = session();
  const recording = new Recording(made, 10, () => {});
  tell("snapshot", snapshot(5));
  assert.deepEqual([recording.lanes[0].first, recording.lanes[0].last.step], [null, 5]);
});

test("the percentiles drawn are those of the looks, of the block in front of the layer, for any number of networks", () => {
  const looks = [1, 40, 80].map((step) => look(step, { conv4: { p5: -step, p50: 0.5, p95: 2 * step }, conv5: { p5: 9, p50: 9, p95: 9 } }));
  const lane = { history: looks, last: looks[2] };
  assert.deepEqual(percentilesOf(lane, "conv4"), {
    steps: [1, 40, 80],
    values: [
      [-1, -40, -80],
      [0.5, 0.5, 0.5],
      [2, 80, 160],
    ],
  });
  assert.deepEqual(percentilesOf({ history: [], last: null }, "conv4"), { steps: [], values: [[], [], []] });
  assert.ok(percentilesOf(lane, "conv9").values.flat().every(Number.isNaN));
});

test("a picture of looks is drawn anew for another run, even of the same steps, and not for the same looks", () => {
  const run = (step) => ({ lanes: [0, 1].map(() => lane({ until: 10, history: [look(step)] })) });
  const [one, other] = [run(5), run(5)];
  assert.ok(same(endsOf(one), endsOf(one)) && !same(endsOf(other), endsOf(one)));
  const before = endsOf(one);
  one.lanes[1].last = look(5);
  assert.ok(!same(endsOf(one), before), "a newer look of one lane");
  // A run without snapshots is also drawn, once.
  assert.ok(!same(endsOf(undefined), null) && same(endsOf({ lanes: [] }), endsOf(undefined)));
});

test("the probe batch is what its explanation says: fixed, from the training images, as many as a batch of the lesson has", () => {
  const [, most] = read("src", "trainer", "looks.rs").match(/const PROBE: usize = (\d+);/);
  const [, batch] = read("src", "config", "mod.rs").match(/^ {4}batch: \(integer [^)]*\) \w+ \w+ "(\d+)"/m);
  assert.ok(!lesson("covariate-shift").fragment.includes("batch="));
  for (const language of ["en", "zh"]) assert.ok(texts[language].get("terms.probe_batch").includes(` ${Math.min(Number(most), Number(batch))} `));
});

test("the recording is offered for what is left of a run, and no longer when that is short", () => {
  const nodes = Object.fromEntries(
    [".guide-progress", ".guide-count", ".guide-behind", ".guide-resume", ".guide-offer"].map((name) => [name, { hidden: false, textContent: "" }]),
  );
  const recording = { outcome: "going", step: 0 };
  const state = { milliseconds: NaN, wanted: true, busy: false };
  const panel = {
    body: { querySelector: (name) => nodes[name] },
    say: (key, fields = {}) => [key, ...Object.values(fields)].join(" "),
    recording,
    replay: null,
    result: null,
    session: { state },
    lesson: { until: 500 },
    stuck: false,
    pace: NaN,
    stage: { known: false },
    get left() {
      return Reflect.get(Runs.prototype, "left", panel);
    },
  };
  const offered = (step, milliseconds) => {
    Object.assign(recording, { step });
    Object.assign(state, { milliseconds });
    progress(panel);
    return nodes[".guide-offer"].hidden ? null : nodes[".guide-offer"].textContent;
  };
  assert.equal(offered(2, 60_000), null, "after two steps its speed is not known");
  assert.equal(offered(20, 600), "recorded.slow 5");
  assert.equal(offered(100, NaN), "recorded.slow 4", "as fast as before the evaluation");
  assert.equal(offered(290, 600), "recorded.slow 2");
  assert.equal(offered(310, 600), null);
  assert.equal(nodes[".guide-count"].textContent, "run.step 310 500");
  panel.stage.known = true;
  offered(310, 600);
  assert.equal(nodes[".guide-count"].textContent, "run.drawn 310 500", "the picture is complete before the run");
  assert.equal(offered(495, 2000), null, "slow at last, but soon over");
  recording.outcome = "complete";
  assert.equal(offered(100, 6000), null);
});
