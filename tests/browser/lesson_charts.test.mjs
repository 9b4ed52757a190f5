// Charts of lessons, in Chromium on the CPU: dropout's masks and its slider, the shaded gap, percentiles of inputs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { maskOf } from "../../www/js/drill/mask.js";
import { Recorded } from "../../www/js/lessons/run/recorded.js";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT } from "./servers.mjs";

const AXE = readFileSync(join(ROOT, "node_modules", "axe-core", "axe.min.js"), "utf8");
const file = (name) => JSON.parse(readFileSync(join(ROOT, "www", "data", "lessons", `${name}.json`), "utf8"));

/** Opens a lesson at its run. `inPanel` runs `run(panel, root, ...args)` in the page. */
async function open(lesson, settings = "lang=en", { path = "/", viewport } = {}) {
  const { page, complaints } = await newPage(browser, [lab.address], viewport);
  await page.evaluateOnNewDocument(() => addEventListener("ready", () => (window.ready = true), true));
  await page.goto(`${lab.address}${path}#v=1&backend=cpu&workers=1&lesson=${lesson}&${settings}`);
  await page.waitForFunction(() => window.ready && document.querySelector("alexnet-lab").shell.lesson.panel?.lesson, { timeout: 120_000 });
  const panel = await page.evaluateHandle(() => document.querySelector("alexnet-lab").shell.lesson.panel);
  const inPanel = (run, ...args) => panel.evaluate(run, ...args);
  const until = async (run, ...args) => {
    for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) if (await inPanel(run, ...args)) return;
    assert.fail(`waited in vain for ${run}`);
  };
  await inPanel((panel) => {
    panel.stage.toggle(false); // the toys beside the charts, in the whole lab
    panel.go(1);
  });
  return { page, complaints, inPanel, until };
}

/** Shows the lesson's recording, to its end; with reduced motion, at once. */
async function recorded(lesson, settings, size, motion = "reduce") {
  const opened = await open(lesson, settings, size);
  await opened.page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: motion }]);
  await opened.inPanel((panel) => (panel.go(2), void panel.showRecording()));
  await opened.until((panel) => panel.result);
  await opened.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  return opened;
}

/** The drawn masks, and the step in their words. */
const masks = (panel) => ({
  words: panel.toy.when.textContent,
  p: panel.toy.input.value,
  state: {
    step: panel.session.state.lanes[1].step,
    run: panel.session.state.run,
    dropout: panel.session.state.lanes.map(({ config }) => config.dropout),
    going: panel.session.state.phase,
  },
  seed: Number(panel.session.state.config.seed),
  layers: panel.toy.layers.map(({ name, words, picture }) => {
    const squares = (path) =>
      (picture.querySelector(`.mask-${path}`).getAttribute("d") ?? "").match(/M[\d.]+ [\d.]+/g)?.map((move) =>
        move
          .slice(1)
          .split(" ")
          .map((at) => Math.round(at - 0.1)),
      ) ?? [];
    return { name, words: words.textContent, kept: squares("kept"), dropped: squares("dropped") };
  }),
});

/** The drawing and the numbers are those of the engine's mask for the named step. */
function check({ words, p, seed, layers }) {
  const step = Number(words.match(/step \(?([\d,]+)/i)[1].replace(",", ""));
  for (const { name, words: count, kept, dropped } of layers) {
    assert.equal(kept.length + dropped.length, 64);
    const expected = maskOf(`${name}.dropout`, 64, seed, step - 1, Number(p));
    const drawn = new Set(kept.map(([x, y]) => 16 * y + x));
    assert.deepEqual(
      expected,
      Array.from({ length: 64 }, (_, unit) => drawn.has(unit)),
      `${name}, step ${step}, p = ${p}`,
    );
    assert.equal(count, `${name}: ${kept.length} of 64 kept`);
  }
  return step;
}

test("the masks are those of the last step, the slider changes the running network's p, and the run goes on", async () => {
  const { page, complaints, inPanel, until } = await open("dropout");
  await inPanel((panel) => panel.runAgain(panel.seed));
  await until((panel) => panel.recording?.step >= 5 && panel.toy.when.textContent.includes("Last"));
  const before = await inPanel(masks);
  assert.deepEqual([before.state.dropout, before.p], [["0", "0.5"], "0.5"]);
  const first = check(before);
  await until((panel, step) => panel.session.state.lanes[1].step > step, first);
  const second = check(await inPanel(masks));
  assert.ok(second > first, "another step, another mask");
  // By keys: from 0.5 to 0.65.
  await inPanel((panel) => panel.toy.input.focus());
  for (let press = 0; press < 3; press++) await page.keyboard.press("ArrowRight");
  await until((panel) => panel.session.confirmed.lanes[1].describe.config.dropout === "0.65");
  await until((panel, step) => panel.session.state.lanes[1].step > step + 2 && panel.toy.last.p === 0.65, second);
  const after = await inPanel(masks);
  assert.deepEqual([after.state.dropout, after.p, after.state.run, after.state.going], [["0", "0.65"], "0.65", before.state.run, "running"]);
  check(after);
  assert.ok(await inPanel((panel) => panel.shell.root.activeElement === panel.toy.input), "the slider keeps the keyboard's place");
  assert.equal(await inPanel((panel) => panel.toy.factor.textContent), "Kept values are multiplied by 1 / (1 − 0.65) = 2.86.");
  const [{ step: changed, ...change }] = await inPanel((panel) => panel.recording.lanes[1].changes);
  assert.deepEqual(change, { key: "dropout", value: "0.55", before: "0.5" }, "the first press");
  assert.equal(await inPanel((panel) => panel.recording.outcome), "going", "the lesson's run goes on, too");
  await inPanel((panel) => panel.session.pause());
  await until((panel) => panel.session.state.phase === "paused");
  // During a pause, a tried value shows the next step's mask.
  await page.keyboard.press("End");
  await until((panel) => panel.session.confirmed.lanes[1].describe.config.dropout === "0.9" && panel.toy.tried === null);
  const next = await inPanel(masks);
  assert.match(next.words, /Next/);
  assert.equal(check(next), next.state.step + 1);
  // The findings name every p and its first step, and leave the prediction open.
  await inPanel((panel) => {
    panel.recording.until = panel.recording.step + 5;
    panel.session.play();
  });
  await until((panel) => panel.result);
  await inPanel((panel) => panel.go(3));
  const [sentence, outcome] = await inPanel(({ body, result }) => [body.querySelector("[data-saw=changed]").textContent, result.outcome]);
  const changes = await inPanel((panel) => panel.result.run.lanes[1].changes.map(({ value, step }) => `${value} from step ${step + 1}`));
  assert.equal(sentence, `“dropout”: Dropout ${["0.5 from step 1", ...changes].join(", ")}.`);
  assert.ok(sentence.includes(`0.55 from step ${changed + 1}, `) && sentence.includes("0.9 from step "), sentence);
  assert.equal(outcome, "");
  assert.deepEqual(complaints, []);
  await page.close();
});

test("before a run the slider is a preview", async () => {
  const { page, complaints, inPanel } = await open("dropout");
  await inPanel((panel) => panel.go(4));
  await inPanel((panel) => panel.toy.input.focus());
  await page.keyboard.press("Home");
  const { p, none, lanes } = await inPanel((panel) => ({
    p: panel.toy.input.value,
    none: panel.toy.layers[0].words.textContent,
    lanes: panel.session.state.lanes.length,
  }));
  assert.deepEqual([p, lanes], ["0", 1]);
  assert.match(none, /^fc6: (\d+) of \1 kept$/);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("the gap is shaded by the lesson, is as large as its evaluations say, and ends with the lesson", async () => {
  const { page, complaints, inPanel, until } = await recorded("dropout", undefined, undefined, "no-preference");
  assert.ok(await inPanel((panel) => panel.replay.views.curves.gap && panel.shell.views.curves.gap));
  await until((panel) => panel.replay.views.curves.summary.textContent.includes("at step 400"));
  const words = await inPanel((panel) => panel.replay.views.curves.summary.textContent);
  file("dropout").lanes.forEach(({ tests }, lane) => {
    // Both with all units on.
    const [step, testLoss, testAccuracy, trainLoss, trainAccuracy] = tests.at(-1);
    const found = [...words.matchAll(/: gap between training and test at step (\d+): ([−\d.]+)(\s%)?\./g)].filter(([, at]) => Number(at) === step);
    assert.equal(found.length, 4, words);
    const [inLoss, inAccuracy] = [found[lane][2], found[2 + lane][2]].map((text) => Number(text.replace("−", "-")));
    assert.ok(Math.abs(inLoss - (testLoss - trainLoss)) < 0.006, `${inLoss}`);
    assert.ok(Math.abs(inAccuracy - 100 * (trainAccuracy - testAccuracy)) < 0.6, `${inAccuracy}`);
  });
  // The toggle works like the others: off, and the shading disappears.
  const ink = (panel) => {
    const { ctx } = panel.replay.views.curves.panes[0].plot;
    return ctx.getImageData(0, 0, ctx.canvas.width, ctx.canvas.height).data.filter((value, at) => at % 4 === 3 && value > 0).length;
  };
  const shaded = await inPanel(ink);
  const pressed = await inPanel((panel) => {
    const button = panel.replay.views.curves.panes[0].gap;
    const was = button.getAttribute("aria-pressed");
    button.click();
    return [was, button.getAttribute("aria-pressed")];
  });
  assert.deepEqual(pressed, ["true", "false"]);
  for (const end = Date.now() + 120_000; shaded <= 1.5 * (await inPanel(ink)); await new Promise((resolve) => setTimeout(resolve, 50)))
    assert.ok(Date.now() < end, `${shaded} pixels with the gap, ${await inPanel(ink)} without`);
  await inPanel((panel) => panel.choose(null));
  await until((panel) => panel.lesson === null && !panel.shell.views.curves.gap);
  assert.deepEqual(complaints, []);
  await page.close();
});

/** The columns of numbers are equal, apart from the rounding of places on an axis. */
function close(found, wanted) {
  assert.deepEqual(
    found.map(({ length }) => length),
    wanted.map(({ length }) => length),
  );
  found.flat().forEach((x, at) => assert.ok(Math.abs(x - wanted.flat()[at]) < 1e-6, `${at}: ${x}, not ${wanted.flat()[at]}`));
}

test("the percentiles are those of the recording's looks, of the layer that is chosen, in words and by keys", async () => {
  const { page, complaints, inPanel } = await recorded("covariate-shift");
  const told = new Recorded(file("covariate-shift"));
  told.tell(told.file.until);
  const { lanes } = told.measured;
  // Values from their places on the axis.
  const drawn = (panel) =>
    panel.toy.chart.lanes.map(({ plot, scale: { low, high } }) => plot.data.map((column, at) => column.map((x) => (at === 0 ? x : low + x * (high - low)))));
  const closeTo = (found, wanted) => found.forEach((columns, lane) => close(columns, wanted[lane]));
  const expected = (block) =>
    lanes.map(({ history }) => [history.map(({ step }) => step), ...["p5", "p50", "p95"].map((key) => history.map(({ layers }) => layers[block][key]))]);
  closeTo(await inPanel(drawn), expected("conv4")); // conv5 receives conv4's output
  const choices = await inPanel((panel) => [...panel.toy.select.options].map(({ value, dataset }) => [value, dataset.before]));
  assert.deepEqual(
    choices,
    told.file.names.slice(1).map((name, at) => [name, told.file.names[at]]),
  );
  await inPanel((panel) => panel.toy.select.focus());
  for (let press = 0; press < 3; press++) await page.keyboard.press("ArrowUp");
  closeTo(await inPanel(drawn), expected("conv1"));
  const scales = await inPanel((panel) => panel.toy.chart.lanes.map(({ plot, scale }) => [plot.scales.x.min, plot.scales.x.max, scale.low, scale.high]));
  assert.equal(new Set(scales.map(String)).size, 1, "one scale");
  assert.deepEqual(scales[0].slice(0, 2), [0, 300]);
  // The stage of the first network: Home is its first snapshot.
  await inPanel((panel) => panel.toy.chart.lanes[0].stage.focus());
  await page.keyboard.press("Home");
  const short = (x) => String(Number(x.toPrecision(2)));
  const [p5, p50, p95] = expected("conv1")[0]
    .slice(1)
    .map((row) => short(row[0]));
  assert.equal(await inPanel((panel) => panel.toy.chart.spoken.textContent), `1 no norm, step 1: 5 % lie below ${p5}, 50 % below ${p50}, 95 % below ${p95}.`);
  const summary = await inPanel((panel) => panel.toy.chart.summary.textContent);
  assert.ok(summary.startsWith("Inputs of conv2: the activations of conv1.") && summary.includes("2 BN, step 300:"), summary);
  // The choice stays for the findings.
  await inPanel((panel) => panel.go(3));
  assert.equal(await inPanel((panel) => panel.toy.select.value), "conv2");
  closeTo(await inPanel(drawn), expected("conv1"));
  assert.deepEqual(complaints, []);
  await page.close();
});

test("percentiles grow while the lesson runs", async () => {
  const { page, complaints, inPanel, until } = await open("covariate-shift");
  await inPanel((panel) => panel.runAgain(panel.seed));
  const looks = (panel) => panel.toy?.chart.lanes.map(({ plot }) => plot.data[0].length) ?? [];
  await until((panel) => panel.toy?.chart.lanes[1]?.plot.data[0].length > 2);
  const before = await inPanel(looks);
  await until((panel, count) => panel.toy.chart.lanes[1].plot.data[0].length > count, before[1]);
  const { drawn, kept } = await inPanel((panel) => {
    panel.toy.draw();
    return {
      drawn: panel.toy.chart.lanes.map(({ plot, scale: { low, high } }) => plot.data[3].map((x) => low + x * (high - low))),
      kept: panel.recording.lanes.map(({ history }) => history.map(({ layers }) => layers.conv4.p95)),
    };
  });
  close(drawn, kept);
  await inPanel((panel) => panel.session.pause());
  assert.deepEqual(complaints, []);
  await page.close();
});

test("steps beside their weights are those of the recording's looks, of the layer that is chosen, beside what the rule expects", async () => {
  const { page, complaints, inPanel } = await recorded("scale-of-weights");
  const told = new Recorded(file("scale-of-weights"));
  told.tell(told.file.until);
  const { lanes } = told.measured;
  const drawn = ({ toy: { chart } }) => {
    const [low, high] = [Math.log10(chart.scale.low), Math.log10(chart.scale.high)];
    return chart.plot.data.map((column, at) => column.map((x) => (at === 0 ? x : low + x * (high - low))));
  };
  const expected = (block) => [
    lanes[0].history.map(({ step }) => step),
    ...lanes.map(({ history }) => history.map(({ layers }) => Math.log10((0.01 * layers[block].weight) / layers[block].size))),
  ];
  const rule = expected("conv3")[1].map((x) => x - Math.log10(16));
  close(await inPanel(drawn), [...expected("conv3"), rule]);
  assert.ok(
    rule.every((x, at) => Math.abs(expected("conv3")[2][at] - x) < Math.log10(2)),
    "the rule holds within a factor of 2 at every look",
  );
  // A layer that starts from the same weights has no rule; with BN its steps begin the same.
  await inPanel((panel) => panel.toy.select.focus());
  await page.keyboard.press("ArrowUp");
  const conv2 = await inPanel(drawn);
  close(conv2, expected("conv2"));
  assert.ok(Math.abs(conv2[1][0] - conv2[2][0]) < 1e-3, `${conv2[1][0]}, ${conv2[2][0]}`);
  await page.keyboard.press("ArrowDown");
  await inPanel((panel) => panel.toy.chart.stage.focus());
  await page.keyboard.press("Home");
  const [first, second] = expected("conv3")
    .slice(1)
    .map(([x]) => Number((10 ** x).toPrecision(2)));
  const spoken = await inPanel((panel) => panel.toy.chart.spoken.textContent);
  assert.ok(spoken.startsWith(`Step 1: 1 BN, a = 1 ${first}, 2 BN, a = 4 ${second.toExponential(1)}, `) && spoken.includes("rule: 1/16 of network 1 "), spoken);
  // The formula step has the toy of the unchanged network, and going back shows the curves again.
  assert.equal(await inPanel((panel) => (panel.go(4), "rows" in panel.toy)), true);
  await inPanel((panel) => panel.go(3));
  close(await inPanel(drawn), [...expected("conv3"), rule]);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("each layer's gain is that of the recording's gradients, first and last, with their product", async () => {
  const { page, complaints, inPanel } = await recorded("relu-or-sigmoid");
  const shown = () =>
    inPanel((panel) => [...panel.toy.table.rows].map((row) => [...row.cells].map((cell) => (cell.querySelector(".figure") ?? cell).textContent)));
  const wanted = (when) => {
    const whole = new Recorded(file("relu-or-sigmoid"));
    whole.tell(Infinity);
    const { names, lanes } = whole.measured;
    const [head, ...back] = names.slice(0, -1);
    const norms = lanes.map((lane) => (name) => lane[when].layers[name].activation);
    const rows = back.map((name, at) => [name, ...norms.map((norm) => norm([head, ...back][at]) / norm(name))]).reverse();
    return [...rows, ["product", ...norms.map((norm) => norm(head) / norm(back.at(-1)))], ["10 slopes of ¼", NaN, 0.25 ** 10]];
  };
  const close = (rows, expected) =>
    rows.slice(1).forEach(([name, ...cells], at) => {
      assert.equal(name, expected[at][0]);
      cells.forEach((cell, lane) =>
        cell === "–"
          ? assert.ok(Number.isNaN(expected[at][lane + 1]))
          : assert.ok(Math.abs(Number(cell) / expected[at][lane + 1] - 1) < 0.06, `${name}: ${cell}, not ${expected[at][lane + 1]}`),
      ); // 7.1e-6 has two digits
    });
  close(await shown(), wanted("first"));
  await inPanel((panel) => {
    panel.toy.when.value = "last";
    panel.toy.when.dispatchEvent(new Event("change"));
  });
  close(await shown(), wanted("last"));
  assert.deepEqual(complaints, []);
  await page.close();
});

test("the gradient that reaches each layer is the recording's, beside a quarter a layer of sigmoid's, in words and by keys", async () => {
  const { page, complaints, inPanel } = await recorded("relu-or-sigmoid");
  const whole = new Recorded(file("relu-or-sigmoid"));
  whole.tell(Infinity);
  const { names, lanes } = whole.measured;
  const hidden = names.slice(0, -1);
  const drawn = await inPanel(({ toy }) => toy.chart.data);
  assert.deepEqual(drawn.layers, hidden);
  assert.deepEqual(
    drawn.lanes.map(({ name, norms }) => [name, norms]),
    ["ReLU", "Sigmoid"].map((name, lane) => [name, hidden.map((layer) => lanes[lane].first.layers[layer].activation)]),
  );
  const sigmoid = drawn.lanes[1].norms;
  drawn.bound.forEach((norm, layer) => assert.ok(Math.abs(norm / (sigmoid.at(-1) * 0.25 ** (hidden.length - 1 - layer)) - 1) < 1e-9));
  // Every norm and the bound lie within the axis.
  const { low, high } = await inPanel(({ toy }) => toy.chart);
  for (const norm of [...drawn.lanes.flatMap(({ norms }) => norms), ...drawn.bound]) assert.ok(Math.log10(norm) >= low && Math.log10(norm) <= high, `${norm}`);
  await inPanel(({ toy }) => toy.chart.canvas.focus());
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Home");
  const spoken = await inPanel(({ toy }) => toy.chart.spoken.textContent);
  assert.match(spoken, /^conv1, ReLU: [\d.]+, Sigmoid: [\d.]+e-\d+, slopes: 0\.25ᵏ: [\d.]+e-\d+$/);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("the steps to the mark are those of the recording's own batches", async () => {
  const { page, complaints, inPanel } = await recorded("figure-1");
  await inPanel((panel) => panel.go(3));
  const seen = await inPanel(({ body }) => body.querySelector("[data-saw=steps]").textContent);
  const first = (accuracy) => accuracy.findIndex((_, at) => at >= 62 && accuracy.slice(at - 62, at + 1).reduce((sum, x) => sum + x, 0) >= 0.55 * 63 - 1e-3) + 1;
  const [relu, tanh, none] = file("figure-1").lanes.map(({ accuracy }) => first(accuracy));
  assert.ok(relu > 0 && tanh > 0 && none === 0);
  assert.ok(seen.endsWith(`ReLU after ${relu} steps, tanh after ${tanh} steps, sigmoid not within 1,000 steps.`), seen);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("another depth starts the run anew, and the words are of it; a link can say it", async () => {
  const { page, complaints, inPanel, until } = await open("relu-or-sigmoid", "lang=en&depth=12");
  await inPanel((panel) => panel.go(0));
  const pressed = (panel) => panel.body.querySelector("[data-depth][aria-pressed=true]").textContent;
  assert.deepEqual([await inPanel(pressed), await inPanel(({ body }) => body.textContent.includes("19 activation functions back"))], ["20", true]);
  // By keys, at the question: nothing runs yet.
  await inPanel((panel) => panel.body.querySelector("[data-depth='8']").focus());
  await page.keyboard.press("Enter");
  assert.deepEqual([await inPanel(pressed), await inPanel(({ body }) => body.textContent.includes("15 activation functions back"))], ["16", true]);
  assert.ok(
    await inPanel((panel) => panel.shell.root.activeElement.dataset.depth === "8" && panel.recording === null),
    "the button keeps the keyboard's place",
  );
  await inPanel((panel) => (panel.go(1), panel.act("next")));
  await until((panel) => panel.toy?.chart.data?.layers.length === 15);
  const run = await inPanel((panel) => panel.session.state.run);
  // At the run: it starts from the first step with the chosen depth.
  await inPanel((panel) => panel.body.querySelector("[data-depth='0']").click());
  await until((panel, before) => panel.session.state.run > before && panel.recording?.outcome === "going" && panel.toy.chart.data.layers.length === 7, run);
  assert.deepEqual(await inPanel((panel) => panel.session.state.lanes.map(({ config }) => [config.depth, config.activation])), [
    ["0", "relu"],
    ["0", "sigmoid"],
  ]);
  await until(({ toy }) => [...toy.table.rows].at(-1).cells[0].textContent === "6 slopes of ¼");
  // The recording has the lesson's original depth.
  await inPanel((panel) => void panel.showRecording());
  await until((panel) => panel.result?.recorded);
  assert.deepEqual([await inPanel(pressed), await inPanel(({ toy }) => toy.chart.data.layers.length)], ["12", 11]);
  assert.deepEqual(complaints, []);
  await page.close();
});

for (const lesson of ["relu-or-sigmoid", "scale-of-weights", "dropout", "covariate-shift"]) {
  for (const [theme, lang, size] of [
    ["light", "en", {}],
    ["dark", "zh", { viewport: { width: 390, height: 844 } }],
    ["dark", "en", { path: "/embed.html", viewport: { width: 640, height: 360 } }],
  ]) {
    test(`axe-core finds nothing serious in the run of ${lesson}, ${theme}, ${lang}, ${size.viewport?.width ?? 1440}`, async () => {
      const { page, complaints, inPanel } = await recorded(lesson, `theme=${theme}&lang=${lang}`, size);
      assert.deepEqual(complaints, []);
      await page.evaluate(AXE);
      for (const step of [2, 3, 4]) {
        await inPanel((panel, at) => panel.go(at), step);
        const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
        assert.ok(await inPanel(({ body }) => body.scrollWidth <= body.clientWidth), `step ${step}: nothing is cut off at its side`);
        assert.deepEqual(
          serious.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.flat().at(-1)}`)),
          [],
          `step ${step}`,
        );
      }
      await page.close();
    });
  }
}
