// The picture of each lesson fills the page, says its claim, and is legible from the last row. Chromium, CPU; the runs are recordings.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";

const LESSONS = ["relu-or-sigmoid", "product-of-weights", "scale-of-weights", "lrn-competition", "norms", "pooling", "dropout", "covariate-shift"];
/** Smallest share of the page's area, and of a word in pixels. */
const [AREA, WORD] = [0.5, 14];
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

/** What the page shows of the picture. */
const look = ({ shadowRoot }) => {
  const svg = shadowRoot.querySelector(".lesson-picture");
  const { left, top, right, bottom, width, height } = svg.getBoundingClientRect();
  const words = [...svg.querySelectorAll("text")].map((node) => {
    const box = node.getBoundingClientRect();
    return { text: node.textContent, size: parseFloat(getComputedStyle(node).fontSize), left: box.left, right: box.right, top: box.top, bottom: box.bottom };
  });
  const claim = shadowRoot.querySelector(".stage-claim");
  return {
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
      assert.match(seen.claim, /\d/, what);
      assert.ok(seen.claimed.above && seen.claimed.size >= WORD, what);
      assert.ok(seen.expected > 0, what);
      assert.match(seen.label, /\d/, what);
    }
    assert.deepEqual(opened.complaints, []);
    await opened.page.close();
  });
}
