// Toys that look into the network, in Chromium on the CPU: by keys, with the engine's numbers, and with readings only while they are shown.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT, startLabWithout } from "./servers.mjs";

const AXE = readFileSync(join(ROOT, "node_modules", "axe-core", "axe.min.js"), "utf8");
const SMALL = "v=1&backend=cpu&workers=1&width=0.25&batch=8&test_size=16&test_every=0";
const [QUESTION, PREDICT, FORMULA] = [0, 1, 4];
const SIZES = [
  { name: "full", path: "/", viewport: { width: 1440, height: 900 } },
  { name: "phone", path: "/", viewport: { width: 390, height: 844 } },
  { name: "slide", path: "/embed.html", viewport: { width: 640, height: 360 } },
];

/** Opens a lesson in a network that has trained a little, or not at all; `window.units` counts the worker's readings for it. */
async function open(settings, { path, viewport } = SIZES[0], steps = 3) {
  const { page, complaints } = await newPage(browser, [lab.address], viewport);
  await page.evaluateOnNewDocument(() => {
    Object.assign(window, { units: 0, steps: 0 });
    addEventListener(
      "ready",
      ({ target }) => {
        window.ready = true;
        target.session.addEventListener("change", ({ detail: { kind } }) => (window.units += kind === "unit"));
      },
      true,
    );
    addEventListener("step", () => (window.steps += 1), true);
  });
  await page.goto(`${lab.address}${path}#${SMALL}&${settings}`);
  await page.waitForFunction(() => window.ready && document.querySelector("alexnet-lab").shell.lesson.panel?.lesson, { timeout: 120_000 });
  await page.evaluate(() => document.querySelector("alexnet-lab").shell.lesson.panel.stage.toggle(false)); // the whole lab, with its toys
  if (steps > 0) await train(page, steps);
  return { page, complaints };
}

async function train(page, more) {
  await page.evaluate(async (count) => {
    const host = document.querySelector("alexnet-lab");
    const wanted = window.steps + count;
    host.session.play(); // trains the network on view; the lab's own Play would lead to the lesson's run
    while (window.steps < wanted) await new Promise((resolve) => setTimeout(resolve, 20));
    host.pause();
    await host.session.send("pause"); // answered after the current work
  }, more);
}

/** Runs `run(toy, root, ...args)` in the page. */
async function inToy(page, run, ...args) {
  const toy = await page.evaluateHandle(() => document.querySelector("alexnet-lab").shell.lesson.panel.toy);
  const root = await page.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot);
  return toy.evaluate(run, root, ...args);
}

const go = (page, step) => page.evaluate((to) => document.querySelector("alexnet-lab").shell.lesson.panel.go(to), step);

/** Goes to a step and waits until its toy has something to show. */
async function show(page, step) {
  await go(page, step);
  await page.waitForFunction(
    () => {
      const { toy } = document.querySelector("alexnet-lab").shell.lesson.panel;
      return toy?.reading && toy.frame === 0 && toy.missing.hidden;
    },
    { timeout: 120_000 },
  );
}

/** Presses Tab until the focused element matches. */
async function tabTo(page, selector) {
  for (let press = 0; press < 150; press++) {
    if (await page.evaluate((wanted) => document.querySelector("alexnet-lab").shadowRoot.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${selector}`);
}

/** The engine's own output of one of conv1's layers for the image. */
async function engines(page, name) {
  return page.evaluate(async (wanted) => {
    const { shell } = document.querySelector("alexnet-lab");
    await shell.drill.open("conv1", 0);
    const { panel } = shell.drill;
    while (!panel.reading) await new Promise((resolve) => setTimeout(resolve, 20));
    const { layers, outputs } = panel.reading;
    const found = [...outputs[layers.findIndex((layer) => layer.name === wanted) + 1]];
    panel.dialog.close();
    return found;
  }, name);
}

test("pooling: an image, a channel and a pixel by keys; the network's own pooling is the engine's; nothing is read elsewhere", async () => {
  const { page, complaints } = await open("lesson=pooling&norm=bn&pool=avg");
  await show(page, QUESTION);
  await tabTo(page, ".probe-number-image input");
  const first = await inToy(page, (toy) => [...toy.reading.image]);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.config.image === "1");
  await page.waitForFunction(
    (before) => document.querySelector("alexnet-lab").shell.lesson.panel.toy.reading.image.some((x, at) => x !== before[at]),
    {},
    first,
  );
  await tabTo(page, ".probe-number-channel input");
  const { channel } = await inToy(page, ({ channel: at }) => ({ channel: at }));
  await page.keyboard.press(channel > 0 ? "ArrowDown" : "ArrowUp");
  await page.keyboard.press("Enter");
  assert.equal(await inToy(page, (toy) => toy.channel), channel > 0 ? channel - 1 : 1);
  await tabTo(page, ".probe-looked canvas");
  const place = await inToy(page, (toy) => toy.place);
  const [key, by] = place.column < 16 ? ["ArrowRight", 1] : ["ArrowLeft", -1];
  for (let press = 0; press < 2; press++) await page.keyboard.press(key);
  const seen = await inToy(page, (toy, root) => ({
    channel: toy.channel,
    place: toy.place,
    channels: toy.reading.layer.output.channels,
    kept: toy.columns.map(({ kept }) => [...kept.map.data.channels[0]]),
    back: toy.columns.map(({ back }) => [...back.map.data.channels[0]]),
    scales: toy.columns.map(({ kept }) => kept.map.data.scale),
    none: toy.columns.map(({ none }) => none.textContent),
    share: toy.columns.map(({ share }) => share.textContent),
    spoken: root.querySelector(".probe-looked [aria-live]").textContent,
    where: root.querySelector(".probe-where").textContent,
  }));
  assert.deepEqual(seen.place, { row: place.row, column: place.column + 2 * by });
  for (const text of [seen.spoken, seen.where])
    for (const number of [seen.place.row + 1, seen.place.column + 1]) assert.ok(text.includes(String(number)), text);

  // The third pooling is the network's own.
  const engine = await engines(page, "conv1.pool");
  seen.kept[2].forEach((value, at) => {
    const other = engine[at * seen.channels + seen.channel];
    assert.ok(Math.abs(value - other) <= 1e-4 * Math.abs(other), `${at}: ${value} here, ${other} there`);
  });
  assert.equal(new Set(seen.scales).size, 1, "one scale of colours");
  seen.back.forEach((gradient, at) => {
    const none = gradient.filter((x) => x === 0).length / gradient.length;
    assert.equal(seen.none[at], `${(100 * none).toFixed(none > 0 && none < 0.1 ? 1 : 0)} %`);
    assert.ok(Math.abs(Number(seen.share[at]) - gradient[seen.place.row * 32 + seen.place.column]) < 1e-3, seen.share[at]);
  });
  assert.deepEqual(seen.none.slice(1), ["75 %", "0 %", "0 %"]);

  // Other steps and a closed lesson read nothing; coming back reads again.
  for (const leave of [() => go(page, PREDICT), () => page.keyboard.press("g")]) {
    await leave();
    await page.evaluate(() => document.querySelector("alexnet-lab").session.send("pause"));
    const units = await page.evaluate(() => window.units);
    await train(page, 3);
    assert.equal(await page.evaluate(() => window.units), units, "nothing is read any more");
  }
  assert.deepEqual(complaints, []);
  await page.close();
});

test("LRN: a channel by its bar, and constants that are tried here only, in a network without it; with it, its numbers are the engine's", async () => {
  const { page, complaints } = await open("lesson=lrn-competition&norm=none");
  await show(page, FORMULA);
  await tabTo(page, ".drill-bars-box[role=slider]");
  const start = await inToy(page, (toy) => toy.channel);
  await page.keyboard.press(start > 0 ? "ArrowLeft" : "ArrowRight");
  const channel = await inToy(page, (toy) => toy.channel);
  assert.equal(channel, start > 0 ? start - 1 : 1);
  const state = (toy, root) => ({
    responses: [...toy.trial.responses],
    after: toy.trial.after,
    words: toy.trial.words.textContent,
    value: root.querySelector(".drill-bars-box[role=slider]").getAttribute("aria-valuetext"),
    constants: toy.trial.constants,
  });
  const before = await inToy(page, state);
  assert.ok(before.value.includes(String(channel + 1)), before.value);
  await tabTo(page, ".drill-sliders label:nth-of-type(3) input");
  await page.keyboard.press("End");
  const tried = await inToy(page, state);
  assert.equal(tried.constants.alpha, 10);
  const { n, k, alpha, beta } = tried.constants;
  tried.responses.forEach((a, i) => {
    let squares = 0;
    for (let j = Math.max(0, i - Math.floor(n / 2)); j < Math.min(tried.responses.length, i - Math.floor(n / 2) + n); j++) squares += tried.responses[j] ** 2;
    const b = a / (k + alpha * squares) ** beta;
    assert.ok(Math.abs(tried.after[i] - b) <= 1e-9 * Math.abs(b), `channel ${i + 1}: ${tried.after[i]}, not ${b}`);
  });
  assert.notEqual(tried.words, before.words);
  assert.equal(await page.evaluate(() => document.querySelector("alexnet-lab").session.state.config.lrn_alpha), "0.0001");

  await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ norm: "lrn", lrn_alpha: "0.5" }));
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.describe.network.layers.some(({ kind }) => kind === "lrn"));
  await inToy(page, (toy) => toy.trial.try(null));
  await show(page, FORMULA);
  const engine = await engines(page, "conv1.lrn");
  const own = await inToy(page, (toy) => ({ place: toy.place, after: toy.trial.after, alpha: toy.trial.constants.alpha }));
  assert.equal(own.alpha, 0.5);
  own.after.forEach((value, at) => {
    const other = engine[(own.place.row * 32 + own.place.column) * own.after.length + at];
    assert.ok(Math.abs(value - other) <= 1e-4 * Math.abs(other), `channel ${at + 1}: ${value} here, ${other} there`);
  });
  assert.deepEqual(complaints, []);
  await page.close();
});

test("what is not there is said in a sentence, without empty boxes", async () => {
  const seen = (toy) => ({
    missing: toy.missing.textContent,
    canvases: [...toy.element.querySelectorAll("canvas")].filter((canvas) => canvas.checkVisibility()).length,
  });
  const { page } = await open("lesson=pooling&image=9999");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.lesson.panel.toy.missing.textContent.includes("9999"), { timeout: 120_000 });
  assert.equal((await inToy(page, seen)).canvases, 0);
  await page.close();

  const broken = await startLabWithout("pkg");
  const { page: bare } = await newPage(browser, [broken.address]);
  await bare.goto(`${broken.address}/#v=1&lang=en&lesson=pooling`);
  await bare.waitForFunction(() => document.querySelector("alexnet-lab").shell?.lesson.panel?.toy?.missing.textContent.includes("could not start"), {
    timeout: 120_000,
  });
  assert.equal((await inToy(bare, seen)).canvases, 0);
  await bare.close();
  broken.close();
});

for (const size of SIZES) {
  test(`before the first step: no serious violation, and nothing wider than the page, ${size.name}`, async () => {
    for (const [lesson, step, look] of [
      ["pooling", QUESTION, "theme=dark&lang=zh"],
      ["lrn-competition", FORMULA, "theme=light&lang=en"],
    ]) {
      const { page, complaints } = await open(`lesson=${lesson}&norm=lrn&${look}`, size, 0);
      await show(page, step);
      assert.equal(await page.evaluate(() => window.steps), 0);
      assert.deepEqual(complaints, []);
      const [wide, room] = await inToy(page, (toy) => [toy.element.scrollWidth, toy.element.clientWidth]);
      assert.ok(wide <= room && room <= size.viewport.width, `${wide} of ${room}`);
      await page.evaluate(AXE);
      const violations = await page.evaluate(async () => {
        const { violations: found } = await window.axe.run(document, { resultTypes: ["violations"] });
        return found
          .filter(({ impact }) => ["serious", "critical"].includes(impact))
          .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.flat().at(-1)}: ${failureSummary.split("\n")[1]?.trim()}`));
      });
      assert.deepEqual(violations, [], lesson);
      await page.close();
    }
  });
}
