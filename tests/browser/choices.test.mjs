// A reader's choices and their effects: the menus of the drawn network, a prediction and its verdict, two losses with their names.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";

async function open(settings, viewport = undefined) {
  const { page, complaints } = await newPage(browser, [lab.address], viewport);
  await page.evaluateOnNewDocument(() => addEventListener("ready", () => (window.ready = true), true));
  await page.goto(`${lab.address}/#v=1&width=0.25&batch=8&test_size=40&backend=cpu&workers=1&${settings}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  return { page, complaints };
}

const inRoot = (page, act, ...args) => page.evaluate(`(${act})(document.querySelector("alexnet-lab").shadowRoot, ...${JSON.stringify(args)})`);
/** The middle of an element, on the screen. */
const middle = (page, selector) =>
  inRoot(
    page,
    (root, found) => {
      const { left, top, width, height } = root.querySelector(found).getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    },
    selector,
  );
const click = async (page, selector) => {
  const { x, y } = await middle(page, selector);
  await page.mouse.click(x, y);
};

const CHIPS = { norm: ["conv1.lrn", "bn"], activation: ["conv3.activation", "tanh"], pool: ["conv1.pool", "avg"] };

test("a choice in a chip's menu closes it, the keyboard's place is the chip, and the gradients below it were never covered", { timeout: 300_000 }, async () => {
  const { page, complaints } = await open("");
  for (const [kind, [chip, value]] of Object.entries(CHIPS)) {
    await click(page, `[data-chip="${chip}"]`);
    await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".menu:popover-open"));
    const covers = await inRoot(
      page,
      (root, name) => {
        const [menu, own, spark] = [".menu", `[data-chip="${name}"]`, `[data-block="${name.split(".")[0]}"] .spark`].map((found) =>
          root.querySelector(found).getBoundingClientRect(),
        );
        const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        return { own: over(menu, own), spark: over(menu, spark) };
      },
      chip,
    );
    assert.deepEqual(covers, { own: false, spark: false }, kind);
    await click(page, `.menu input[value="${value}"]`);
    await page.waitForFunction(() => !document.querySelector("alexnet-lab").shadowRoot.querySelector(".menu:popover-open"));
    assert.equal(await inRoot(page, (root) => root.activeElement?.dataset.chip), chip, kind);
    assert.equal(await page.evaluate((key) => document.querySelector("alexnet-lab").session.state.config[key], kind), value);
  }
  // By keys: arrows try a choice, and the menu stays open until the choice is confirmed or the menu is left.
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowUp");
  assert.ok(await inRoot(page, (root) => root.querySelector(".menu:popover-open") !== null));
  await page.keyboard.press("Escape");
  assert.deepEqual(await inRoot(page, (root) => [root.querySelector(".menu:popover-open"), root.activeElement?.dataset.chip]), [null, "conv1.pool"]);
  assert.deepEqual(complaints, []);
  await page.close();
});

for (const [lang, words] of Object.entries({ en: { right: "right", wrong: "wrong" }, zh: { right: "正确", wrong: "错误" } })) {
  test(`the verdict is the prediction's, not the measurement's: ${lang}`, { timeout: 300_000 }, async () => {
    const { page } = await open(`lesson=relu-or-sigmoid&lang=${lang}`);
    await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.lesson.panel?.lesson);
    const verdict = (choice) =>
      page.evaluate(async (of) => {
        const { panel } = document.querySelector("alexnet-lab").shell.lesson;
        const outcome = "huge";
        panel.choices.set(panel.lesson.name, of === "right" ? outcome : "other");
        // A run with an outcome, without training.
        panel.results.set(`${panel.lesson.name} ${panel.depth}`, [{ seed: 1, run: { names: [], classes: 10, until: 1, lanes: [] }, outcome, values: {} }]);
        panel.go(3);
        return [...panel.body.querySelectorAll(".guide-verdict dd")].map((node) => ({
          sign: node.querySelector(".verdict")?.textContent ?? null,
          icons: node.querySelectorAll("svg").length,
        }));
      }, choice);
    assert.deepEqual(await verdict("right"), [
      { sign: words.right, icons: 1 },
      { sign: null, icons: 0 },
    ]);
    assert.deepEqual(await verdict("wrong"), [
      { sign: words.wrong, icons: 1 },
      { sign: null, icons: 0 },
    ]);
    await page.close();
  });
}

test("of two losses side by side, each says whether it is smoothed", async () => {
  for (const [settings, legend] of [
    ["", /training, smoothed/],
    ["lane2=norm:bn", /training, smoothed · test/],
  ]) {
    const { page } = await open(settings);
    assert.ok((await inRoot(page, (root) => root.querySelector(".result").textContent)).includes("Batch loss"));
    assert.match(await inRoot(page, (root) => root.querySelector(".chart-legend").innerText), legend);
    await page.close();
  }
});

test("networks that differ in one long setting have histograms with different titles, on one level", async () => {
  const { page } = await open("lane2=lr:0.02&lane3=lr:0.03&lane4=lr:0.04", { width: 1440, height: 900 });
  const { names, tops } = await inRoot(page, (root) => ({
    names: [...root.querySelectorAll(".lane-name")].map((name) => ({
      text: name.textContent,
      whole: name.scrollWidth <= name.clientWidth && name.scrollHeight <= name.clientHeight,
    })),
    tops: [...root.querySelectorAll(".lane-stage")].map((stage) => stage.getBoundingClientRect().top),
  }));
  assert.deepEqual(
    names,
    ["0.01", "0.02", "0.03", "0.04"].map((lr, at) => ({ text: `${at + 1} Learning rate ${lr}`, whole: true })),
  );
  assert.equal(new Set(tops).size, 1);
  await page.close();
});

test("a number that changes nothing is shown as the setting has it", async () => {
  const { page } = await open("seed=1000");
  const shown = await inRoot(page, (root) => {
    const field = root.querySelector('.control[data-key="seed"] .number');
    field.value = "1.000";
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind));
    return field.value;
  });
  assert.equal(shown, "1000");
  await page.close();
});
