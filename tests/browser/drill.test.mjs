// The view into a layer, by keys alone, in Chromium on the CPU: its numbers are the engine's, and the run is not affected.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT } from "./servers.mjs";

const AXE = readFileSync(join(ROOT, "node_modules", "axe-core", "axe.min.js"), "utf8");
const SMALL = "v=1&backend=cpu&workers=1&width=0.25&batch=8&test_size=16&test_every=5&lr=0.02&dropout=0.5";

/** Opens the lab; `window.losses[i]` collects the losses of lane i, and `window.units` counts the view's readings. */
async function open(settings) {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.losses = [[], []];
    window.units = 0;
    addEventListener(
      "ready",
      ({ target }) => {
        window.ready = true;
        target.session.addEventListener("change", ({ detail: { kind } }) => (window.units += kind === "unit"));
      },
      true,
    );
    addEventListener("step", ({ detail: { lane, loss } }) => window.losses[lane].push(loss), true);
  });
  await page.goto(`${lab.address}/#${SMALL}&${settings}`);
  await page.waitForFunction(() => window.ready && document.querySelector("alexnet-lab").session.state.describe.data.test_arrived > 16, { timeout: 120_000 });
  return { page, complaints };
}

/** Trains until `steps` steps are done, then pauses. */
async function train(page, steps) {
  await page.evaluate(() => document.querySelector("alexnet-lab").play());
  await page.waitForFunction((wanted) => window.losses[0].length >= wanted, { timeout: 120_000 }, steps);
  await page.evaluate(async () => {
    const lab = document.querySelector("alexnet-lab");
    lab.pause();
    await lab.session.send("pause"); // answered after the first pause
  });
}

/** Runs `run(view, root, ...args)` in the page; undefined while there is no view. */
async function inView(page, run, ...args) {
  const view = await page.evaluateHandle(() => document.querySelector("alexnet-lab").shell.drill.panel);
  const root = await page.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot);
  const there = await view.evaluate((panel) => panel !== undefined);
  return there ? view.evaluate(run, root, ...args) : undefined;
}

/** Waits until `run(view, root, ...args)` is true in the page and the reading is drawn. */
async function until(page, run, ...args) {
  for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    if ((await inView(page, run, ...args)) && (await inView(page, (view) => view.frame === 0))) return;
  }
  assert.fail(`waited in vain for ${run}`);
}

/** Presses Tab until the focused element matches. */
async function tabTo(page, selector) {
  for (let press = 0; press < 150; press++) {
    if (await page.evaluate((wanted) => document.querySelector("alexnet-lab").shadowRoot.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${selector}`);
}

/** The view's content: for each card its layer, the number here and the engine's, and whether it says that they differ. */
const shown = (view, root) => ({
  channel: view.reading.channel,
  place: view.place,
  step: view.reading.step,
  cards: view.stages.map(({ layer, value, engine, magnitude }, at) => ({
    name: layer.name,
    value,
    engine,
    magnitude,
    text: view.cards[at].value.textContent,
    differs: !view.cards[at].differs.hidden,
  })),
  visible: [...root.querySelectorAll(".drill-card")].filter((card) => card.checkVisibility()).length,
});
const agrees = ({ value, engine, magnitude }) => Math.abs(value - engine) <= 1e-4 * Math.max(Math.abs(engine), 0.01 * magnitude);

function check({ cards, visible }, names) {
  assert.deepEqual(
    cards.map(({ name }) => name),
    names,
  );
  assert.equal(visible, names.length);
  for (const card of cards) {
    assert.ok(agrees(card), `${card.name}: ${card.value} here, ${card.engine} there`);
    assert.match(card.text, /^= −?[\d.]/);
    assert.equal(card.differs, false, card.name);
  }
}

test("layer, channel and pixel by keys; every number is the engine's; the run goes on bit for bit", async () => {
  const { page, complaints } = await open("norm=lrn&activation=tanh");
  await train(page, 4);
  const units = await page.evaluate(() => window.units);
  assert.equal(units, 0, "nothing is read while nobody looks");

  // The layer.
  await tabTo(page, "[data-block=conv2] .look");
  await page.keyboard.press("Enter");
  await until(page, (view) => view?.reading?.layers[0].name === "conv2");
  const names = ["conv2", "conv2.activation", "conv2.lrn", "conv2.pool"];
  check(await inView(page, shown), names);

  // The channel.
  await tabTo(page, ".drill-step-channel input");
  await page.keyboard.type("7");
  await page.keyboard.press("Enter");
  await until(page, (view) => view.reading?.channel !== 0);
  const { channel } = await inView(page, shown);
  assert.ok([6, 16].includes(channel), `channel ${channel}`); // 7 typed before or after the 1

  // The pixel.
  await tabTo(page, ".drill-pixel canvas");
  const { place } = await inView(page, shown);
  const [key, column] = place.column < 8 ? ["ArrowRight", 1] : ["ArrowLeft", -1];
  const [other, row] = place.row < 8 ? ["ArrowDown", 1] : ["ArrowUp", -1];
  for (const press of [key, key, other]) await page.keyboard.press(press);
  const moved = await inView(page, shown);
  assert.deepEqual(moved.place, { row: place.row + row, column: place.column + 2 * column });
  check(moved, names);
  const words = await inView(page, (view, root) => [
    root.querySelector(".drill-pixel [aria-live]").textContent,
    root.querySelector(".drill-step-place > p").textContent,
  ]);
  for (const text of words) for (const number of [moved.place.row + 1, moved.place.column + 1]) assert.ok(text.includes(String(number)), text);

  // A term has an explanation; Escape closes first the explanation, then the view.
  await tabTo(page, ".drill-card[data-kind=lrn] .term");
  const [tip, described] = await inView(page, (view, root) => [
    root.querySelector(".term-tip:popover-open")?.textContent,
    root.getElementById(root.activeElement.getAttribute("aria-describedby")).textContent,
  ]);
  assert.ok(tip?.length > 20);
  assert.equal(tip, described);
  await page.keyboard.press("Escape");
  assert.deepEqual(await inView(page, (view, root) => [root.querySelector(".term-tip:popover-open"), view.dialog.open]), [null, true]);

  // LRN's constants are only tried in the view.
  await tabTo(page, ".drill-sliders label:nth-of-type(3) input");
  const before = await inView(page, shown);
  const lrnText = ({ cards }) => cards[2].text;
  for (let press = 0; press < 80; press++) await page.keyboard.press("ArrowRight");
  const tried = await inView(page, shown);
  assert.notEqual(lrnText(tried), lrnText(before), "alpha of 10 changes the response");
  assert.equal(await page.evaluate(() => document.querySelector("alexnet-lab").session.state.config.lrn_alpha), "0.0001");

  // It follows the run.
  await train(page, 12);
  await until(page, (view, root, step) => view.reading?.step > step, moved.step);
  check(await inView(page, shown), names);
  await page.keyboard.press("Escape");
  await until(page, (view) => !view.dialog.open);
  const read = await page.evaluate(async () => {
    await document.querySelector("alexnet-lab").session.send("pause"); // answered after the current work
    return window.units;
  });
  await train(page, 20);
  assert.equal(await page.evaluate(() => window.units), read, "nothing is read any more");
  const losses = await page.evaluate(() => window.losses[0]);
  assert.deepEqual(complaints, []);
  await page.close();

  const alone = await open("norm=lrn&activation=tanh");
  await train(alone.page, 20);
  const expected = await alone.page.evaluate(() => window.losses[0]);
  assert.deepEqual(losses.slice(0, 20), expected.slice(0, 20));
  await alone.page.close();
});

test("a feature map leads into its channel, and a click or a touch chooses the pixel", async () => {
  const { page, complaints } = await open("norm=none&layer=conv3");
  await train(page, 3);
  await page.evaluate(() =>
    [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll("[role=tab]")].find(({ id }) => id.endsWith("-maps")).click(),
  );
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.views.maps.data?.layer === "conv3", { timeout: 120_000 });
  await tabTo(page, ".chart-maps canvas");
  for (const key of ["Home", "ArrowRight", "ArrowRight", "Enter"]) await page.keyboard.press(key); // the first key shows the current cell
  await until(page, (view) => view?.reading?.layers[0].name === "conv3");
  const opened = await inView(page, shown);
  const cell = await page.evaluate(() => document.querySelector("alexnet-lab").shell.views.maps.layout.columns);
  assert.ok(cell >= 3 && opened.channel > 0 && opened.channel < cell, `channel ${opened.channel} of a row of ${cell}`);
  check(opened, ["conv3", "conv3.activation"]);
  for (const [row, column, choose] of [
    [1, 6, "click"],
    [6, 2, "tap"],
  ]) {
    const at = await inView(
      page,
      (view, root, y, x) => {
        const { left, top } = view.map.canvas.getBoundingClientRect();
        const { scale } = view.map;
        return [left + scale.left + (x + 0.5) * scale.side, top + scale.top + (y + 0.5) * scale.side];
      },
      row,
      column,
    );
    if (choose === "click") await page.mouse.click(...at);
    else await page.touchscreen.tap(...at);
    const chosen = await inView(page, shown);
    assert.deepEqual(chosen.place, { row, column }, choose);
    check(chosen, ["conv3", "conv3.activation"]);
  }
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a link opens it at a layer and an image, and the page's own link says where one is", async () => {
  const { page, complaints } = await open("norm=none&inside=true&layer=conv5&image=3");
  await until(page, (view) => view?.reading?.layers[0].name === "conv5");
  check(await inView(page, shown), ["conv5", "conv5.activation", "conv5.pool"]);
  assert.equal(await inView(page, (view) => view.imageInput.value), "3");
  const says = (...wanted) => page.waitForFunction((parts) => parts.every((part) => location.hash.includes(part)), { timeout: 120_000 }, wanted);
  await inView(page, (view, root) => root.querySelector(".drill-block[data-block=fc7]").click());
  await until(page, (view) => view.reading?.layers[0].name === "fc7");
  await says("inside=true", "layer=fc7");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !location.hash.includes("inside"), { timeout: 120_000 });
  assert.equal(await inView(page, (view) => view.dialog.open), false);
  // By a script, as from a slide.
  await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ inside: "true", layer: "conv2" }));
  await until(page, (view) => view.dialog.open && view.reading?.layers[0].name === "conv2");
  await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ inside: "false" }));
  await until(page, (view) => !view.dialog.open);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("it shows the network that is shown, in both languages and themes, and axe-core finds nothing serious", async () => {
  const { page, complaints } = await open("norm=none&lane2=norm:bn");
  await train(page, 3);
  await page.evaluate(() => document.querySelector("alexnet-lab").session.show(1));
  await page.evaluate(() => document.querySelector("alexnet-lab").shell.drill.open("fc6", 5));
  await until(page, (view) => view?.reading?.layers.length === 4);
  check(await inView(page, shown), ["fc6", "fc6.bn", "fc6.activation", "fc6.dropout"]);
  await page.evaluate(() => document.querySelector("alexnet-lab").session.show(0));
  await until(page, (view) => view.reading?.layers.length === 3);
  check(await inView(page, shown), ["fc6", "fc6.activation", "fc6.dropout"]);
  // A changed switch, and a network without the channel on view.
  await inView(page, (view) => view.look("conv1", 7));
  await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ norm: "lrn", width: "0.5" }));
  await until(page, (view) => view.reading?.layers[2]?.kind === "lrn" && view.reading.layers[0].output.channels === 16);
  check(await inView(page, shown), ["conv1", "conv1.activation", "conv1.lrn", "conv1.pool"]);
  await inView(page, (view) => view.chooseChannel(15));
  await until(page, (view) => view.reading?.channel === 15);
  await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ width: "0.25" }));
  await until(page, (view) => view.reading?.layers[0].output.channels === 8);
  const smaller = await inView(page, shown);
  assert.equal(smaller.channel, 0);
  check(smaller, ["conv1", "conv1.activation", "conv1.lrn", "conv1.pool"]);
  assert.deepEqual(complaints, []);
  await page.evaluate(AXE);
  const violations = () =>
    page.evaluate(async () => {
      const { violations: found } = await window.axe.run(document, { resultTypes: ["violations"] });
      return found
        .filter(({ impact }) => ["serious", "critical"].includes(impact))
        .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.flat().at(-1)}: ${failureSummary.split("\n")[1]?.trim()}`));
    });
  for (const [block, theme, lang] of [
    ["fc6", "light", "en"],
    ["conv1", "dark", "zh"],
    ["fc8", "dark", "en"],
  ]) {
    await page.evaluate((changes) => document.querySelector("alexnet-lab").session.set(changes), { theme, lang });
    await until(page, (view, root, language) => view.texts.language === language, lang);
    await inView(page, (view, root, name) => view.look(name, 0), block);
    await until(page, (view, root, name) => view.reading?.layers[0].name === name && view.texts.language === view.shell.texts.language, block);
    assert.deepEqual(await violations(), [], `${block}, ${theme}, ${lang}`);
  }
  const softmax = (await inView(page, shown)).cards.at(-1);
  assert.ok(softmax.name === "loss" && agrees(softmax), `${softmax.value}, ${softmax.engine}`);
  await page.close();
});
