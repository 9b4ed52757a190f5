// The page in real browsers, each on WebGPU and on the CPU backend, on the shipped photographs.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "./browsers.mjs";
import { ROOT, startDeck, startShortLab } from "./servers.mjs";

const OUT = join(ROOT, "tests", "out");
mkdirSync(OUT, { recursive: true });

/** A network small enough for a software adapter: a quarter of the channels, eight images per step. */
const SMALL = "v=1&width=0.25&batch=8&test_size=40&test_every=20&lr=0.02&dropout=0";
/** A run with batch normalisation and a seed with which even this small network learns within `STEPS` steps. */
const RUN = `${SMALL}&norm=bn&lr=0.01&seed=4`;
/** A step takes a software adapter a sixth of a second. */
const STEPS = 45;
/** What changes it into a run with every kind of random number, from its start. */
const RANDOM = { seed: "7", dropout: "0.5", augment: "true" };
/** Every switch that is changed during this second run, with its new value. First the rate, as what batch normalisation has trained can diverge without it. */
const SWITCHES = [
  ["lr", "0.0005"],
  ["activation", "sigmoid"],
  ["activation", "tanh"],
  ["activation", "leaky_relu"],
  ["activation", "relu"],
  ["norm", "none"],
  ["norm", "lrn"],
  ["norm", "bn"],
  ["pool", "avg"],
  ["overlap", "false"],
  ["dropout", "0"],
  ["momentum", "0.5"],
  ["weight_decay", "0.001"],
  ["augment", "false"],
];

let lab, deck;
before(async () => {
  lab = await startShortLab();
  deck = await startDeck(lab.address);
});
after(() => {
  lab?.close();
  deck?.close();
});

/** Opens the lab, waits until the engine is ready, and keeps every `step` event in `window.steps`. */
async function open(browser, path, viewport) {
  const { page, complaints } = await newPage(browser, [lab.address, deck.address], viewport);
  await page.evaluateOnNewDocument(() => {
    window.steps = [];
    window.ready = false;
    addEventListener("ready", () => (window.ready = true), true);
    addEventListener("step", (event) => window.steps.push(event.detail), true);
  });
  await page.goto(`${lab.address}${path}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  return { page, complaints };
}

const call = (page, method, ...args) => page.evaluate((name, rest) => document.querySelector("alexnet-lab")[name](...rest), method, args);

/** Trains for `count` more step events, then pauses. */
async function train(page, count) {
  const already = await page.evaluate(() => window.steps.length);
  await call(page, "play");
  await page.waitForFunction((wanted) => window.steps.length >= wanted, { timeout: 240_000 }, already + count);
  await call(page, "pause");
  return page.evaluate((from) => window.steps.slice(from), already);
}

const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

for (const name of NAMES) {
  describe(name, () => {
    let browser, close;
    before(async () => ({ browser, close } = await launch(name)));
    after(() => close?.());
    /** A test in Chromium alone: the engine’s answer, and what the page makes of it, are alike in every browser. */
    const alike = name === "chromium" ? test : () => {};

    for (const backend of ["gpu", "cpu"]) {
      /** One page after the other serves these tests: on a software adapter a page compiles shaders for ten seconds. */
      let opened;

      test(`trains on real images, ${backend}`, async () => {
        opened = await open(browser, `/#${RUN}&backend=${backend}`);
        const { page, complaints } = opened;
        const steps = await train(page, STEPS);
        const state = await call(page, "getState");
        assert.equal(state.backend, backend);
        assert.ok(state.step >= STEPS, `step ${state.step}`);
        const losses = steps.slice(0, STEPS).map((step) => step.loss);
        const [start, end] = [mean(losses.slice(0, 20)), mean(losses.slice(-20))];
        // The mean of 20 losses of 8 images has a standard error of about 0.1; the program's own run falls by 0.47 on the CPU.
        assert.ok(end < start - 0.2, `the loss went from ${start} to ${end}`);
        assert.deepEqual(
          steps.map((step) => step.step),
          steps.map((_, i) => steps[0].step + i),
          "every step is reported once, in order",
        );
        await page.screenshot({ path: join(OUT, `${name}-${backend}-1440x900.png`) });
        for (const [width, height] of [
          [390, 844],
          [640, 360],
          [1440, 900],
        ]) {
          await page.setViewport({ width, height });
          await new Promise((resolve) => setTimeout(resolve, 500));
          await page.screenshot({ path: join(OUT, `${name}-${backend}-${width}x${height}.png`) });
        }
        assert.deepEqual(complaints, []);
      });

      test(`the link reproduces the run, ${backend}`, async () => {
        const first = opened;
        await first.page.evaluate((changes) => document.querySelector("alexnet-lab").session.set(changes), RANDOM);
        await call(first.page, "reset");
        await first.page.evaluate(() => (window.steps = [])); // the last events of the old run have arrived too
        const losses = (await train(first.page, 12)).slice(0, 12).map(({ step, loss }) => [step, loss]);
        assert.equal(losses[0][0], 1);
        await first.page.waitForFunction(() => location.hash.includes("seed=7"));
        const link = await first.page.evaluate(() => location.href);
        await first.page.close();
        opened = await open(browser, link.slice(lab.address.length));
        const again = (await train(opened.page, 12)).slice(0, 12).map(({ step, loss }) => [step, loss]);
        assert.deepEqual(again, losses);
        assert.deepEqual([...first.complaints, ...opened.complaints], []);
      });

      test(`every switch flips while training goes on, ${backend}`, async () => {
        const { page, complaints } = opened;
        for (const [key, value] of SWITCHES) {
          const before = await call(page, "getState");
          assert.notEqual(String(before[key]), value, key);
          await page.evaluate((k, v) => document.querySelector("alexnet-lab").setAttribute(k, v), key, value);
          const steps = await train(page, 3);
          const state = await call(page, "getState");
          assert.equal(String(state[key]), value, key);
          assert.ok(
            steps.every((step) => Number.isFinite(step.loss)),
            `${key}=${value}: a loss is not finite`,
          );
          assert.ok(state.step >= before.step + 3, `${key}=${value}: the run went on from ${before.step} to ${state.step}`);
        }
        assert.deepEqual(complaints, []);
        await page.close();
      });

      test(`an iframe in a deck trains and pauses with its slide, ${backend}`, async () => {
        const { page, complaints } = await newPage(browser, [lab.address, deck.address], { width: 1280, height: 720 });
        // No autoplay: reveal.js tells the frame when its slide is shown and left.
        const settings = encodeURIComponent(`${SMALL}&backend=${backend}&controls=slide`);
        await page.goto(`${deck.deck}&settings=${settings}`);
        await page.waitForFunction(() => window.deckReady, { timeout: 120_000 });
        const count = () => page.evaluate(() => window.steps.length);
        await new Promise((resolve) => setTimeout(resolve, 3000));
        assert.equal(await count(), 0, "nothing trains before the slide is shown");
        await page.evaluate(() => window.deck.next());
        await page.waitForFunction(() => window.steps.length >= 5, { timeout: 120_000 });
        await page.screenshot({ path: join(OUT, `${name}-${backend}-deck.png`) });
        await page.evaluate(() => window.deck.next());
        const inside = page.frames().find((frame) => frame.url().startsWith(lab.address));
        await inside.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "paused");
        await inside.evaluate(() => document.querySelector("alexnet-lab").session.send("keep")); // answered after the pause
        const left = await count();
        await new Promise((resolve) => setTimeout(resolve, 1500));
        assert.equal(await count(), left, "it pauses when the slide is left");
        await page.evaluate(() => window.deck.prev());
        await page.waitForFunction((from) => window.steps.length >= from + 3, { timeout: 120_000 }, left);
        const steps = await page.evaluate(() => window.steps.map(({ step }) => step));
        assert.deepEqual(
          steps,
          steps.map((_, i) => i + 1),
          "the run goes on where it was when its slide was left",
        );
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }

    alike("a bad link value is named and clamped, and the page goes on", async () => {
      const { page, complaints } = await open(browser, `/#${SMALL}&backend=cpu&dropout=7&activation=gelu&colour=red`);
      const notes = await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.textContent);
      for (const word of ["dropout", "gelu", "colour"]) assert.match(notes, new RegExp(word, "i"));
      assert.equal(Number((await call(page, "getState")).dropout), 0.9);
      await train(page, 2);
      assert.deepEqual(complaints, []);
      await page.close();
    });

    alike("a damaged file is refused with its byte, and the run goes on", async () => {
      const { page, complaints } = await open(browser, `/#${SMALL}&backend=cpu`);
      await train(page, 3);
      const before = (await call(page, "getState")).step;
      const file = join(OUT, "data_batch_1.bin");
      writeFileSync(file, new Uint8Array(3073 * 2 - 5));
      const input = (await page.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot.querySelector("input[type=file]"))).asElement();
      await input.uploadFile(file);
      await page.waitForFunction(() => /3073/.test(document.querySelector("alexnet-lab").shadowRoot.textContent), { timeout: 120_000 });
      await train(page, 3);
      assert.ok((await call(page, "getState")).step >= before + 3, "the run went on");
      assert.deepEqual(complaints, []);
      await page.close();
    });

    test("two elements on one page train side by side", async () => {
      const { page, complaints } = await open(browser, `/#${SMALL}&backend=cpu`);
      await page.evaluate(() => {
        const second = document.createElement("alexnet-lab");
        for (const [key, value] of [
          ["width", "0.25"],
          ["batch", "4"],
          ["backend", "cpu"],
          ["activation", "tanh"],
        ])
          second.setAttribute(key, value);
        window.secondSteps = 0;
        second.addEventListener("ready", () => second.play());
        second.addEventListener("step", () => (window.secondSteps += 1));
        second.style.cssText = "position:fixed;inset:0 auto auto 0;width:640px;height:360px";
        document.body.append(second);
      });
      await page.waitForFunction(() => window.secondSteps >= 5, { timeout: 120_000 });
      await train(page, 3);
      assert.deepEqual(complaints, []);
      await page.close();
    });

    alike("divergence stops the run and says where", async () => {
      const { page, complaints } = await open(browser, `/#${SMALL}&backend=cpu&lr=10&norm=none&init_scale=10`);
      await page.evaluate(() => {
        window.diverged = null;
        addEventListener("diverged", (event) => (window.diverged = event.detail), true);
      });
      await call(page, "play");
      await page.waitForFunction(() => window.diverged, { timeout: 120_000 });
      const detail = await page.evaluate(() => window.diverged);
      assert.match(detail.layer, /^(conv|fc|loss)/);
      assert.ok(Number.isInteger(detail.step));
      const text = await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.textContent);
      assert.match(text, new RegExp(detail.layer.split(".")[0]));
      assert.deepEqual(complaints, []);
      await page.close();
    });
  });
}
