// The lab and its charts in pages that scale them, and on screens with other pixel ratios: the pointer hits what it points at.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "./browsers.mjs";
import { startSources } from "./servers.mjs";

let sources;
before(async () => (sources = await startSources()));
after(() => sources?.close());

/** The ways in which a page can scale its content. */
const ANCESTORS = {
  "as it is": "",
  smaller: "transform: scale(0.5); transform-origin: 0 0",
  "as a deck does": "transform: scale(1.48); transform-origin: 0 0",
  "zoomed in": "zoom: 1.5",
  "zoomed out": "zoom: 0.6",
  "twice scaled": "zoom: 1.25; transform: translate(40px, 30px) scale(0.8)",
};
const [WIDTH, HEIGHT, STEPS] = [400, 240, 100];
/** Charts that show a tip at the pointer, and those in which something can be chosen. */
const [TIPS, PICKS] = [
  ["map", "filters", "bars"],
  ["map", "filters", "bars"],
];

/** Shows a chart of a kind in such an ancestor, as `window.chart`; `window.pointed()` returns what the chart finds under the pointer. */
async function show(page, kind, style) {
  await page.goto(sources.address);
  await page.evaluate(
    async (kind, style, width, height, steps) => {
      document.body.style.margin = 0;
      const around = Object.assign(document.body.appendChild(document.createElement("div")), { style });
      const host = Object.assign(around.appendChild(document.createElement("div")), { style: `width: ${width}px; height: ${height}px` });
      const options = {
        t: Object.assign((key) => key, { has: () => false }),
        say: (key) => key,
        reducedMotion: true,
        language: "en",
        onpick: (choice) => (window.choice = choice),
      };
      const cell = () => window.chart.cell;
      const make = {
        async curves() {
          const { Curves } = await import("/www/js/charts/plots/curves.js");
          window.chart = new Curves(host, { ...options, show: ["loss"] });
          window.chart.update({ training: Float32Array.from(Array.from({ length: steps }, (_, i) => [i + 1, 2, 0.5]).flat()) });
          const { plot } = window.chart.panes[0];
          return {
            canvas: () => window.chart.panes[0].plot.ctx.canvas,
            area: () => window.chart.panes[0].plot.over,
            pointed: () => window.chart.panes[0].plot.cursor.idx / (steps - 1),
          };
        },
        async percentiles() {
          const { Percentiles } = await import("/www/js/charts/plots/percentiles.js");
          window.chart = new Percentiles(host, options);
          const all = Array.from({ length: steps }, (_, i) => i);
          window.chart.update({ lanes: [{ name: "1", steps: all, values: [all, all, all] }], until: steps - 1, of: "" });
          return {
            canvas: () => window.chart.lanes[0].plot.ctx.canvas,
            area: () => window.chart.lanes[0].plot.over,
            pointed: () => window.chart.lanes[0].plot.cursor.idx / (steps - 1),
          };
        },
        async map() {
          const { PixelMap } = await import("/www/js/drill/map.js");
          window.chart = new PixelMap(host, options, "pixel");
          window.chart.update({ height: 60, width: 100, channels: [new Float32Array(6000)], place: { row: 0, column: 0 } });
          return {
            canvas: () => window.chart.canvas,
            area: () => window.chart.canvas,
            pointed: () => (cell()?.column + 0.5) / 100,
            chosen: () => (window.choice?.column + 0.5) / 100,
          };
        },
        async filters() {
          const { Filters } = await import("/www/js/charts/pictures/filters.js");
          window.chart = new Filters(host, options);
          window.chart.update({ size: 1, values: new Float32Array(400) });
          const share = (index) => (window.chart.corner(index).x + window.chart.layout.width / 2) / window.chart.width;
          return {
            canvas: () => window.chart.canvas,
            area: () => window.chart.canvas,
            pointed: () => share(cell()?.column),
            chosen: () => share(window.choice),
          };
        },
        async strip() {
          const { Ridges } = await import("/www/js/charts/gradients/ridges.js");
          window.chart = new Ridges(host, options);
          for (let step = 0; step < steps; step++)
            window.chart.update({ step, layers: ["a"], weights: new Float32Array(137).fill(1), activations: new Float32Array(137).fill(1) });
          window.chart.showLayer("a");
          return {
            canvas: () => window.chart.canvas,
            area: () => window.chart.canvas,
            pointed: () => window.chart.strip.middle(cell()?.column) / window.chart.width,
          };
        },
        async bars() {
          const { Bars } = await import("/www/js/drill/pictures.js");
          const bars = new Bars({ label: "", kinds: ["own"], onpick: (index) => (window.choice = index), say: (index) => `${(window.pointedBar = index)}` });
          bars.update(new Float32Array(100).fill(1), () => 0, 0);
          host.append(bars.element);
          window.chart = bars;
          return { canvas: () => null, area: () => bars.element, pointed: () => (window.pointedBar + 0.5) / 100, chosen: () => (window.choice + 0.5) / 100 };
        },
      };
      Object.assign(window, await make[kind]());
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    },
    kind,
    style,
    WIDTH,
    HEIGHT,
    STEPS,
  );
}

/** The window position at a share of the chart's width, halfway down. */
const place = (page, share) =>
  page.evaluate((at) => {
    const { left, top, width, height } = window.area().getBoundingClientRect();
    return { x: left + at * width, y: top + height * 0.5 };
  }, share);

for (const browserName of NAMES) {
  describe(browserName, () => {
    let browser, close;
    before(async () => ({ browser, close } = await launch(browserName)));
    after(() => close?.());

    for (const kind of ["curves", "percentiles", "map", "filters", "strip"]) {
      // Tests cannot give Firefox another screen.
      test(`a canvas has the pixels of the screen that it has come to: ${kind}`, { skip: browserName === "firefox", timeout: 300_000 }, async () => {
        const { page, complaints } = await newPage(browser, [sources.address]);
        await show(page, kind, "");
        const cut = () =>
          page.evaluate(() => {
            const [canvas, { width, height }] = [window.canvas(), window.canvas().getBoundingClientRect()];
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            // The right and the lower half: a drawing of the old size leaves them empty.
            const painted = (from, to) =>
              pixels.slice(4 * canvas.width * Math.floor(canvas.height * from), 4 * canvas.width * Math.floor(canvas.height * to)).some((value) => value > 0);
            return { ratio: [canvas.width / width, canvas.height / height], lower: painted(0.8, 1) };
          });
        for (const [at, deviceScaleFactor] of [2, 1, 1.5, 3, 2, 1].entries()) {
          // The window changes with the screen; if it does not, remote-controlled Chromium sends no event, and the next drawing notices.
          await page.setViewport({ width: 1441 + Math.min(at, 3), height: 900, deviceScaleFactor });
          if (at > 3) await page.evaluate(() => window.chart.invalidate?.());
          if (at > 3 && kind === "percentiles") await page.evaluate(() => window.chart.draw());
          await page.waitForFunction(
            (wanted) => Math.abs(window.canvas().width / window.canvas().getBoundingClientRect().width - wanted) < 0.02,
            { timeout: 120_000 },
            deviceScaleFactor,
          );
          await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
          const { ratio, lower } = await cut();
          assert.ok(ratio.every((found) => Math.abs(found - deviceScaleFactor) < 0.02) && lower, `${deviceScaleFactor}: ${ratio}, ${lower}`);
        }
        // A deck scales its slides when the window is resized.
        await page.evaluate(() => Object.assign(document.body.firstElementChild.style, { transform: "scale(1.3)", transformOrigin: "0 0" }));
        await page.setViewport({ width: 1500, height: 900, deviceScaleFactor: 1 });
        await page.waitForFunction(() => Math.abs(window.canvas().width / window.canvas().getBoundingClientRect().width - 1) < 0.02, { timeout: 120_000 });
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }

    for (const kind of ["curves", "percentiles", "map", "filters", "strip", "bars"]) {
      test(`a pointer means what it is over: ${kind}`, { timeout: 300_000 }, async () => {
        const { page, complaints } = await newPage(browser, [sources.address]);
        // A step, column or bar is 1/100 of the width, a filter more.
        const tolerance = kind === "filters" ? 0.05 : 0.02;
        for (const [name, style] of Object.entries(ANCESTORS)) {
          await show(page, kind, style);
          for (const share of [0.25, 0.75]) {
            const { x, y } = await place(page, share);
            await page.mouse.move(x + 3, y);
            await page.mouse.move(x, y);
            const { pointed, tip, sharp } = await page.evaluate(async () => {
              await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
              const box = document.querySelector(".chart-tip:popover-open")?.getBoundingClientRect();
              const canvas = window.canvas();
              return {
                pointed: window.pointed(),
                tip: box && { left: box.left, right: box.right, top: box.top, bottom: box.bottom },
                sharp: canvas ? canvas.width / canvas.getBoundingClientRect().width : 1,
              };
            });
            assert.ok(Math.abs(pointed - share) < tolerance, `${name}: ${pointed} at ${share}`);
            assert.ok(sharp > 0.99, `${name}: ${sharp} pixels of the canvas for one of the screen`);
            if (TIPS.includes(kind)) {
              const away = Math.max(tip.left - x, x - tip.right);
              assert.ok(
                away < 60 && tip.left >= 0 && tip.top >= 0 && tip.right <= 1440 && tip.bottom <= 900,
                `${name}: the tip is at ${JSON.stringify(tip)}, the pointer at ${x}, ${y}`,
              );
            }
            if (!PICKS.includes(kind)) continue;
            await page.mouse.click(x, y);
            const chosen = await page.evaluate(() => window.chosen());
            assert.ok(Math.abs(chosen - share) < tolerance, `${name}: a click chose ${chosen} at ${share}`);
          }
        }
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }
  });
}
