// Explanations outside the network, in Chromium on the CPU: of settings, tabs, costs and menus, by keyboard, pointer and finger.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";

async function open(settings = "lang=en", viewport) {
  const { page, complaints } = await newPage(browser, [lab.address], viewport);
  await page.evaluateOnNewDocument(() => addEventListener("ready", () => (window.ready = true), true));
  await page.goto(`${lab.address}/#v=1&backend=cpu&workers=1&width=0.25&batch=8&test_size=16&${settings}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  return { page, complaints };
}

const inRoot = async (page, run, ...args) => (await page.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot)).evaluate(run, ...args);

/** The sentence on show. */
const shown = (page) => inRoot(page, (root) => root.querySelector(".term-tip:popover-open")?.textContent ?? null);

/** The middle of an element. */
const middle = (page, selector) =>
  inRoot(
    page,
    (root, wanted) => {
      const node = root.querySelector(wanted);
      node.scrollIntoView({ block: "center" });
      const { left, top, width, height } = node.getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    },
    selector,
  );

const appears = (page) =>
  page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".term-tip:popover-open"), { timeout: 120_000 });
const vanishes = (page) =>
  page.waitForFunction(() => !document.querySelector("alexnet-lab").shadowRoot.querySelector(".term-tip:popover-open"), { timeout: 120_000 });

for (const lang of ["en", "zh"]) {
  test(`every tab, setting and cost has its sentence, ${lang}, and no label has a title that only a mouse can read`, async () => {
    const { page, complaints } = await open(`lang=${lang}`);
    const { texts, titles, counts } = await inRoot(page, (root) => {
      const described = (node) => root.getElementById(node.getAttribute("aria-describedby") ?? "")?.textContent ?? "";
      const groups = { tabs: "[role=tab]", settings: ".settings .control :is(select, .toggle, .slider input, [role=radiogroup])", costs: ".facts dt .term" };
      const nodes = Object.values(groups).map((selector) => [...root.querySelectorAll(selector)]);
      return {
        texts: nodes.flat().map((node) => [node.textContent || node.closest(".control").dataset.key, described(node)]),
        counts: nodes.map(({ length }) => length),
        titles: root.querySelectorAll("label[title], dt[title], .control [title], [role=tab][title]").length,
      };
    });
    assert.ok(counts[0] === 11 && counts[1] > 25 && counts[2] === 11, `${counts}`);
    for (const [name, text] of texts) assert.ok(text.length > 4 && !/^\w+\.\w+/.test(text) && /[.。]/.test(text), `${name}: ${text}`);
    assert.equal(titles, 0);
    assert.deepEqual(complaints, []);
    await page.close();
  });
}

test("the keyboard's focus shows the sentence, Escape hides it and nothing else, the next control has its own", async () => {
  const { page, complaints } = await open();
  await inRoot(page, (root) => root.querySelector("#tabs-1-ridges, [role=tab]").focus());
  await page.keyboard.press("ArrowRight");
  assert.match(await shown(page), /^How large each layer’s gradients are/);
  await page.keyboard.press("Escape");
  assert.equal(await shown(page), null);
  await inRoot(page, (root) => root.querySelector(".control[data-key=lr] input").focus());
  assert.match(await shown(page), /^Length of each step/);
  // Field and slider belong to one setting; the next control belongs to another.
  await page.keyboard.press("Tab");
  assert.match(await shown(page), /^Length of each step/);
  await page.keyboard.press("Tab");
  assert.match(await shown(page), /^Share of the last update/);
  // In a menu, Escape hides the sentence first, then closes.
  await inRoot(page, (root) => root.activeElement.blur());
  assert.equal(await shown(page), null);
  await page.keyboard.press("n");
  assert.equal(await shown(page), null);
  await page.keyboard.press("Tab");
  assert.match(await shown(page), /^How many neighbouring channels/);
  await page.keyboard.press("Escape");
  assert.deepEqual([await shown(page), await inRoot(page, (root) => Boolean(root.querySelector(".menu:popover-open")))], [null, true]);
  await page.keyboard.press("Escape");
  assert.equal(await inRoot(page, (root) => Boolean(root.querySelector(".menu:popover-open"))), false);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a pointer that rests on a label shows it, beside the control and inside the window; one that presses a tab wants the tab", async () => {
  const { page, complaints } = await open();
  const label = await middle(page, ".control[data-key=width] .control-label");
  await page.mouse.move(label.x, label.y);
  await appears(page);
  assert.match(await shown(page), /^Multiplies the number of channels\. ↺ Restarts training/);
  const fits = await inRoot(page, (root) => {
    const [tip, control] = [".term-tip:popover-open", ".control[data-key=width]"].map((selector) => root.querySelector(selector).getBoundingClientRect());
    return tip.left >= 0 && tip.right <= innerWidth && tip.top >= 0 && tip.bottom <= innerHeight && (tip.top >= control.bottom || tip.bottom <= control.top);
  });
  assert.ok(fits);
  await page.mouse.move(5, 5);
  await vanishes(page);
  const tab = await middle(page, "[role=tab][id$=confusion]");
  await page.mouse.move(tab.x, tab.y);
  await appears(page);
  await page.mouse.click(tab.x, tab.y);
  assert.equal(await shown(page), null);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a finger shows it by a tap, and hides it by one elsewhere", async () => {
  const { page, complaints } = await open("lang=en", { width: 390, height: 844, hasTouch: true, isMobile: true });
  for (const [selector, words] of [
    ["[role=tab][id$=confusion]", /^How often test images/],
    [".control[data-key=momentum] .explained", /^Share of the last update/],
  ]) {
    const { x, y } = await middle(page, selector);
    await page.touchscreen.tap(x, y);
    await appears(page);
    assert.match(await shown(page), words);
    const heading = await middle(page, "legend");
    await page.touchscreen.tap(heading.x, heading.y);
    await vanishes(page);
  }
  assert.deepEqual(complaints, []);
  await page.close();
});

test("inside a layer, the titles of steps and cards are terms", async () => {
  const { page, complaints } = await open("lang=en&norm=bn&inside=true&layer=fc6");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.drill.panel?.reading, { timeout: 120_000 });
  // The titles follow with the next drawing.
  await page.waitForFunction(
    () => [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".drill-step .term")].some(({ textContent }) => textContent === "Unit"),
    { timeout: 120_000 },
  );
  const titles = await inRoot(page, (root) =>
    [...root.querySelectorAll(".drill :is(.drill-step, .drill-card) h3")].map((title) => {
      const term = title.querySelector(".term");
      return [term?.textContent, root.getElementById(term?.getAttribute("aria-describedby") ?? "")?.textContent ?? ""];
    }),
  );
  assert.deepEqual(
    titles.map(([title]) => title),
    ["Layer", "Test image", "Unit", "Pixel", "Fully connected", "Batch normalisation", "Activation", "Dropout"],
  );
  for (const [title, words] of titles) assert.ok(/[.]$/.test(words) && words.length > 20, `${title}: ${words}`);
  await inRoot(page, (root) => root.querySelector(".drill-card[data-kind=linear] h3 .term").focus());
  assert.match(await shown(page), /^Each unit sums all inputs/);
  await page.keyboard.press("Escape");
  assert.deepEqual([await shown(page), await inRoot(page, (root) => root.querySelector(".drill").open)], [null, true]);
  assert.deepEqual(complaints, []);
  await page.close();
});
