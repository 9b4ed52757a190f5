// Lessons and recipes in Chromium on the CPU: a lesson walked through by keys and from a deck, and a recipe.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, newPage } from "./browsers.mjs";
import { ROOT, startDeck, startShortLab } from "./servers.mjs";

const OUT = join(ROOT, "tests", "out");
mkdirSync(OUT, { recursive: true });
/** Number of steps in the means of the lesson's table. */
const LAST = 50;
/** Steps of the lesson's run here, a fifth of them all. */
const UNTIL = 100;

let lab, deck, browser, close;
before(async () => {
  lab = await startShortLab();
  deck = await startDeck(lab.address);
  ({ browser, close } = await launch("chromium"));
});
after(async () => {
  await close?.();
  deck?.close();
  lab?.close();
});

/** Opens the lab; `window.seen` collects the session's reports: rows by lane, and the norm of conv1's weight gradient in each lane's first snapshot. */
async function open(settings) {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.seen = { run: -1, rows: {}, first: {} };
    addEventListener(
      "ready",
      ({ target }) => {
        window.ready = true;
        target.session.addEventListener("change", ({ detail: { kind, detail, lane = 0 } }) => {
          const { state } = target.session;
          if (state.run !== window.seen.run) window.seen = { run: state.run, rows: {}, first: {} };
          if (kind === "records") for (let i = 0; i < detail.length; i += 3) (window.seen.rows[lane] ??= []).push([...detail.subarray(i, i + 3)]);
          if (kind === "snapshot") window.seen.first[lane] ??= detail.parameters[133]; // the norm in the row of the first tensor, conv1.weight
        });
      },
      true,
    );
  });
  await page.goto(`${lab.address}/#v=1&backend=cpu&workers=1&${settings}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  return { page, complaints };
}

const stepOf = (page) => page.evaluate(async () => (await document.querySelector("alexnet-lab").getState()).lesson_step);
const atStep = (page, step) =>
  page.waitForFunction(async (wanted) => (await document.querySelector("alexnet-lab").getState()).lesson_step === wanted, { timeout: 120_000 }, step);
const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
/** Three significant digits, as the page writes a loss. */
const digits = (x) => x.toPrecision(3);

test("a lesson walked through by keys shows the numbers of its own run", async () => {
  const { page, complaints } = await open("lesson=relu-or-sigmoid");
  await atStep(page, "question");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".panel-guide .term"));
  await page.keyboard.press("j");
  assert.equal(await stepOf(page), "predict");
  const choice = await page.evaluate(() => {
    const button = document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".choice")[2];
    button.click();
    return button.textContent;
  });
  await page.evaluate((until) => Object.assign(document.querySelector("alexnet-lab").shell.lesson.panel.lesson, { until }), UNTIL);
  await page.keyboard.press("j");
  assert.equal(await stepOf(page), "run");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.lesson.panel.result, { timeout: 300_000 });
  await page.keyboard.press("j");
  assert.equal(await stepOf(page), "saw");
  const shown = await page.evaluate(() => {
    const { shadowRoot } = document.querySelector("alexnet-lab");
    return {
      verdict: shadowRoot.querySelector(".guide-verdict").textContent,
      sentences: Object.fromEntries([...shadowRoot.querySelectorAll("[data-saw]")].map((node) => [node.dataset.saw, node.textContent])),
      rows: [...shadowRoot.querySelectorAll(".guide-table:not(.gains) tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent)),
      seen: window.seen,
      lanes: document.querySelector("alexnet-lab").session.state.lanes?.length ?? 1,
    };
  });
  assert.ok(shown.verdict.includes(choice), shown.verdict);
  assert.equal(shown.rows.length, shown.lanes);
  shown.rows.forEach(([, loss], lane) => {
    const steps = shown.seen.rows[lane].filter(([step]) => step < UNTIL).slice(-LAST);
    assert.deepEqual(
      steps.map(([step]) => step),
      Array.from({ length: LAST }, (_, i) => UNTIL - LAST + i),
      "every step of the end was reported",
    );
    assert.equal(loss, digits(mean(steps.map((row) => row[1]))), `lane ${lane}`);
  });
  // A sentence appears only if its lanes exist.
  assert.equal("gradient" in shown.sentences, shown.lanes > 1);
  if (shown.lanes > 1) {
    const [relu, sigmoid] = [shown.seen.first[0], shown.seen.first[1]];
    assert.ok(relu > 0 && sigmoid > 0);
    const written = (x) => (x >= 1e-3 && x < 1e6 ? Number(x.toPrecision(3)).toLocaleString("en-US") : x.toExponential(1).replace("e+", "e"));
    for (const number of [sigmoid, relu / sigmoid]) assert.ok(shown.sentences.gradient.includes(written(number)), `${number} in ${shown.sentences.gradient}`);
    assert.ok(shown.sentences.gradient.includes(String(Number(digits(relu)))), `${relu} in ${shown.sentences.gradient}`);
  }
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a term explains itself to the keyboard, and Escape closes the lesson", async () => {
  const { page, complaints } = await open("lesson=norms");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".panel-guide .term"));
  const explained = await page.evaluate(() => {
    const { shadowRoot } = document.querySelector("alexnet-lab");
    const term = shadowRoot.querySelector(".term");
    term.focus();
    return [shadowRoot.querySelector(".term-tip:popover-open")?.textContent, shadowRoot.getElementById(term.getAttribute("aria-describedby")).textContent];
  });
  assert.ok(explained[0]?.length > 20);
  assert.equal(explained[0], explained[1]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !location.hash.includes("lesson"));
  assert.ok(await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".panel-guide").hidden));
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a recipe is one click: its settings, from initial weights, and training", async () => {
  const { page, complaints } = await open("width=0.5&batch=8&test_size=40");
  await page.keyboard.press("g");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector("[data-recipe=zero_init]"));
  await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector("[data-recipe=zero_init]").click());
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.config.init_scale === "0" && window.seen.rows[0]?.length >= 20, {
    timeout: 120_000,
  });
  const { state, losses } = await page.evaluate(async () => ({
    state: await document.querySelector("alexnet-lab").getState(),
    losses: window.seen.rows[0].map((row) => row[1]),
  }));
  assert.deepEqual([state.width, state.batch, state.backend], ["0.25", "32", "cpu"]);
  // All logits equal the last biases: within 20 steps the loss hardly leaves that of random guessing, ln 10.
  assert.ok(
    losses.every((loss) => Math.abs(loss - Math.LN10) < 0.1),
    `${losses}`,
  );
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a recipe's terms explain themselves and start nothing; what is held back has its own accuracy", async () => {
  const { page, complaints } = await open("data=toy&width=0.5&batch=8&test_size=40");
  await page.setViewport({ width: 1440, height: 900 });
  await page.keyboard.press("g");
  const find = (selector) =>
    page.waitForFunction((wanted) => document.querySelector("alexnet-lab").shadowRoot.querySelector(wanted), { timeout: 120_000 }, selector);
  const recipe = (await find("[data-recipe=held_back_rotation]")).asElement();
  await recipe.scrollIntoView();
  const term = await recipe.evaluateHandle((button) => button.parentElement.querySelector(".term"));
  await term.click();
  await find(".term-tip:popover-open");
  assert.equal(await recipe.evaluate((button) => button.getAttribute("aria-pressed")), "false");
  await recipe.click();
  await page.waitForFunction(() => window.seen.rows[0]?.length >= 2, { timeout: 120_000 });
  await find(".chart-pair:not([hidden])");
  const { pair, accuracy, shown, text } = await page.evaluate(() => {
    const { session, shadowRoot } = document.querySelector("alexnet-lab");
    const root = shadowRoot.querySelector(".chart-pair");
    return {
      pair: [...session.state.evaluation.pair.accuracies],
      accuracy: session.state.evaluation.accuracy,
      shown: root.checkVisibility(),
      text: root.innerText,
    };
  });
  assert.ok(shown && Math.abs((pair[0] + pair[1]) / 2 - accuracy) < 1e-9, `${pair} ${accuracy}`);
  assert.match(text, /as in training[^]*± [^]*turned by more than 19°[^]*± /);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a deck drives a lesson by messages, and its slide starts nothing before the lesson does", async () => {
  const { page, complaints } = await newPage(browser, [lab.address, deck.address], { width: 1280, height: 720 });
  await page.evaluateOnNewDocument(() => {
    window.lesson = [];
    addEventListener("message", ({ data }) => data?.event === "lesson" && window.lesson.push(data.detail.step));
  });
  await page.goto(`${deck.deck}&settings=${encodeURIComponent("v=1&backend=cpu&lesson=lrn-competition")}`);
  await page.waitForFunction(() => window.deckReady, { timeout: 120_000 });
  await page.evaluate(() => window.deck.next());
  const send = (command) => page.evaluate((name) => document.querySelector("iframe").contentWindow.postMessage({ alexnetLab: 1, command: name }, "*"), command);
  const told = (list) => page.waitForFunction((wanted) => window.lesson.join() === wanted, { timeout: 120_000 }, list.join());
  await told(["question"]);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.equal(await page.evaluate(() => window.steps.length), 0);
  await send("next");
  await told(["question", "predict"]);
  await send("back");
  await send("next");
  await send("next");
  await told(["question", "predict", "question", "predict", "run"]);
  await page.waitForFunction(() => window.steps.length >= 5, { timeout: 120_000 });
  await page.screenshot({ path: join(OUT, "lesson-deck.png") });
  await page.evaluate(() => window.deck.next());
  const inside = page.frames().find((frame) => frame.url().startsWith(lab.address));
  await inside.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "paused");
  await inside.evaluate(() => document.querySelector("alexnet-lab").session.send("keep")); // answered after the pause
  const left = await page.evaluate(() => window.steps.length);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.equal(await page.evaluate(() => window.steps.length), left, "the run waits while its slide is left");
  await page.evaluate(() => window.deck.prev());
  await page.waitForFunction((from) => window.steps.length > from, { timeout: 120_000 }, left);
  assert.deepEqual(complaints, []);
  await page.close();
});
