// Losses: images, the engine's own files, the graphics device, the worker. Nothing waits for ever, and saved runs continue.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { NAMES, launch, newPage } from "./browsers.mjs";
import { startFaultyLab } from "./servers.mjs";

/** An epoch of the first shard of 1,000 images has 16 steps. */
const RUN = "v=1&width=0.25&batch=64&norm=bn&test_size=200&test_every=5&workers=1&backend=cpu";
const SMALL = "v=1&width=0.25&batch=8&norm=bn&test_size=40&test_every=5&workers=1";

/** Code at the start of the engine's worker: its graphics device can be lost, and later requests refused. */
const FRAGILE = `
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    if (self.refuse) throw new DOMException("no more devices", "OperationError");
    return (self.device = await request.apply(this, given));
  };
  addEventListener("message", ({ data }) => {
    if (data.refuse !== undefined) self.refuse = data.refuse;
    if (data.lose) self.device.destroy();
  });
`;

let lab;
before(async () => (lab = await startFaultyLab()));
beforeEach(() => Object.assign(lab, { fault: () => null, all: false }));
after(() => lab?.close());

/** Each path misbehaves once for each of its faults, in order. @param {Record<string, any[]>} faults by the end of a path */
function misbehave(faults) {
  lab.fault = (path) => {
    const [end] = Object.keys(faults).filter((end) => path.endsWith(end));
    return end && faults[end].shift();
  };
}

async function open(browser, settings) {
  const { page } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.steps = [];
    addEventListener("ready", () => (window.ready = true), true);
    addEventListener("step", ({ detail }) => window.steps.push([detail.step, detail.loss]), true);
  });
  await page.goto(`${lab.address}/#${settings}`);
  return page;
}

/** Also waits for the test images: until they are there, an evaluation is left out. */
const ready = (page) =>
  page.waitForFunction(() => window.ready && document.querySelector("alexnet-lab").session.state.describe.data.test_arrived >= 40, { timeout: 120_000 });
const call = (page, method, ...args) => page.evaluate((name, rest) => document.querySelector("alexnet-lab")[name](...rest), method, args);
/** Waits until the condition on the session's state holds. */
const until = (page, condition, ...args) =>
  page.waitForFunction(`(${condition})(document.querySelector("alexnet-lab").session.state, ...${JSON.stringify(args)})`, { timeout: 180_000 });
const state = (page, read) => page.evaluate(`(${read})(document.querySelector("alexnet-lab").session.state)`);
const cards = (page) =>
  page.evaluate(() => [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".card")].map((card) => card.innerText).join("\n"));
const seen = (page, words) =>
  page.waitForFunction(
    (text) => [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".card")].some((card) => card.innerText.includes(text)),
    { timeout: 180_000 },
    words,
  );
const press = (page, words) =>
  page.evaluate((text) => {
    const button = [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".card button")].find((found) => found.innerText.includes(text));
    if (!button) throw new Error(`no button ${text}`);
    button.click();
  }, words);

/** Trains for `count` more steps, pauses, and returns the number of finished steps. */
async function train(page, count) {
  const from = await page.evaluate(() => window.steps.length);
  await call(page, "play");
  await page.waitForFunction((wanted) => window.steps.length >= wanted, { timeout: 180_000 }, from + count);
  await call(page, "pause");
  await page.evaluate(() => document.querySelector("alexnet-lab").session.send("pause"));
  return state(page, ({ step }) => step);
}

/** The steps in the exported record, and those of its evaluations. */
const record = (page) =>
  page.evaluate(() => {
    const { shell } = document.querySelector("alexnet-lab");
    shell.update();
    const column = ({ rows }) => [...rows].filter((_, at) => at % 3 === 0);
    return shell.views.curves.records.map(({ training, test }) => ({ training: column(training), test: column(test) }));
  });

for (const name of NAMES) {
  describe(name, () => {
    let browser, close;
    before(async () => ({ browser, close } = await launch(name)));
    after(() => close?.());
    /** A test in Chromium alone: it is about what the page makes of a loss. How a browser reports losses is tested in each. */
    const alike = name === "chromium" ? test : () => {};

    test("a shard that is refused, cut or stalled, is asked for again, and all images arrive", async () => {
      lab.all = true;
      misbehave({ "index.json": ["gone", 503], "test-00.webp": [500], "train-01.webp": ["cut", 500], "train-02.webp": ["stalled"] });
      const page = await open(browser, RUN);
      await seen(page, "train-02.webp could not be downloaded: nothing arrived for 20 seconds");
      await until(page, ({ describe: { data } }) => data.train_arrived === 10_000 && data.test_arrived === 2000);
      await until(page, ({ missing, progress }) => missing === null && progress === null);
      assert.equal(await cards(page), "");
      await page.close();
    });

    test("while images are missing a card stays and offers those that are there", async () => {
      lab.all = true;
      lab.fault = (path) => (path.endsWith("train-01.webp") ? 500 : null);
      const page = await open(browser, RUN);
      await ready(page);
      await call(page, "play");
      await until(page, ({ phase, missing, describe: { data } }) => phase === "waiting" && missing && data.test_arrived === 2000);
      assert.match(
        await cards(page),
        /train-01.webp could not be downloaded: the server answered with error 500.*keeps trying.*1,000 of 10,000 training and 2,000 of 2,000 test images/s,
      );
      assert.equal(
        await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".status-text").textContent),
        "Waiting: images are missing. Choose below how to continue.",
      );
      await press(page, "Restart with the 1,000");
      await until(page, ({ phase, step }) => phase === "running" && step > 20);
      assert.match(await page.evaluate(() => location.hash), /train_size=1000/);
      assert.equal(await cards(page), "", "nothing that the settings ask for is missing");
      // More images are requested, are missing again, and a click fetches them.
      await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ train_size: "2000" }));
      await seen(page, "train-01.webp could not be downloaded");
      lab.fault = () => null;
      await press(page, "Download again");
      await until(page, ({ describe: { data }, missing }) => data.train_arrived === 10_000 && missing === null);
      await until(page, ({ step }) => step > 20);
      await page.close();
    });

    test("the engine's own files are asked for again, and a network failure asks for no report", async () => {
      misbehave({ "/js/worker.js": ["gone"], "_bg.wasm": ["gone", "cut"], "relaxed.js": [503], "alexnet_lab.js": [503] });
      const page = await open(browser, `${SMALL}&backend=cpu`);
      await ready(page);
      await page.close();
      lab.fault = (path) => (path.endsWith("_bg.wasm") ? "gone" : null);
      const without = await open(browser, `${SMALL}&backend=cpu`);
      await seen(without, "could not be downloaded: the connection failed");
      assert.doesNotMatch(await cards(without), /report|unexpected/);
      lab.fault = () => null;
      await press(without, "Try again");
      await ready(without);
      assert.equal(await cards(without), "");
      await without.close();
    });

    test("a worker that ends in silence is noticed, and the run goes on bit for bit from the saved weights", async () => {
      const page = await open(browser, `${SMALL}&backend=cpu`);
      await ready(page);
      const saved = await train(page, 12);
      await page.evaluate(() => document.querySelector("alexnet-lab").session.line.worker.terminate());
      await until(page, ({ phase }) => phase === "lost");
      await seen(page, `weights of step ${saved} are saved`);
      assert.match(await cards(page), new RegExp(`The engine has ended.*weights of step ${saved} are saved`, "s"));
      assert.doesNotMatch(await cards(page), /CPU|could not start/);
      await press(page, `Continue from step ${saved}`);
      await until(page, ({ phase }) => phase === "paused");
      assert.match(await cards(page), new RegExp(`continues from step ${saved}`));
      assert.ok((await train(page, 10)) > saved);
      const steps = await page.evaluate(() => window.steps);
      assert.deepEqual(
        steps.map(([step]) => step),
        steps.map((_, at) => at + 1),
        "each step once",
      );
      await page.close();

      const undisturbed = await open(browser, `${SMALL}&backend=cpu`);
      await ready(undisturbed);
      await train(undisturbed, steps.length);
      assert.deepEqual((await undisturbed.evaluate(() => window.steps)).slice(0, steps.length), steps);
      await undisturbed.close();
    });

    test("a device that does not come back: saving gives the last weights, and the run goes on on the CPU", async () => {
      misbehave({ "/js/worker.js": Array(9).fill({ before: FRAGILE }) });
      const page = await open(browser, `${SMALL}&backend=gpu`);
      await ready(page);
      const saved = await train(page, 6);
      await call(page, "play");
      await until(page, ({ step }, from) => step > from + 5, saved);
      await page.evaluate(() => document.querySelector("alexnet-lab").session.line.worker.postMessage({ refuse: true, lose: true }));
      await until(page, ({ phase }) => phase === "lost");
      const kept = await state(page, ({ lanes }) => lanes[0].saved.step);
      assert.ok(kept >= saved);
      await seen(page, `weights of step ${kept} are saved`);
      // Functions that need no device still work, and count no steps.
      const reached = await state(page, ({ lanes }) => lanes.map(({ step }) => step));
      await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ lang: "zh", lr: "0.02" }));
      assert.deepEqual(await state(page, ({ lanes }) => lanes.map(({ step }) => step)), reached);
      await seen(page, `从第 ${kept} 步继续`);
      await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ lang: "en" }));
      const file = await page.evaluate(async () => {
        const { bytes, step } = await document.querySelector("alexnet-lab").session.save();
        return { step, text: new TextDecoder().decode(bytes.subarray(0, 4000)) };
      });
      assert.equal(file.step, kept);
      assert.match(file.text, new RegExp(`step\\W+${kept}\\b`));
      await press(page, `Continue from step ${kept}`);
      await seen(page, "refused a device");
      assert.doesNotMatch((await cards(page)).replace(/Original message.*/s, ""), /JsValue|no more devices/);
      await page.evaluate(() => document.querySelector("alexnet-lab").reset());
      await until(page, ({ phase, problem }) => phase === "lost" && problem?.code === "no_device");
      assert.equal(await state(page, ({ lanes }) => lanes[0].saved.step), kept, "a restart that failed has lost nothing");
      await call(page, "pause");
      await press(page, `Continue from step ${kept} on the CPU`);
      await until(page, ({ phase, describe }) => phase !== "lost" && describe.backend.name === "cpu");
      assert.match(await page.evaluate(() => location.hash), /backend=cpu/);
      const [{ training, test }] = await record(page);
      assert.ok(training.at(-1) === kept && test.every((step) => step < kept), `${kept}: ${training} and ${test}`);
      await train(page, 10);
      const [after] = await record(page);
      assert.deepEqual(
        after.training,
        after.training.map((_, at) => at + 1),
        "a row a step",
      );
      assert.deepEqual(
        after.test,
        after.test.map((_, at) => 5 * (at + 1)),
      );
      await page.evaluate(() => document.querySelector("alexnet-lab").reset());
      await until(page, ({ phase, step }) => phase === "ready" && step === 0);
      await page.close();
    });

    alike("networks side by side are cut at the saved step together, with their marks, and go on in step", async () => {
      const page = await open(browser, `${SMALL}&backend=cpu&lane2=lr:0.05`);
      await ready(page);
      await train(page, 20);
      // The copy of the weights comes after the pause.
      await until(page, ({ lanes }) => lanes.every(({ saved, step }) => saved?.step === step));
      const saved = await state(page, ({ lanes }) => lanes.map(({ saved }) => saved.step));
      assert.equal(saved[0], saved[1]);
      // Nothing more is saved: everything later is lost except the switch.
      await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ activation: "tanh" }, false, 1));
      await page.evaluate(() => {
        const { session } = document.querySelector("alexnet-lab");
        const report = session.line.report;
        session.line.report = (reported) => reported.event === "saved" || report(reported);
      });
      await train(page, 20);
      await page.evaluate(() => document.querySelector("alexnet-lab").session.line.worker.terminate());
      await press(page, await seen(page, "Continue from").then(() => `Continue from step ${saved[0]}`));
      await until(page, ({ phase }) => phase === "paused");
      const at = await record(page);
      for (const { training, test } of at) assert.ok(training.at(-1) === saved[0] && test.every((step) => step < saved[0]), `${training} and ${test}`);
      assert.ok(
        (await page.evaluate(() => document.querySelector("alexnet-lab").shell.views.timeline.looks.flatMap(({ steps }) => steps))).every(
          (step) => step <= saved[0],
        ),
      );
      const marks = await page.evaluate(() => document.querySelector("alexnet-lab").shell.views.marks.map(({ step, lane }) => [step, lane]));
      assert.deepEqual(marks, [[saved[0], 1]], "the switch is as it was flipped, from where the run goes on");
      assert.equal(await state(page, ({ lanes }) => lanes[1].describe.config.activation), "tanh");
      await train(page, 20);
      for (const { training } of await record(page))
        assert.deepEqual(
          training,
          training.map((_, step) => step + 1),
          "a row a step",
        );
      const steps = await state(page, ({ lanes }) => lanes.map(({ step }) => step));
      assert.equal(steps[0], steps[1]);
      await page.close();
    });

    alike("what is lost before weights are saved begins again, and nothing else is promised", async () => {
      const page = await open(browser, `${SMALL}&backend=cpu`);
      await ready(page);
      await train(page, 8);
      await call(page, "reset");
      await page.evaluate(() => document.querySelector("alexnet-lab").session.line.worker.terminate());
      await seen(page, "No weights have been saved yet");
      assert.doesNotMatch(await cards(page), /of step/);
      await press(page, "Start again from step 0");
      await seen(page, "starts again from step 0");
      await train(page, 3);
      assert.equal((await record(page))[0].training[0], 1);
      await page.close();
    });

    test("a device that is lost while images arrive stops neither them nor the run", async () => {
      lab.all = true;
      let refused = true;
      lab.fault = (path) => (path.endsWith("/js/worker.js") ? { before: FRAGILE } : path.endsWith("train-01.webp") && refused ? 503 : null);
      const page = await open(browser, `${SMALL}&backend=gpu`);
      await ready(page);
      await train(page, 4);
      await page.evaluate(() => document.querySelector("alexnet-lab").session.line.worker.postMessage({ lose: true }));
      await call(page, "play");
      await until(page, ({ phase }) => phase === "lost");
      refused = false;
      await until(page, ({ describe: { data }, missing }) => data.train_arrived === 10_000 && missing === null);
      await press(page, "Continue from step");
      await until(page, ({ phase }) => phase === "running" || phase === "paused");
      assert.deepEqual(await state(page, ({ describe: { data, backend } }) => [data.train_arrived, backend.name]), [10_000, "gpu"]);
      await call(page, "pause");
      assert.ok((await train(page, 4)) > 4);
      await page.close();
    });

    alike("a first step that takes long says how long, and can be ended", async () => {
      // Busy as with a huge network, without reading messages: it waits for an answer that never ends.
      const wait = `request.open("GET", "${lab.address}/picture.png", false), request.send()`;
      const busy = `addEventListener("message", ({ data }, request = new XMLHttpRequest()) => data.command === "play" && (${wait}));`;
      misbehave({ "/js/worker.js": [{ before: busy }], "picture.png": ["stalled"] });
      const page = await open(browser, "v=1&width=2&depth=12&batch=32&workers=1&backend=cpu");
      await ready(page);
      assert.ok(await state(page, ({ seconds }) => seconds > 0 && seconds < 1000), "an estimate");
      await call(page, "play");
      await seen(page, "This network is large for this machine");
      await page.evaluate(() => document.querySelector("alexnet-lab").session.patch({ seconds: 400 }));
      const text = () => page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".status-text").textContent);
      await page.waitForFunction(
        () =>
          /Preparing the first step: \d+ s so far\. One step takes at least 7 minutes on this machine\./.test(
            document.querySelector("alexnet-lab").shadowRoot.querySelector(".status-text").textContent,
          ),
        { timeout: 120_000 },
      );
      assert.doesNotMatch(await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".lab").innerText), /NaN/);
      assert.doesNotMatch(await cards(page), /CPU/);
      await press(page, "smaller network");
      await until(page, ({ step, config }) => step > 2 && config.width === "0.25" && config.depth === "12");
      assert.match(await text(), /^Training/);
      await page.close();
    });

    test("a helper that ends in silence is told of and done without", async () => {
      const page = await open(browser, `${SMALL.replace("workers=1", "workers=2")}&backend=cpu`);
      await ready(page);
      await train(page, 4);
      await page.evaluate(() => {
        for (const helper of document.querySelector("alexnet-lab").session.line.workers.running.values()) helper.terminate();
      });
      await train(page, 4);
      assert.deepEqual(await state(page, ({ notes }) => notes.map(({ code }) => code)), ["helpers_lost"]);
      await page.close();
    });
  });
}
