// The page with little room, as at 500 % zoom, and in forced colours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";

async function open(settings, viewport) {
  const { page, complaints } = await newPage(browser, [lab.address], viewport);
  await page.evaluateOnNewDocument(() => addEventListener("ready", () => (window.ready = true), true));
  await page.goto(`${lab.address}/#v=1&width=0.25&batch=8&test_size=40&backend=cpu&workers=1&${settings}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  return { page, complaints };
}

const inRoot = (page, act, ...args) => page.evaluate(`(${act})(document.querySelector("alexnet-lab").shadowRoot, ...${JSON.stringify(args)})`);

const SCENES = {
  "the lab": "lang=en",
  "in Chinese": "lang=zh",
  "four networks": "lane2=norm:bn&lane3=activation:sigmoid,lr:0.02&lane4=pool:avg",
  "a lesson": "lesson=relu-or-sigmoid",
  "a lesson in Chinese": "lesson=norms&lang=zh",
  "inside a layer": "inside=true&layer=conv2",
  "inside a layer in Chinese": "inside=true&layer=fc6&lang=zh",
  exports: "lang=en",
  "exports in Chinese": "lang=zh",
  "a run that diverged": "lr=10",
};

for (const [scene, settings] of Object.entries(SCENES)) {
  test(`288 pixels hold ${scene}`, { timeout: 300_000 }, async () => {
    const { page, complaints } = await open(settings, { width: 288, height: 800 });
    if (settings.startsWith("lesson")) await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.lesson.panel?.body.textContent);
    if (settings.startsWith("inside")) await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".drill-card-body"));
    if (scene.startsWith("exports")) {
      await page.evaluate(() => document.querySelector("alexnet-lab").shell.tabs.more.choose("export"));
      await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".tab-export .action"));
    }
    if (settings === "lr=10") {
      await page.evaluate(() => document.querySelector("alexnet-lab").play());
      await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "diverged", { timeout: 120_000 });
    }
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 288);
    // No button or legend lies beyond the edge without a way to scroll there.
    const cut = await inRoot(page, (root) =>
      [...root.querySelectorAll("button, .segment span, .chart-key, .drill-head h2")]
        .filter((node) => {
          const box = node.getBoundingClientRect();
          if (box.width === 0 || getComputedStyle(node).visibility === "hidden") return false;
          for (let at = node.parentElement; at; at = at.parentElement) {
            const { overflowX } = getComputedStyle(at);
            if (overflowX === "auto" || overflowX === "scroll") return false;
            if (overflowX !== "visible" && box.right > at.getBoundingClientRect().right + 1) return true;
          }
          return box.right > innerWidth + 1;
        })
        .map((node) => node.textContent || node.getAttribute("aria-label")),
    );
    assert.deepEqual(cut, []);
    assert.deepEqual(complaints, []);
    await page.close();
  });
}

test("the tabs of every panel are whole beside each other, in both languages", { timeout: 300_000 }, async () => {
  for (const lang of ["en", "zh"]) {
    const { page } = await open(`lang=${lang}`, { width: 1100, height: 800 });
    for (const width of [1100, 1200, 1280, 1300, 1440]) {
      await page.setViewport({ width, height: 800 });
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      const cut = await inRoot(page, (root) =>
        [...root.querySelectorAll(".tab-list")]
          .filter((list) => list.scrollWidth > list.clientWidth)
          .map((list) => `${list.textContent}: ${list.scrollWidth} in ${list.clientWidth}`),
      );
      assert.deepEqual({ lang, width, cut }, { lang, width, cut: [] });
    }
    await page.close();
  }
});

/** Pairs of a chosen and an unchosen element, which must differ in forced colours. */
const CHOSEN = [
  [".segment input:checked + span", ".segment input:not(:checked) + span"],
  ['.tab[aria-selected="true"]', '.tab[aria-selected="false"]'],
  [".lane[data-shown]", ".lane:not([data-shown])"],
  ['.chart-toggle[aria-pressed="true"]', '.chart-toggle[aria-pressed="false"]'],
  ['.chart-choice [aria-pressed="true"]', '.chart-choice [aria-pressed="false"]'],
  [".toggle:checked", ".toggle:not(:checked)"],
  ['.drill-block[aria-pressed="true"]', '.drill-block[aria-pressed="false"]'],
];

for (const scheme of ["light", "dark"]) {
  test(`in forced colours, ${scheme}, what is chosen is seen, and charts are legible`, { timeout: 300_000 }, async () => {
    const { page, complaints } = await open(`lane2=norm:bn&augment=true&overlap=false&theme=${scheme === "dark" ? "light" : "dark"}`);
    await page.emulateMediaFeatures([
      { name: "forced-colors", value: "active" },
      { name: "prefers-color-scheme", value: scheme },
    ]);
    await page.evaluate(() => document.querySelector("alexnet-lab").shell.views.curves.logLoss(true));
    await page.evaluate(() => document.querySelector("alexnet-lab").shell.drill.open("conv2"));
    await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".drill-block"));
    const looks = await inRoot(
      page,
      (root, pairs) =>
        pairs.map((pair) =>
          pair.map((selector) => {
            const node = [...root.querySelectorAll(selector)].find(({ hidden }) => !hidden);
            if (!node) return null;
            const { backgroundColor, color, outlineStyle } = getComputedStyle(node);
            return { backgroundColor, color, outlineStyle };
          }),
        ),
      CHOSEN,
    );
    looks.forEach(([chosen, other], at) => {
      assert.ok(chosen && (other || CHOSEN[at][0].startsWith(".toggle")), CHOSEN[at].join(" "));
      if (other)
        assert.ok(
          chosen.outlineStyle !== other.outlineStyle || chosen.backgroundColor !== other.backgroundColor,
          `${CHOSEN[at][0]}: ${JSON.stringify(chosen)}, ${JSON.stringify(other)}`,
        );
    });
    const { canvas, palette } = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement("span"));
      probe.style.color = "Canvas";
      return { canvas: getComputedStyle(probe).color, palette: document.querySelector("alexnet-lab").shell.views.curves.palette };
    });
    const light = (colour) => {
      const unit = colour.startsWith("color(") ? 1 : 255;
      const [r, g, b] = colour
        .replace("color(srgb", "")
        .match(/[\d.]+/g)
        .map((x) => Number(x) / unit)
        .map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    assert.equal(palette.surface, canvas);
    for (const [name, least] of [
      ["ink", 7],
      ["muted", 7],
      ["lane-1", 3],
      ["lane-2", 3],
      ["lane-3", 3],
      ["lane-4", 3],
      ["gradient-ink", 3],
    ]) {
      assert.ok(contrast(palette[name], canvas) >= least, `${name}: ${palette[name]} on ${canvas}: ${contrast(palette[name], canvas)}`);
    }
    assert.notEqual(palette["lane-1"], palette["lane-2"], "curves keep their hues");
    assert.deepEqual(complaints, []);
    await page.close();
  });
}
