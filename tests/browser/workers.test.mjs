// Several workers on the CPU backend: the bits of a run do not depend on their number, and it continues when one of them ends.
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "./browsers.mjs";
import { startShortLab } from "./servers.mjs";

const STEPS = 20;
const CORES = availableParallelism();
/** Three parts of 3, 3 and 2 images. */
const RUN = "v=1&width=0.25&batch=8&norm=bn&dropout=0.5&lr=0.001&test_size=40&test_every=10&backend=cpu";

let lab;
before(async () => (lab = await startShortLab()));
after(() => lab?.close());

/** By browser: the losses with three workers, on the build that every browser supports. */
const found = {};

/** The losses of the first steps, the page's notes and its complaints. `fault` runs in the page before anything else. */
async function train(browser, workers, fault = () => {}, query = "") {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(fault);
  await page.evaluateOnNewDocument(() => {
    window.losses = [];
    addEventListener("ready", () => (window.ready = true), true);
    addEventListener("step", ({ detail }) => window.losses.push(detail.loss), true);
  });
  await page.goto(`${lab.address}/${query}#${RUN}&workers=${workers}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  await page.evaluate(() => document.querySelector("alexnet-lab").play());
  await page.waitForFunction((steps) => window.losses.length >= steps, { timeout: 120_000 }, STEPS);
  await page.evaluate(() => document.querySelector("alexnet-lab").pause());
  const losses = await page.evaluate((steps) => window.losses.slice(0, steps), STEPS);
  const notes = await page.evaluate(() => document.querySelector("alexnet-lab").session.state.notes.map(({ code }) => code));
  const used = await page.evaluate(() => document.querySelector("alexnet-lab").session.state.describe.backend.workers);
  await page.close();
  return { losses, workers: used, notes, complaints };
}

/** The helper's script is missing. */
function absent() {
  window.Worker = class extends Worker {
    constructor(url, options) {
      super(String(url).replace("helper.js", "absent.js"), options);
    }
  };
}

/** The page gets an error from the helper after five steps. */
function failing() {
  window.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      if (!String(url).endsWith("helper.js")) return;
      addEventListener("step", ({ detail }) => detail.step === 5 && this.dispatchEvent(new ErrorEvent("error")), true);
    }
  };
}

for (const name of NAMES) {
  describe(name, () => {
    let browser, close;
    before(async () => ({ browser, close } = await launch(name)));
    after(() => close?.());

    test("two and three workers, and as many as the machine has cores, give the bits of one", async () => {
      const one = await train(browser, 1);
      assert.deepEqual([one.workers, one.notes, one.complaints], [1, [], []]);
      for (const workers of [2, 3, "auto"]) {
        const other = await train(browser, workers);
        // The batch has eight images.
        assert.equal(other.workers, workers === "auto" ? Math.min(CORES < 4 ? CORES : CORES - 1, 8) : workers);
        assert.deepEqual(other, { ...one, workers: other.workers });
      }
    });

    test("the plain build trains too", async () => {
      found[name] = (await train(browser, 3, undefined, "?simd=simd128")).losses;
      assert.equal(found[name].length, STEPS);
    });

    test("a helper that cannot start, or that fails in the middle, is told of and done without", async () => {
      const without = (fault) => train(browser, 2, fault).then(({ losses, notes }) => ({ losses: losses.length, notes }));
      assert.deepEqual(await without(absent), { losses: STEPS, notes: ["helpers_lost"] });
      assert.deepEqual(await without(failing), { losses: STEPS, notes: ["helpers_lost"] });
    });
  });
}

test("browsers agree bit for bit, with the same build", () => {
  assert.deepEqual(Object.keys(found), NAMES);
  for (const name of NAMES) assert.deepEqual(found[name], found[NAMES[0]], name);
});
