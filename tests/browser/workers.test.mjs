// Several workers on the CPU backend: a run repeats bit for bit.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "./browsers.mjs";
import { startLab } from "./servers.mjs";

const STEPS = 20;
/** Three parts of 3, 3 and 2 images. */
const RUN = "v=1&width=0.25&batch=8&norm=bn&dropout=0.5&lr=0.001&test_size=40&test_every=10&backend=cpu";

let lab;
before(async () => (lab = await startLab()));
after(() => lab?.close());

/** The losses of the first steps, how many workers there were at the end, and the page's notes. */
async function train(browser, workers) {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.losses = [];
    addEventListener("ready", () => (window.ready = true), true);
    addEventListener("step", ({ detail }) => window.losses.push(detail.loss), true);
  });
  await page.goto(`${lab.address}/#${RUN}&workers=${workers}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  await page.evaluate(() => document.querySelector("alexnet-lab").play());
  await page.waitForFunction((steps) => window.losses.length >= steps, { timeout: 120_000 }, STEPS);
  await page.evaluate(() => document.querySelector("alexnet-lab").pause());
  const losses = await page.evaluate((steps) => window.losses.slice(0, steps), STEPS);
  const notes = await page.evaluate(() => document.querySelector("alexnet-lab").session.state.notes.map(({ code }) => code));
  await page.close();
  return { losses, notes, complaints };
}

for (const name of NAMES) {
  describe(name, () => {
    let browser, close;
    before(async () => ({ browser, close } = await launch(name)));
    after(() => close?.());

    test("a run with three workers repeats bit for bit, and differs from one worker's by rounding", async () => {
      const [first, second, one] = [await train(browser, 3), await train(browser, 3), await train(browser, 1)];
      assert.deepEqual(first, second);
      assert.deepEqual([first.notes, first.complaints], [[], []]);
      assert.notDeepEqual(first.losses, one.losses);
      // The sums of one pass differ by roundings of 2^-24: 8 * 32 * 32 terms are a random walk of 91 of them, in eight layers.
      const tolerance = 8 * 91 * 2 ** -24 * one.losses[0];
      assert.ok(Math.abs(first.losses[0] - one.losses[0]) <= tolerance, `${first.losses[0]} and ${one.losses[0]}`);
    });
  });
}
