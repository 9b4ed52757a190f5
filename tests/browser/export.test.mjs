// Exports and imports: curves, figures, weights and scripts as files; automatic stops; mistakes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "./browsers.mjs";
import { ROOT, startShortLab } from "./servers.mjs";

const PROGRAM = process.env.ALEXNET_LAB ?? join(ROOT, "target", "release", "alexnet-lab");
const SMALL = "v=1&width=0.25&batch=8&test_size=40&test_every=5&lr=0.02&norm=bn&workers=1";

let lab, browser, close, folder;
before(async () => {
  lab = await startShortLab();
  folder = mkdtempSync(join(tmpdir(), "alexnet-lab-downloads-"));
});
after(() => {
  lab?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** A browser that stores downloads in `folder` without asking. */
async function start(name) {
  ({ browser, close } = await launch(name, { firefox: { "browser.download.folderList": 2, "browser.download.dir": folder } }));
  if (name !== "chromium") return;
  const client = await browser.target().createCDPSession();
  await client.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
}

/** The lab with test images for an evaluation, and its `step` events in `window.steps`. */
async function open(settings) {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.steps = [];
    addEventListener("ready", () => (window.ready = true), true);
    addEventListener("step", (event) => window.steps.push(event.detail), true);
  });
  await page.goto(`${lab.address}/#${SMALL}&${settings}`);
  await page.waitForFunction(() => window.ready && document.querySelector("alexnet-lab").session.state.describe.data.test_arrived >= 40, { timeout: 120_000 });
  return { page, complaints };
}

const call = (page, method) => page.evaluate((name) => document.querySelector("alexnet-lab")[name](), method);
const state = (page) => call(page, "getState");
const steps = (page) => page.evaluate(() => window.steps);
const idle = (page) => page.waitForFunction(async () => (await document.querySelector("alexnet-lab").getState()).phase === "paused", { timeout: 120_000 });
/** Presses the last button with these words, once it is there: the panel that was opened stands behind the charts. */
const press = async (page, words) => {
  const button = (text) => [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll("button")].findLast((button) => button.textContent === text);
  await (await page.waitForFunction(button, { timeout: 120_000 }, words)).evaluate((found) => found.click());
};
const shown = (page, pattern) =>
  page.waitForFunction((source) => new RegExp(source).test(document.querySelector("alexnet-lab").shadowRoot.textContent), { timeout: 120_000 }, pattern);

/** Presses a button and returns the bytes of the file that it stores. */
async function stored(page, words, name) {
  const path = join(folder, name);
  rmSync(path, { force: true });
  await press(page, words);
  // Firefox creates an empty file first.
  const size = () => (existsSync(path) ? statSync(path).size : 0);
  for (let tries = 0, before = 0; before === 0 || size() !== before; tries++) {
    assert.ok(tries < 200, `${name} was not stored; there are ${readdirSync(folder)}`);
    before = size();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return readFileSync(path);
}

/** Header and metadata of a safetensors file. */
function header(bytes) {
  const { __metadata__: metadata, ...tensors } = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))));
  return { metadata, tensors };
}

for (const name of NAMES) {
  describe(name, () => {
    before(() => start(name));
    after(() => close?.());
    /** A test in Chromium alone: when a run stops is decided by the engine, and shown by the page, alike in every browser. */
    const alike = name === "chromium" ? test : () => {};

    test("the run is exported as table, figures, weights and script, and goes on from its weights", async () => {
      const { page, complaints } = await open("stop_steps=12&backend=cpu");
      await call(page, "play");
      await idle(page);
      await press(page, "Export");
      await shown(page, "PyTorch script");

      const lines = (await stored(page, "CSV", "alexnet-step-12.csv")).toString().trim().split("\n");
      assert.equal(lines.shift(), "set,step,loss,accuracy");
      const events = await steps(page);
      const rows = lines.map((line) => line.split(","));
      // A loss is a 32-bit number and survives the export exactly.
      const found = rows
        .slice(0, 12)
        .map(([set, step, loss, accuracy]) => ({ set, step: Number(step), loss: Math.fround(Number(loss)), accuracy: Number(accuracy) }));
      assert.deepEqual(
        found,
        events.map(({ step, loss, accuracy }) => ({ set: "train", step, loss, accuracy })),
      );
      assert.deepEqual(
        rows.slice(12).map(([set, step]) => [set, step]),
        [
          ["test", "5"],
          ["test", "10"],
        ],
      );

      const svg = (await stored(page, "SVG", "alexnet-step-12.svg")).toString();
      const drawn = await page.evaluate((text) => {
        const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
        return {
          broken: !!parsed.querySelector("parsererror"),
          words: [...parsed.querySelectorAll("text")].map((node) => node.textContent),
          about: parsed.querySelector("desc")?.textContent,
        };
      }, svg);
      assert.equal(drawn.broken, false);
      for (const word of ["Loss", "Accuracy", "training", "test", "step"]) assert.ok(drawn.words.includes(word), `${word} in ${drawn.words}`);
      assert.match(drawn.about, /norm=bn/);
      const png = await stored(page, "PNG", "alexnet-step-12.png");
      assert.deepEqual([png.subarray(1, 4).toString(), png.readUInt32BE(16), png.readUInt32BE(20)], ["PNG", 2160, 800]);
      const density = png.indexOf("pHYs");
      assert.deepEqual([png.readUInt32BE(density + 4), png[density + 12]], [7559, 1], "192 pixels an inch: as large as the SVG");

      const weights = await stored(page, "Weights", "alexnet.safetensors");
      const { metadata, tensors } = header(weights);
      assert.equal(metadata.step, "12");
      assert.deepEqual(tensors["conv1.weight"].shape, [8, 3, 5, 5]);
      assert.ok(tensors["bn7.running_var"]);
      const script = (await stored(page, "PyTorch script", "alexnet.py")).toString();
      // The same script as the program's, which tests/pytorch runs in PyTorch.
      execFileSync(
        PROGRAM,
        ["train", "--load", "alexnet.safetensors", "--steps", "0", "--save", "again.safetensors", "--script", "again.py", "--backend", "cpu"],
        { cwd: folder, stdio: "ignore" },
      );
      assert.equal(script, readFileSync(join(folder, "again.py"), "utf8").replace("again.safetensors", "alexnet.safetensors"));
      const images = await stored(page, "Images", "images.bin");
      assert.equal(images.length, 8 * 3073);

      // Continue from step 12, and again from the file.
      const on = async () => {
        const from = (await steps(page)).length;
        for (let i = 0; i < 3; i++) await call(page, "step");
        return (await steps(page)).slice(from);
      };
      const first = await on();
      assert.deepEqual(
        first.map(({ step }) => step),
        [13, 14, 15],
      );
      const input = (
        await page.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".tab-export input[type=file]"))
      ).asElement();
      await input.uploadFile(join(folder, "alexnet.safetensors"));
      await page.waitForFunction(async () => (await document.querySelector("alexnet-lab").getState()).step === 12, { timeout: 120_000 });
      assert.deepEqual(await on(), first);
      writeFileSync(join(folder, "damaged.safetensors"), weights.subarray(0, 5000));
      await input.uploadFile(join(folder, "damaged.safetensors"));
      await shown(page, "damaged.safetensors: this is not a safetensors file");
      assert.equal((await state(page)).step, 15, "the run is as it was");
      assert.deepEqual(complaints, []);
      await page.close();
    });

    for (const backend of ["cpu", "gpu"]) {
      test(`a run stops at exactly the step that is set, says so in both languages, and can be played on, ${backend}`, async () => {
        const { page, complaints } = await open(`stop_steps=7&backend=${backend}`);
        await call(page, "play");
        await idle(page);
        assert.equal((await state(page)).step, 7);
        assert.deepEqual(
          (await steps(page)).map(({ step }) => step),
          [1, 2, 3, 4, 5, 6, 7],
        );
        await shown(page, "Stopped at step 7, as set");
        await page.evaluate(() => document.querySelector("alexnet-lab").setAttribute("lang", "zh"));
        await shown(page, "已按设置在第 7 步停止");
        await call(page, "play");
        await page.waitForFunction(() => window.steps.length >= 12, { timeout: 120_000 });
        await call(page, "pause");
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }

    alike("networks side by side stop together; each has a record of its own; weights go on alone", async () => {
      const { page, complaints } = await open("stop_steps=6&lane2=norm:none&backend=cpu");
      await call(page, "play");
      await idle(page);
      const lanes = () => page.evaluate(() => document.querySelector("alexnet-lab").session.state.lanes.map(({ step, loss }) => [step, loss]));
      const [[, first], [, second]] = await lanes();
      assert.deepEqual(
        (await lanes()).map(([step]) => step),
        [6, 6],
      );
      assert.notEqual(first, second);
      await press(page, "Export");
      await shown(page, "PyTorch script");
      const last = async () => Math.fround(Number((await stored(page, "CSV", "alexnet-step-6.csv")).toString().split("\n")[6].split(",")[2]));
      assert.equal(await last(), Math.fround(first));
      await page.evaluate(() => document.querySelector("alexnet-lab").session.show(1));
      assert.equal(await last(), Math.fround(second));
      const { tensors } = header(await stored(page, "Weights", "alexnet.safetensors"));
      assert.ok(!("bn1.weight" in tensors), "the shown network's weights");
      const input = (
        await page.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".tab-export input[type=file]"))
      ).asElement();
      await input.uploadFile(join(folder, "alexnet.safetensors"));
      await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.lanes.length === 1, { timeout: 120_000 });
      assert.deepEqual([(await state(page)).step, (await state(page)).norm], [6, "none"]);
      await call(page, "step");
      assert.equal((await steps(page)).at(-1).step, 7);
      assert.deepEqual(complaints, []);
      await page.close();
    });

    alike("accuracy, loss and time stop a run too, where it was evaluated or as soon as the time is over", async () => {
      // Every loss is below 10, and some of 40 images are right.
      for (const [setting, pattern] of [
        ["stop_accuracy=1", "test accuracy has reached 1 %"],
        ["stop_loss=10", "test loss has fallen to 10"],
      ]) {
        const { page, complaints } = await open(`${setting}&backend=cpu`);
        await call(page, "play");
        await idle(page);
        assert.equal((await state(page)).step, 5, setting);
        await shown(page, pattern);
        await call(page, "play");
        await page.waitForFunction(() => window.steps.length >= 16, { timeout: 120_000 });
        assert.deepEqual(complaints, []);
        await page.close();
      }
      const { page } = await open("stop_seconds=2&backend=cpu");
      const start = Date.now();
      await call(page, "play");
      await idle(page);
      // The lab's clock starts with the command, a little after this one, and is checked after each step of about 10 ms.
      assert.ok(Date.now() - start >= 1990, `${Date.now() - start} ms`);
      await shown(page, "2 seconds of training have passed");
      await page.close();
    });

    test("the worst mistakes are pictures; one that is chosen is what the other views show", async () => {
      const { page, complaints } = await open("stop_steps=10&backend=cpu");
      await call(page, "play");
      await idle(page);
      await press(page, "Confusion");
      await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".chart-mistake").length > 2);
      const mistakes = await page.evaluate(() =>
        [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".chart-mistake")].map((button) => {
          const canvas = button.querySelector("canvas");
          return {
            image: button.dataset.image,
            words: canvas.getAttribute("aria-label"),
            pixels: [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data],
          };
        }),
      );
      assert.ok(mistakes.length <= 12);
      const shares = mistakes.map(({ words }) => Number(words.match(/([\d.]+)\s%/)[1]));
      assert.deepEqual(
        shares,
        shares.toSorted((a, b) => b - a),
        "the surest first",
      );
      assert.equal(new Set(mistakes.map(({ image }) => image)).size, mistakes.length);
      const { image, words, pixels } = mistakes[2];
      const [, truth, guess, percent] = words.match(/^(\w+) mistaken for (\w+), with ([<>]?[\d.]+)\s%/);
      const chosen = () => document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".chart-mistake")[2];
      await (await page.evaluateHandle(chosen)).asElement().click();
      await page.waitForFunction((wanted) => location.hash.includes(`image=${wanted}`), { timeout: 120_000 }, image);
      assert.equal((await state(page)).image, image);
      await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelectorAll('.chart-mistake[aria-pressed="true"]').length === 1);
      await press(page, "Test images");
      // The first card shows that image with the same truth, guess and probability.
      await page.waitForFunction(
        (label) => document.querySelector("alexnet-lab").shadowRoot.querySelector(".chart-card .chart-picture")?.getAttribute("aria-label").endsWith(label),
        { timeout: 120_000 },
        truth,
      );
      await page.waitForFunction(
        (name, share) => {
          const best = document.querySelector("alexnet-lab").shadowRoot.querySelector(".chart-card .chart-guess");
          return best.querySelector(".chart-name").textContent === name && best.querySelector(".chart-value").textContent.startsWith(share);
        },
        { timeout: 120_000 },
        guess,
        percent,
      );
      const same = await page.evaluate(() => {
        const canvas = document.querySelector("alexnet-lab").shadowRoot.querySelector(".chart-card canvas");
        return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data];
      });
      assert.deepEqual(same, pixels);
      assert.deepEqual(complaints, []);
      await page.close();
    });
  });
}
