// The picture of each lesson fills the page, says its claim, and is legible from the last row. Chromium, CPU; the runs are recordings.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import jsqr from "jsqr";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT } from "./servers.mjs";

const LESSONS = [
  "from-lenet",
  "relu-or-sigmoid",
  "figure-1",
  "product-of-weights",
  "scale-of-weights",
  "lrn-competition",
  "norms",
  "pooling",
  "dropout",
  "covariate-shift",
];
/** Smallest share of the page's area, and of a word in pixels. */
const [AREA, WORD] = [0.5, 14];
/** Pixels of a square of a code. */
const PIXELS = 4;
/** Words may touch by this many pixels: boxes are higher than letters. */
const TOUCH = 4;

const SIZES = [
  { name: "1280x720", path: "/", viewport: { width: 1280, height: 720 }, lang: "en" },
  { name: "640x360 in a slide, in Chinese", path: "/embed.html", viewport: { width: 640, height: 360 }, lang: "zh" },
  { name: "640x360", path: "/", viewport: { width: 640, height: 360 }, lang: "en" },
];

/** Opens the lab, without motion: recordings show their end at once. */
async function open({ path, viewport, lang }, settings = "") {
  const { page, complaints } = await newPage(browser, [lab.address], viewport);
  await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
  await page.evaluateOnNewDocument(() => addEventListener("ready", () => (window.ready = true), true));
  await page.goto(`${lab.address}${path}#v=1&lang=${lang}&backend=cpu&workers=1${settings}`);
  await page.waitForFunction(() => window.ready);
  const inLab = (run, ...args) => page.evaluateHandle(() => document.querySelector("alexnet-lab")).then((element) => element.evaluate(run, ...args));
  const until = (run, ...args) => page.waitForFunction(`(${run})(document.querySelector("alexnet-lab"), ...${JSON.stringify(args)})`);
  return { page, complaints, inLab, until };
}

/** Opens a lesson at the end of its recording, with a prediction. */
async function toEnd({ inLab, until }, lesson) {
  await inLab(({ shell }, lesson) => shell.change({ lesson }), lesson);
  await until(({ shell }, lesson) => shell.lesson.panel?.lesson?.name === lesson && shell.lesson.panel.stage.picture !== null, lesson);
  await inLab(
    async ({
      shell: {
        lesson: { panel },
      },
    }) => {
      panel.choices.set(panel.lesson.name, panel.lesson.choices[0]);
      panel.go(2);
      await panel.showRecording();
    },
  );
  await until(
    ({
      shell: {
        lesson: { panel },
      },
    }) => panel.result && panel.stage.element.hasAttribute("data-claimed"),
  );
  await inLab(({ shell }) => shell.lesson.panel.go(3));
}

/** What is wrong with the picture for each other prediction. */
async function others({ inLab }) {
  const wrong = [];
  for (let at = 1; ; at++) {
    const choice = await inLab(({ shell: { lesson } }, at) => {
      const { panel } = lesson;
      const choice = panel.lesson.choices[at];
      if (choice) panel.choices.set(panel.lesson.name, choice);
      panel.showProgress();
      return choice;
    }, at);
    if (!choice) return wrong;
    const { outside, words, expected } = await inLab(look);
    if (expected === 0) wrong.push(`${choice}: not drawn`);
    wrong.push(...[...outside, ...collisions(words)].map((what) => `${choice}: ${what}`));
  }
}

/** What the page shows of the picture. */
const look = ({ shadowRoot, shell }) => {
  const svg = shadowRoot.querySelector(".lesson-picture");
  const { left, top, right, bottom, width, height } = svg.getBoundingClientRect();
  const words = [...svg.querySelectorAll("text")].map((node) => {
    const box = node.getBoundingClientRect();
    return { text: node.textContent, size: parseFloat(getComputedStyle(node).fontSize), left: box.left, right: box.right, top: box.top, bottom: box.bottom };
  });
  const claim = shadowRoot.querySelector(".stage-claim");
  const { panel } = shell.lesson;
  return {
    lanes: panel.replay.views.names,
    wanted: panel.lesson.lanes.map((lane, at) => `${at + 1} ${panel.word(`lanes.${lane}`)}`),
    share: (width * height) / (innerWidth * innerHeight),
    fold: bottom <= innerHeight && top >= 0 && claim.getBoundingClientRect().top >= 0,
    scrolls: document.scrollingElement.scrollHeight > innerHeight,
    claim: claim.textContent,
    claimed: { above: claim.getBoundingClientRect().bottom <= top + 2, size: parseFloat(getComputedStyle(claim).fontSize) },
    words,
    outside: words.filter((word) => word.left < left - 1 || word.right > right + 1 || word.top < top - 1 || word.bottom > bottom + 2).map(({ text }) => text),
    expected: svg.querySelectorAll(".pic-expected").length,
    label: svg.getAttribute("aria-label"),
    next: shadowRoot.querySelector(".guide-foot .primary").getBoundingClientRect().bottom <= innerHeight,
  };
};

/** What a phone reads in a code of dark squares. @param {string} path @param {number} side in squares */
function read(path, side) {
  const width = side * PIXELS;
  const pixels = new Uint8ClampedArray(4 * width * width).fill(255);
  for (const [, column, row] of path.matchAll(/M(\d+) (\d+)/g))
    for (let at = 0; at < PIXELS * PIXELS; at++) {
      const place = (row * PIXELS + Math.floor(at / PIXELS)) * width + column * PIXELS + (at % PIXELS);
      pixels.fill(0, 4 * place, 4 * place + 3);
    }
  return jsqr(pixels, width, width)?.data;
}

/** Words on top of each other. */
const collisions = (words) =>
  words.flatMap((a, at) =>
    words
      .slice(at + 1)
      .filter(
        (b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > TOUCH && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > TOUCH + 0.3 * a.size,
      )
      .map((b) => `${a.text} | ${b.text}`),
  );

for (const size of SIZES) {
  test(`the picture of every lesson is half of the page or more, above the fold, and legible: ${size.name}`, async () => {
    const opened = await open(size);
    for (const lesson of LESSONS) {
      await toEnd(opened, lesson);
      const seen = await opened.inLab(look);
      const what = `${lesson}: ${JSON.stringify(seen)}`;
      assert.ok(seen.share >= AREA, what);
      assert.ok(seen.fold && seen.next && !seen.scrolls, what);
      assert.ok(seen.words.length >= 5 && seen.words.every(({ size }) => size >= WORD), what);
      assert.deepEqual([seen.outside, collisions(seen.words)], [[], []], what);
      assert.deepEqual(seen.lanes, seen.wanted, "the curves name the networks as the lesson does");
      assert.match(seen.claim, /\d/, what);
      assert.ok(seen.claimed.above && seen.claimed.size >= WORD, what);
      assert.ok(seen.expected > 0, what);
      assert.match(seen.label, /\d/, what);
      assert.deepEqual(await others(opened), [], lesson);
    }
    assert.deepEqual(opened.complaints, []);
    await opened.page.close();
  });
}

test("a presenter's remote control turns the steps, B blackens the screen, and Q shows the link as a code", async () => {
  const { page, complaints, inLab, until } = await open(SIZES[0], "&lesson=pooling");
  await until(({ shell }) => shell.lesson.panel?.stage.picture);
  for (const [key, step] of [
    ["PageDown", "predict"],
    ["PageUp", "question"],
  ]) {
    await page.keyboard.press(key);
    await until(({ shell }, step) => shell.lesson.panel.step === step, step);
  }
  const black = () => inLab(({ shadowRoot }) => getComputedStyle(shadowRoot.querySelector(".lab"), "::after").backgroundColor);
  await page.keyboard.press("b");
  await until(({ shadowRoot }) => shadowRoot.querySelector("[data-black]"));
  assert.equal(await black(), "rgb(0, 0, 0)");
  await page.keyboard.press("b");
  await until(({ shadowRoot }) => !shadowRoot.querySelector("[data-black]"));
  await page.keyboard.press("q");
  await until(({ shadowRoot }) => shadowRoot.querySelector(".code[open] .code-picture"));
  const { link, width, fits, path, side } = await inLab(({ shell, shadowRoot }) => {
    const picture = shadowRoot.querySelector(".code-picture");
    const { width, bottom } = picture.getBoundingClientRect();
    const path = picture.querySelectorAll("path")[1].getAttribute("d");
    return { link: shell.context.link(), width, fits: bottom <= innerHeight, path, side: picture.viewBox.baseVal.width };
  });
  assert.ok(fits && width >= 400, `${width} pixels`);
  assert.match(link, /lesson=pooling/);
  assert.equal(read(path, side), link);
  await page.keyboard.press("Escape");
  // In the whole lab these keys scroll.
  await inLab(({ shell }) => shell.lesson.panel.stage.toggle(false));
  await page.keyboard.press("PageDown");
  assert.equal(await inLab(({ shell }) => shell.lesson.panel.step), "question");
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a link that no phone can open, or that no code can hold, is not drawn: a sentence says why", async () => {
  const { page, complaints, inLab, until } = await open(SIZES[0]);
  /** Asks for the code of a link with this many bytes. */
  const ask = async (bytes) => {
    await inLab(({ session, shell }, bytes) => {
      const start = "v=1&";
      const hold = (fragment) => Object.defineProperty(session.state, "fragment", { configurable: true, get: () => fragment, set: () => {} });
      hold(start);
      hold(start + "x".repeat(bytes - shell.context.link().length));
      shell.context.act("code");
    }, bytes);
    await until(({ shadowRoot }) => shadowRoot.querySelector(".code[open]"));
    const found = await inLab(({ shadowRoot }) => {
      const dialog = shadowRoot.querySelector(".code[open]");
      return [dialog.innerText.includes("too long"), dialog.querySelector(".code-picture") !== null];
    });
    await page.keyboard.press("Escape");
    await until(({ shadowRoot }) => !shadowRoot.querySelector(".code[open]"));
    return found;
  };
  assert.deepEqual(
    [await ask(2331), await ask(2332)],
    [
      [false, true],
      [true, false],
    ],
  );
  await page.close();

  const file = await newPage(browser, ["null"]);
  await file.page.goto(pathToFileURL(join(ROOT, "dist", "lab.html")).href);
  await file.page.waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.describe);
  await file.page.keyboard.press("q");
  await file.page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".code[open]")?.innerText.includes("it is a file"));
  assert.ok(await file.page.evaluate(() => !document.querySelector("alexnet-lab").shadowRoot.querySelector(".code-picture")));
  assert.deepEqual([...complaints, ...file.complaints], []);
  await file.page.close();
});

test("in a window too small for a slide, a lesson still opens, and its picture is as on a phone", async () => {
  for (const viewport of [
    { width: 400, height: 400 },
    { width: 640, height: 250 },
  ]) {
    const { page, complaints, until } = await open({ ...SIZES[0], viewport }, "&lesson=pooling");
    await until(({ shell }) => shell.lesson.panel?.stage.picture);
    await until(({ shadowRoot }) => shadowRoot.querySelector(".lesson-picture").checkVisibility());
    assert.deepEqual(complaints, []);
    await page.close();
  }
});

test("everything else is folded away behind one button, and comes back with it", async () => {
  const { page, complaints, inLab, until } = await open(SIZES[0], "&lesson=pooling");
  await until(({ shell }) => shell.lesson.panel?.stage.picture);
  const visible = () =>
    inLab(({ shadowRoot }) =>
      Object.fromEntries(
        [".panel-stage", ".network", ".panel-gradients", ".panel-sees"].map((name) => [name, shadowRoot.querySelector(name).checkVisibility()]),
      ),
    );
  const picture = { ".panel-stage": true, ".network": false, ".panel-gradients": false, ".panel-sees": false };
  const whole = { ".panel-stage": false, ".network": true, ".panel-gradients": true, ".panel-sees": true };
  const fold = () => inLab(({ shadowRoot }) => shadowRoot.querySelector(".stage-fold").click());
  assert.deepEqual(await visible(), picture);
  await fold();
  assert.deepEqual(await visible(), whole);
  await fold();
  assert.deepEqual(await visible(), picture);
  // Without a lesson there is no stage.
  await inLab(({ shell }) => shell.change({ lesson: "none" }));
  await until(({ shadowRoot }) => !shadowRoot.querySelector(".lab").hasAttribute("data-stage"));
  assert.deepEqual(await visible(), whole);
  assert.deepEqual(complaints, []);
  await page.close();
});
