// A monkey uses the whole page during training: its actions follow from a seed, and a failure lists the last ones.
//
// After each action the page must answer without complaints; the DOM must contain no NaN and no key in place of a text.
// Play must train, whatever was done before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";

/** `SEEDS=4,5` tries other seeds. */
const SEEDS = (process.env.SEEDS ?? "1,2,3").split(",").map(Number);
const ACTIONS = 300;
const SMALL = "v=1&width=0.25&batch=8&test_size=40&test_every=20&backend=cpu&workers=1";
/** A long wait tells a frozen page or a stuck run from a busy machine, ms. */
const PATIENCE = 120_000;
/** Bytes of JavaScript objects that a page never needs. */
const HEAP = 400e6;

const SIZES = [
  [1440, 900],
  [390, 844],
  [640, 360],
  [288, 600],
];
const KEYS = [" ", "s", "r", "a", "n", "p", "d", "g", "j", "k", "l", "t", "?", "Escape", "Tab", "Enter", "ArrowRight", "ArrowDown", "Home"];
const LINKS = [
  SMALL,
  `${SMALL}&norm=bn&lane2=norm:lrn&lane3=activation:sigmoid,lr:0.1`,
  `${SMALL}&lr=10&norm=bn&test_every=5`,
  `${SMALL}&data=toy&inside=true&layer=conv2&dropout=0.5`,
  `${SMALL}&lesson=scale-of-weights`,
  `${SMALL}&lr=0&controls=slide`,
  // The default network would train for minutes.
  `${SMALL}&norm=banana&lane2=nose:1`,
];

/** Numbers from 0 to 1 that follow from a seed (mulberry32). @param {number} seed */
function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** In the page: uses one of the visible controls, and names it. @param {number} which @param {number} how both 0 to 1 */
function use(which, how) {
  // On two cores these take minutes per step or to compile, which is slow but not stuck.
  const heavy = /^(arch|width|batch|depth|backend|workers|data|hold_back)$/;
  const wanted = "button, select, input, [role=tab], summary, canvas, label.entry, .chip, [tabindex='0']";
  const root = document.querySelector("alexnet-lab").shadowRoot;
  const modal = [...root.querySelectorAll("dialog:modal")].at(-1);
  const things = [...(modal ?? root).querySelectorAll(wanted)].filter((element) => {
    const key = element.closest("[data-key]")?.dataset.key ?? "";
    return element.checkVisibility({ visibilityProperty: true }) && !element.disabled && element.type !== "file" && !heavy.test(key);
  });
  if (things.length === 0) return "nothing to use";
  // Each part of the page has the same chance, however many controls it has.
  const parts = Map.groupBy(things, (thing) => thing.closest("header, section, dialog, [popover], .status, .lanes, .network, [role=toolbar], [role=tablist]"));
  const at = which * parts.size;
  const part = [...parts.values()][Math.floor(at)];
  const thing = part[Math.floor((at % 1) * part.length)];
  const pick = (choices) => choices[Math.floor(how * choices.length)];
  const say = (events) => events.forEach((type) => thing.dispatchEvent(new Event(type, { bubbles: true, composed: true })));
  const name = `${thing.localName}.${thing.className || thing.id || ""} “${(thing.ariaLabel ?? thing.textContent ?? "").trim().slice(0, 40)}”`;
  if (thing.localName === "select") {
    thing.value = pick([...thing.options]).value;
    say(["input", "change"]);
    return `${name} = ${thing.value}`;
  }
  if (thing.type === "range") {
    thing.value = String(Number(thing.min) + how * (Number(thing.max) - Number(thing.min)));
    say(["input", "change"]);
    return `${name} at ${thing.value}`;
  }
  if (thing.type === "text" || thing.type === "number") {
    thing.value = pick(["0", "0.02", "0,02", "", "abc", "-1", "1e9", "NaN", "3"]);
    say(["input", "change"]);
    return `${name} = “${thing.value}”`;
  }
  if (thing.localName === "canvas" || how < 0.2) {
    const { left, top, width, height } = thing.getBoundingClientRect();
    const at = { bubbles: true, composed: true, pointerId: 1, clientX: left + how * width, clientY: top + which * height };
    for (const type of ["pointermove", "pointerdown", "pointerup"]) thing.dispatchEvent(new PointerEvent(type, at));
    thing.dispatchEvent(new MouseEvent("mousemove", at));
  }
  thing.click();
  return name;
}

/** In the page: forbidden texts and values in its DOM. */
function blemishes() {
  const root = document.querySelector("alexnet-lab").shadowRoot;
  const found = [];
  const forbidden = /\b(NaN|Infinity|undefined)\b/;
  // One look at all of it is much faster than thousands at each attribute.
  for (const element of forbidden.test(root.innerHTML) ? root.querySelectorAll("*") : []) {
    for (const { name, value } of element.attributes) if (forbidden.test(value)) found.push(`${element.localName} ${name}="${value.slice(0, 60)}"`);
  }
  const text = root.querySelector(".lab")?.innerText ?? "";
  found.push(
    ...(text.match(/.*(\bundefined\b|\[object |\b(?:options|settings|errors|notes|status|actions|units|tabs|about|lanes)\.[a-z_]+|epoch\s+NaN).*/gi) ?? []),
  );
  return found;
}

/** Fails when the page does not answer. @template T @param {Promise<T>} answer @param {string} what @returns {Promise<T>} */
function patient(answer, what) {
  let timer;
  const end = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`the page does not answer: ${what}`)), PATIENCE)));
  return Promise.race([answer, end]).finally(() => clearTimeout(timer));
}

for (const seed of SEEDS) {
  test(`a monkey finds no error and no stuck state, seed ${seed}`, async (context) => {
    const { page, complaints } = await newPage(browser, [lab.address]);
    const cdp = await page.createCDPSession();
    await cdp.send("Performance.enable");
    await cdp.send("Browser.setDownloadBehavior", { behavior: "deny" });
    page.on("dialog", (dialog) => dialog.dismiss());
    await page.evaluateOnNewDocument(() => {
      window.steps = 0;
      addEventListener("ready", () => (window.ready = true), true);
      addEventListener("step", () => window.steps++, true);
    });
    await page.goto(`${lab.address}/#${SMALL}&autoplay=true`);
    await page.waitForFunction(() => window.ready, { timeout: PATIENCE });

    const roll = dice(seed);
    const pick = (choices) => choices[Math.floor(roll() * choices.length)];
    const done = [];
    const act = async () => {
      // The test is about a training page, so every tenth action is Play.
      if (done.length % 10 === 0) {
        await page.evaluate(() => document.querySelector("alexnet-lab").play());
        return "play";
      }
      const kind = roll();
      if (kind < 0.72) return page.evaluate(use, roll(), roll());
      if (kind < 0.9) {
        const key = pick(KEYS);
        await page.keyboard.press(key);
        return `key “${key}”`;
      }
      if (kind < 0.96) {
        const [width, height] = pick(SIZES);
        await page.setViewport({ width, height });
        return `window ${width}x${height}`;
      }
      const link = pick(LINKS);
      await page.evaluate((fragment) => (location.hash = fragment), link);
      return `link ${link}`;
    };
    const trail = () => `seed ${seed}, action ${done.length}:\n${done.slice(-12).join("\n")}`;

    while (done.length < ACTIONS) {
      done.push("…");
      done[done.length - 1] = await patient(act(), trail());
      // The resulting events and drawings are over after a frame.
      const found = await patient(page.evaluate(`new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))).then(${blemishes})`), trail());
      assert.deepEqual(
        complaints.filter((complaint) => !complaint.endsWith("net::ERR_ABORTED")),
        [],
        trail(),
      ); // downloads that another link does not need
      assert.deepEqual(found, [], trail());
    }
    assert.ok((await page.evaluate(() => window.steps)) > 0, "it trained meanwhile");

    // Whatever the state, a link and Play start training.
    await page.setViewport({ width: 1440, height: 900 });
    await page.evaluate(
      (fragment) => {
        for (const open of document.querySelector("alexnet-lab").shadowRoot.querySelectorAll("dialog[open]")) open.close();
        location.hash = fragment;
      },
      `${SMALL}&seed=${seed + 10}`,
    );
    const settled = (wanted) => {
      const { state } = document.querySelector("alexnet-lab").session;
      return state.config.seed === wanted && !state.busy;
    };
    await page.waitForFunction(settled, { timeout: PATIENCE }, String(seed + 10)).catch(() => assert.fail(`a new link is not taken; ${trail()}`));
    const before = await page.evaluate(() => {
      document.querySelector("alexnet-lab").play();
      return window.steps;
    });
    const trained = await page.waitForFunction((from) => window.steps > from + 5, { timeout: PATIENCE }, before).catch(() => null);
    const { phase, wanted, visible, problem } = await page.evaluate(() => document.querySelector("alexnet-lab").session.state);
    assert.ok(trained, `it does not train: ${JSON.stringify({ phase, wanted, visible, problem })}; ${trail()}`);
    const { metrics } = await cdp.send("Performance.getMetrics");
    const heap = metrics.find(({ name }) => name === "JSHeapUsedSize").value;
    assert.ok(heap < HEAP, `${Math.round(heap / 1e6)} MB of objects`);
    context.diagnostic(`${await page.evaluate(() => window.steps)} steps, ${Math.round(heap / 1e6)} MB of objects`);
    await page.close();
  });
}
