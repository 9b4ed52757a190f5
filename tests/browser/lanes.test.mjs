// Networks side by side, in real browsers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "./browsers.mjs";
import { startShortLab } from "./servers.mjs";

const SMALL = "v=1&width=0.25&batch=8&test_size=16&test_every=5&lr=0.02&workers=1";

let lab;
before(async () => (lab = await startShortLab()));
after(() => lab?.close());

/** Opens the lab; `window.losses[i]` collects the losses of lane i, in order. */
async function open(browser, fragment) {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.losses = [[], [], [], []];
    addEventListener("ready", () => (window.ready = true), true);
    addEventListener("step", ({ detail: { lane, loss } }) => window.losses[lane].push(loss), true);
  });
  await page.goto(`${lab.address}/#${fragment}`);
  // An evaluation is left out until there are test images.
  const there = () => window.ready && document.querySelector("alexnet-lab").session.state.describe.data.test_arrived >= 16;
  await page.waitForFunction(there, { timeout: 120_000 });
  return { page, complaints };
}

/** Opens a link to a single network in the same page. */
async function follow(page, fragment) {
  await page.evaluate((fragment) => (location.hash = fragment), fragment);
  const settled = (fragment) => {
    const { session } = document.querySelector("alexnet-lab");
    const { state, changing } = session;
    const wanted = Object.entries(Object.fromEntries(new URLSearchParams(fragment))).filter(([key]) => key !== "v");
    return changing === 0 && !state.busy && state.lanes.length === 1 && wanted.every(([key, value]) => String(state.config[key]) === value);
  };
  await page.waitForFunction(settled, { timeout: 120_000 }, fragment);
  await page.evaluate(() => document.querySelector("alexnet-lab").reset());
  await page.evaluate(() => (window.losses = [[], [], [], []])); // the last events of the old run have arrived too
}

/** Trains until each of `lanes` has `steps` steps, then pauses; returns the losses of each. */
async function train(page, lanes, steps) {
  await page.evaluate(() => document.querySelector("alexnet-lab").play());
  const done = (lanes, steps) => lanes.every((lane) => window.losses[lane].length >= steps);
  await page.waitForFunction(done, { timeout: 240_000 }, lanes, steps);
  await page.evaluate(async () => {
    const lab = document.querySelector("alexnet-lab");
    lab.pause();
    await lab.session.send("pause"); // answered after the first pause
  });
  return page.evaluate((lanes) => lanes.map((lane) => window.losses[lane]), lanes);
}

const sessionState = (page) =>
  page.evaluate(() => {
    const { lanes, shown, fragment, step } = document.querySelector("alexnet-lab").session.state;
    return { fragment, shown, step, lanes: lanes.map(({ changes, step, evaluation }) => ({ changes, step, evaluated: evaluation?.step ?? null })) };
  });
/** Runs `run(root, ...args)` in the page, on the lab's shadow root. */
async function inLab(page, run, ...args) {
  const root = await page.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot);
  return root.evaluate(run, ...args);
}

for (const name of NAMES) {
  describe(name, () => {
    let browser, close;
    before(async () => ({ browser, close } = await launch(name)));
    after(() => close?.());
    /** A test in Chromium alone: what the page does with several networks is alike in every browser. */
    const alike = name === "chromium" ? test : () => {};

    for (const backend of ["gpu", "cpu"]) {
      test(`a lane is, bit for bit, the run of its own link, ${backend}`, async () => {
        const own = `${SMALL}&backend=${backend}`;
        const together = await open(browser, `${own}&lane2=norm:bn,lr:0.01&lane3=activation:sigmoid`);
        const losses = await train(together.page, [0, 1, 2], 8);
        const { lanes, fragment } = await sessionState(together.page);
        assert.ok(fragment.endsWith("&lane2=norm:bn,lr:0.01&lane3=activation:sigmoid"), fragment);
        assert.deepEqual(
          lanes.map(({ changes }) => changes),
          [{}, { norm: "bn", lr: "0.01" }, { activation: "sigmoid" }],
        );
        assert.equal(new Set(lanes.map(({ step }) => step)).size, 1, "all lanes have done the same steps");
        // A fast machine may have reached further evaluations before the pause.
        for (const { evaluated, step } of lanes) assert.ok(evaluated > 0 && evaluated % 5 === 0 && evaluated <= step, `evaluated at ${evaluated} of ${step}`);
        // On the GPU in the same page: on a software adapter another one compiles shaders for ten seconds.
        let alone = together;
        for (const [lane, changes] of ["", "&norm=bn&lr=0.01", "&activation=sigmoid"].entries()) {
          if (backend === "gpu") await follow(alone.page, own + changes);
          else {
            await alone.page.close();
            alone = await open(browser, own + changes);
          }
          const [expected] = await train(alone.page, [0], 8);
          assert.deepEqual(losses[lane].slice(0, 8), expected.slice(0, 8), `lane ${lane + 1}`);
          assert.deepEqual(alone.complaints, []);
        }
        await alone.page.close();
        assert.deepEqual(together.complaints, []);
      });
    }

    alike("lanes are added, shown, changed and taken away", async () => {
      const { page, complaints } = await open(browser, `${SMALL}&backend=cpu&norm=none`);
      await train(page, [0], 3);
      const add = (root, change) => {
        const select = root.querySelector(".lanes select");
        select.value = change;
        select.dispatchEvent(new Event("change"));
      };
      const settled = (lanes, shown) =>
        page.waitForFunction(
          (lanes, shown) => {
            const { state } = document.querySelector("alexnet-lab").session;
            return state.lanes.length === lanes && state.shown === shown && !state.busy;
          },
          { timeout: 120_000 },
          lanes,
          shown,
        );
      await inLab(page, add, "norm:bn");
      await settled(2, 1);
      let state = await sessionState(page);
      assert.match(state.fragment, /&lane2=norm:bn$/);
      assert.deepEqual(
        state.lanes.map(({ step }) => step),
        [0, 0],
        "both begin at the start",
      );
      assert.equal(await page.evaluate(() => location.hash.slice(1)), state.fragment);
      // A change only affects the shown lane; the others keep their settings.
      await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ activation: "sigmoid" }));
      await settled(2, 1);
      await inLab(page, add, "pool:avg");
      await settled(3, 2);
      state = await sessionState(page);
      assert.deepEqual(
        state.lanes.map(({ changes }) => changes),
        [{}, { activation: "sigmoid", norm: "bn" }, { pool: "avg" }],
      );
      const words = await inLab(page, (root) => [...root.querySelectorAll(".lane-show")].map((button) => button.textContent));
      assert.deepEqual(words, ["1 ReLU, No norm, Max", "2 Sigmoid, BN", "3 Avg"]);
      assert.equal(await inLab(page, (root) => root.querySelectorAll(".lane-ridges").length), 3);
      // After the second lane is removed, the third continues unchanged as the second.
      await page.evaluate(() => (window.losses = [[], [], [], []]));
      await train(page, [0, 1, 2], 4);
      await inLab(page, (root) => root.querySelectorAll(".lane-remove")[0].click());
      await settled(2, 0);
      state = await sessionState(page);
      assert.deepEqual(
        state.lanes.map(({ changes }) => changes),
        [{}, { pool: "avg" }],
      );
      const { step } = state;
      assert.ok(step >= 4 && state.lanes.every((lane) => lane.step === step), "the others go on");
      assert.deepEqual(complaints, []);
      await page.close();
    });

    alike("one lane that diverges is named, and the others go on", async () => {
      const { page, complaints } = await open(browser, `${SMALL}&backend=cpu&norm=none&lane2=init_scale:10,lr:10`);
      await train(page, [0], 8);
      const { lanes } = await page.evaluate(() => {
        const { lanes, phase } = document.querySelector("alexnet-lab").session.state;
        return { phase, lanes: lanes.map(({ divergence, step }) => ({ at: divergence?.step ?? null, step })) };
      });
      assert.equal(lanes[0].at, null);
      assert.ok(lanes[1].at !== null && lanes[1].at < 8 && lanes[0].step >= 8, JSON.stringify(lanes));
      assert.match((await inLab(page, (root) => root.querySelectorAll(".lane-show")[1].textContent)) ?? "", new RegExp(String(lanes[1].at)));
      assert.deepEqual(complaints, []);
      await page.close();
    });
  });
}
