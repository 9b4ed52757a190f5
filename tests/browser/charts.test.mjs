// Charts of all possible data: no point, one, equal ones, NaN and infinite values; axes with room for their labels.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { startSources } from "./servers.mjs";

let sources;
before(async () => (sources = await startSources()));
after(() => sources?.close());

/** An attribute or a style that says NaN or Infinity, anywhere below a node. */
const NOT_FINITE = `(root) => [...root.querySelectorAll("*")].flatMap((node) => [...node.attributes].filter(({ name, value }) => !name.startsWith("aria-") && name !== "title" && /NaN|Infinity/.test(value)).map(({ name, value }) => node.tagName + " " + name + "=" + value))`;

test("every chart draws, describes and points at data of every kind", { timeout: 300_000 }, async () => {
  const { page, complaints } = await newPage(browser, [sources.address]);
  await page.goto(sources.address);
  const problems = await page.evaluate(async (notFinite) => {
    const load = (path) => import(`/www/js/${path}.js`);
    const [
      { Ridges },
      { Norms },
      { DepthNorms },
      { Activations },
      { Filters },
      { FeatureMaps },
      { Confusion },
      { Spark },
      { Curves },
      { Percentiles },
      { Updates },
      { PixelMap },
      pictures,
      rows,
    ] = await Promise.all(
      [
        "charts/gradients/ridges",
        "charts/gradients/norms",
        "charts/gradients/depth_norms",
        "charts/plots/activations",
        "charts/pictures/filters",
        "charts/pictures/feature_maps",
        "charts/pictures/confusion",
        "charts/gradients/spark",
        "charts/plots/curves",
        "charts/plots/percentiles",
        "charts/plots/updates",
        "drill/map",
        "drill/pictures",
        "charts/rows",
      ].map(load),
    );
    const { GRADIENT_ROW, ACTIVATION_ROW } = rows;
    const t = (key, fields) => `${key} ${Object.values(fields ?? {}).join(" ")}`;
    const options = {
      t: Object.assign(t, { has: () => false }),
      say: Object.assign(t, { has: () => false }),
      reducedMotion: true,
      language: "en",
      onpick: () => {},
    };
    /** Kinds of numbers. */
    const kinds = { zero: 0, one: 1, nan: NaN, infinite: Infinity, minus: -Infinity, huge: 3e38, tiny: 1e-45, negative: -2 };
    const problems = [];
    const hosts = () => Object.assign(document.body.appendChild(document.createElement("div")), { style: "width: 420px; height: 260px" });
    const fill = (n, value) => new Float32Array(n).fill(value);
    const names = (n) => Array.from({ length: n }, (_, i) => `layer${i}`);
    /** Makes a chart, feeds it, and performs every action of a reader. */
    const attempt = async (name, make, data, also = () => {}) => {
      const host = hosts();
      try {
        const chart = make(host);
        chart.resize?.();
        for (const each of data) {
          chart.update(each);
          also(chart);
          if (chart.paint) {
            chart.paint();
            chart.describe();
            const { rows, columns } = chart.grid();
            for (const row of [0, rows - 1]) for (const column of [0, columns - 1]) if (rows * columns > 0 && row >= 0) chart.tipOf({ row, column });
            for (const at of [0, 1, 130, 259, 419]) chart.cellAt(at, at / 2);
          } else await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        }
        for (const words of notFinite(host)) problems.push(`${name}: ${words}`);
        chart.destroy?.();
      } catch (error) {
        problems.push(`${name}: ${error.stack}`);
      }
      host.remove();
    };
    const makers = { notFinite: eval(notFinite) };
    notFinite = makers.notFinite;
    for (const [kind, value] of Object.entries(kinds)) {
      for (const n of [0, 1, 3]) {
        const name = (chart) => `${chart}, ${n} times ${kind}`;
        const gradients = (step) => ({
          step,
          layers: names(n),
          weights: fill(n * GRADIENT_ROW, value),
          activations: fill(n * GRADIENT_ROW, value),
          activation: "sigmoid",
          events: [{ step: 0, label: "x" }],
        });
        await attempt(name("ridges"), (host) => new Ridges(host, options), [gradients(0), gradients(1)]);
        if (n > 0)
          await attempt(
            name("strip"),
            (host) => new Ridges(host, options),
            [gradients(0), gradients(1), gradients(1), gradients(9)],
            (chart) => chart.showLayer("layer0"),
          );
        await attempt(name("norms"), (host) => new Norms(host, options), [gradients(0)]);
        await attempt(name("depth norms"), (host) => new DepthNorms(host, options), [
          {
            layers: names(n),
            lanes: [
              { name: "1", norms: Array(n).fill(value) },
              { name: "2", norms: [] },
            ],
            bound: Array(n).fill(value),
          },
        ]);
        await attempt(name("activations"), (host) => new Activations(host, options), [{ step: 0, layers: names(n), rows: fill(n * ACTIVATION_ROW, value) }]);
        await attempt(name("filters"), (host) => new Filters(host, options), [{ size: 3, values: fill(n * 28, value) }]);
        await attempt(name("maps"), (host) => new FeatureMaps(host, options), [
          { layer: "conv1", height: 4, width: 4, channels: n, values: fill(16 * n, value) },
        ]);
        await attempt(name("confusion"), (host) => new Confusion(host, options), [
          { classes: names(n), counts: new Uint32Array(n * n), count: 0, holdBack: "none", mistakes: fill(4 * 0, 0), pixels: new Uint8Array() },
        ]);
        if (n > 0) await attempt(name("spark"), (host) => new Spark(host, options), [{ layer: "conv1", row: fill(GRADIENT_ROW, value) }]);
        await attempt(name("map"), (host) => new PixelMap(host, options, "pixel"), [
          { height: n, width: n, channels: [fill(n * n, value)], place: { row: 0, column: 0 } },
        ]);
        const steps = names(n).map((_, i) => i);
        await attempt(name("percentiles"), (host) => new Percentiles(host, options), [
          { lanes: [{ name: "1", steps, values: [0, 1, 2].map(() => steps.map(() => value)) }], until: 0, of: "" },
        ]);
        await attempt(name("updates"), (host) => new Updates(host, options, t), [
          { curves: [{ name: "1", steps, values: steps.map(() => value) }], rule: null, until: 0, of: "" },
        ]);
        const records = (start) => Float32Array.from(steps.flatMap((step) => [start + step, value, value]));
        for (const lanes of [[""], ["1 a", "2 b"]]) {
          for (const change of [
            () => {},
            (chart) => chart.logLoss(true),
            (chart) => chart.showGap(true),
            (chart) => lanes.length > 1 && chart.showDifferences(true),
          ]) {
            await attempt(
              name(`curves of ${lanes.length}`),
              (host) => new Curves(host, options),
              [
                { lanes, training: records(1), test: records(1), events: [{ step: 0, label: "x" }] },
                { lane: 1, training: records(1), test: records(2) },
              ],
              change,
            );
          }
        }
        for (const [picture, make, update] of [
          ["bars", () => new pictures.Bars({ label: "", kinds: ["own"], say: () => "" }), (bars) => bars.update(fill(n, value), () => 0, 0, value)],
          ["grid", () => new pictures.Grid([""], n), (grid) => grid.update(Array(n * n).fill(value))],
          ["ranking", () => new pictures.Ranking([""]), (ranking) => ranking.update(steps.map(() => ({ name: "x", value })))],
          ["curve", () => new pictures.Curve((x) => 1 / (1 + Math.exp(-x))), (curve) => curve.update(value)],
          ["steep curve", () => new pictures.Curve((x) => Math.max(x, 0)), (curve) => curve.update(value)],
        ]) {
          const host = hosts();
          const made = make();
          host.append(made.element);
          update(made);
          for (const words of notFinite(host)) problems.push(`${name(picture)}: ${words}`);
          host.remove();
        }
      }
    }
    return [...new Set(problems)];
  }, NOT_FINITE);
  assert.deepEqual(problems, []);
  assert.deepEqual(complaints, []);
  await page.close();
});

/** The lab with a small network, once its engine is ready. */
async function open(settings, path = "/", viewport = undefined) {
  const { page, complaints } = await newPage(browser, [lab.address], viewport);
  await page.evaluateOnNewDocument(() => addEventListener("ready", () => (window.ready = true), true));
  await page.goto(`${lab.address}${path}#v=1&width=0.25&batch=8&test_size=40&backend=cpu&workers=1&${settings}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  return { page, complaints };
}

const press = (page, words) =>
  page.evaluate(
    (text) =>
      [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll("button")]
        .find((button) => button.textContent === text || button.getAttribute("aria-label") === text)
        .click(),
    words,
  );

/** Trains to a step, or until it diverges. */
async function train(page, step) {
  await page.evaluate(() => document.querySelector("alexnet-lab").play());
  await page.waitForFunction(
    (to) => {
      const { lanes, phase } = document.querySelector("alexnet-lab").session.state;
      return phase === "diverged" || Math.max(...lanes.map((lane) => lane.step)) >= to;
    },
    { timeout: 240_000 },
    step,
  );
  await page.evaluate(() => document.querySelector("alexnet-lab").pause());
}

test("before the first step and after a restart, a logarithmic figure is stored as it is: without curves", { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "alexnet-lab-figures-"));
  const client = await browser.target().createCDPSession();
  await client.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
  const { page, complaints } = await open("");
  await press(page, "Log");
  await press(page, "Export");
  for (const restarted of [false, true]) {
    if (restarted) {
      await train(page, 2);
      await press(page, "Restart");
      await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.step === 0);
    }
    for (const [end, start] of [
      ["svg", "<svg"],
      ["png", "\x89PNG"],
    ]) {
      const file = join(folder, `alexnet-step-0.${end}`);
      rmSync(file, { force: true });
      await page.waitForFunction(
        (words) => [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll("button")].some((button) => button.textContent.includes(words)),
        {},
        end.toUpperCase(),
      );
      await page.evaluate(
        (words) =>
          [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll("button")].find((button) => button.textContent.includes(words)).click(),
        end.toUpperCase(),
      );
      while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(readFileSync(file, "latin1").slice(0, start.length), start);
    }
  }
  assert.deepEqual(complaints, []);
  rmSync(folder, { recursive: true });
  await page.close();
});

/** The first and the last column of a plot's pixels: anything painted there has been cut off. Also the axis labels. */
const EDGES = () =>
  document
    .querySelector("alexnet-lab")
    .shell.views.curves.panes.filter(({ root }) => !root.hidden)
    .map(({ plot }) => {
      const {
        ctx,
        ctx: { canvas },
      } = plot;
      const painted = (x) => ctx.getImageData(x, 0, 1, canvas.height).data.some((value, at) => at % 4 === 3 && value > 0);
      return { labels: plot.axes[1]._values, left: painted(0), right: painted(canvas.width - 1) };
    });

for (const [name, path, viewport, settings] of [
  ["the whole lab", "/", undefined, "lang=en"],
  ["the whole lab in Chinese", "/", undefined, "lang=zh"],
  ["a slide", "/embed.html", { width: 640, height: 360 }, "lang=en"],
]) {
  test(`labels of an axis are whole, however long: ${name}`, { timeout: 300_000 }, async () => {
    const { page, complaints } = await open(`norm=bn&lr=10&weight_decay=0.1&test_every=20&${settings}`, path, viewport);
    await train(page, 100);
    for (const logarithmic of [false, true]) {
      await page.evaluate((on) => document.querySelector("alexnet-lab").shell.views.curves.logLoss(on), logarithmic);
      await page.waitForFunction(
        (on) => {
          const [{ plot, scale }] = document.querySelector("alexnet-lab").shell.views.curves.panes;
          return scale.logarithmic === on && plot.axes[1]._values.some((label) => /e\d/.test(label));
        },
        {},
        logarithmic,
      );
      for (const { labels, left, right } of await page.evaluate(EDGES)) assert.deepEqual({ labels, left, right }, { labels, left: false, right: false });
    }
    assert.deepEqual(complaints, []);
    await page.close();
  });
}

test("the axis beside a plot grows with its labels, and does not jump while they change", async () => {
  const { page } = await newPage(browser, [sources.address]);
  await page.goto(sources.address);
  const sizes = await page.evaluate(async () => {
    const { Curves } = await import("/www/js/charts/plots/curves.js");
    const host = Object.assign(document.body.appendChild(document.createElement("div")), { style: "width: 420px; height: 260px" });
    const curves = new Curves(host, { t: (key) => key, reducedMotion: true, language: "en" });
    const sizes = [];
    for (const [step, loss] of [
      [1, 2.3],
      [2, 1e22],
      [3, 3e22],
      [4, 1e23],
    ]) {
      curves.update({ training: Float32Array.of(step, loss, 0.1) });
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      sizes.push(curves.panes[0].plot.axes[1]._size);
    }
    curves.update({ restart: true, training: Float32Array.of(1, 2.3, 0.1) });
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return [...sizes, curves.panes[0].plot.axes[1]._size];
  });
  assert.ok(sizes[1] > sizes[0] && sizes[2] === sizes[1] && sizes[3] === sizes[1] && sizes[4] === sizes[0], String(sizes));
  await page.close();
});

for (const { width, height } of [
  { width: 1440, height: 900 },
  { width: 1280, height: 720 },
  { width: 390, height: 844 },
]) {
  test(`a plot ends where its stage ends, whatever is chosen: ${width} x ${height}`, async () => {
    const { page } = await newPage(browser, [sources.address], { width, height });
    await page.goto(sources.address);
    const wrong = await page.evaluate(async () => {
      const { Curves } = await import("/www/js/charts/plots/curves.js");
      const wrong = [];
      for (const lanes of [[""], ["1 no norm, ReLU", "2 batch norm"], ["1 no norm, ReLU", "2 batch norm", "3 lr 10", "4 average pooling"]]) {
        // Widths at which the legend has one, two and three lines.
        for (const width of [250, 330, 410, 490, 570, 650, 760, 900].filter((width) => width <= innerWidth)) {
          const host = Object.assign(document.body.appendChild(document.createElement("div")), { style: `width: ${width}px; height: 460px` });
          const texts = { "charts.curves.train": "training", "charts.curves.smoothed": " (smoothed)", "charts.curves.test": "test" };
          const curves = new Curves(host, { t: (key) => texts[key] ?? key.split(".").at(-1), reducedMotion: true, language: "en" });
          lanes.forEach((_, lane) =>
            curves.update({ lanes, lane, training: Float32Array.of(1, 2.31, 0.1, 2, 2.3 - lane, 0.2), test: Float32Array.of(2, 2.32, 0.1) }),
          );
          const look = async (after) => {
            await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            for (const { stage, root } of curves.panes.filter(({ root }) => !root.hidden)) {
              const [end, most] = [stage.querySelector(".uplot"), stage].map((node) => node.getBoundingClientRect().bottom);
              if (Math.abs(end - most) > 1) wrong.push(`${lanes.length} in ${width} pixels, after ${after}: ${end} instead of ${most}`);
            }
          };
          await look("start");
          for (const on of [true, false]) {
            for (const [after, choose] of [
              ["log", () => curves.logLoss(on)],
              ["gap", () => curves.showGap(on)],
              ["difference", () => lanes.length > 1 && curves.showDifferences(on)],
              ["theme", () => curves.refreshTheme()],
            ]) {
              choose();
              await look(after);
            }
          }
          curves.destroy();
          host.remove();
        }
      }
      return wrong;
    });
    assert.deepEqual(wrong, []);
    await page.close();
  });
}

test("a network that explodes leaves the loss of the others their axis, with ticks, on both kinds of axis", { timeout: 300_000 }, async () => {
  const { page, complaints } = await open("norm=none&lr=0.01&test_every=20&lane2=norm:bn,lr:10,weight_decay:0.1");
  await train(page, 40);
  for (const logarithmic of [false, true]) {
    await page.evaluate((on) => document.querySelector("alexnet-lab").shell.views.curves.logLoss(on), logarithmic);
    const { scale, ticks, low, high } = await page.evaluate(() => {
      const [{ scale, tracks }] = document.querySelector("alexnet-lab").shell.views.curves.panes;
      const calm = [...tracks[0].smooth.y, ...tracks[0].test.y];
      return { scale: { low: scale.low, high: scale.high }, ticks: scale.ticks(200, 30), low: Math.min(...calm), high: Math.max(...calm) };
    });
    assert.ok(scale.low <= low && scale.high >= high && scale.high < 2 * high, `${scale.low} to ${scale.high} for ${low} to ${high}`);
    assert.ok(ticks.length > 2, String(ticks));
  }
  assert.deepEqual(complaints, []);
  await page.close();
});

test("ridges side by side say the same below the same line, however narrow", async () => {
  const { page } = await newPage(browser, [sources.address]);
  await page.goto(sources.address);
  const found = await page.evaluate(async () => {
    const [{ Ridges }, { RidgeScale }, { GRADIENT_ROW }] = await Promise.all(
      ["gradients/ridges", "gradients/ridge_scale", "rows"].map((name) => import(`/www/js/charts/${name}.js`)),
    );
    const layers = ["conv1", "conv2", "fc8"];
    return [70, 110, 170, 240, 330, 450].map((width) => {
      const scale = new RidgeScale();
      let leader;
      const said = [1, 2, 3].map(() => {
        const host = Object.assign(document.body.appendChild(document.createElement("div")), { style: `width: ${width + (leader ? 0 : 50)}px; height: 260px` });
        const chart = new Ridges(host, { t: (key) => key.split(".").at(-1), reducedMotion: true, language: "en", scale, leader });
        leader ??= chart;
        chart.resize();
        chart.update({ step: 1, layers, weights: new Float32Array(3 * GRADIENT_ROW), activations: new Float32Array(3 * GRADIENT_ROW) });
        const said = [];
        const { fillText } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.fillText = (text) => /^(gone|1e-\d+|0\.01|1)$/.test(text) && said.push(text);
        chart.paint();
        CanvasRenderingContext2D.prototype.fillText = fillText;
        return said.sort().join(" ");
      });
      return { width, said };
    });
  });
  for (const { width, said } of found) assert.ok(said[0].includes("gone") && said.every((words) => words === said[0]), `${width}: ${said.join(" | ")}`);
  await page.close();
});

test("differences of networks that have diverged set neither axis: it is the run's, and fits the others", async () => {
  const { page } = await newPage(browser, [sources.address]);
  await page.goto(sources.address);
  const found = await page.evaluate(async () => {
    const { Curves } = await import("/www/js/charts/plots/curves.js");
    const found = [];
    // The networks that do not diverge, of four.
    for (const calm of [[0], [0, 3], [3]]) {
      const host = Object.assign(document.body.appendChild(document.createElement("div")), { style: "width: 900px; height: 300px" });
      const curves = new Curves(host, { t: (key) => key, reducedMotion: true, language: "en" });
      const lanes = ["1 a", "2 b", "3 c", "4 d"];
      for (const [lane] of lanes.entries()) {
        const rows = Array.from({ length: 340 }, (_, at) => [at + 1, 2.3 - 0.1 * lane - at / 1000, 0.1]);
        const exploding = [...rows.slice(0, 60), ...rows.slice(60, 70).map(([step], at) => [step, 10 ** at, 0.1]), [71, NaN, 0.1]];
        curves.update({ lanes, lane, training: Float32Array.from((calm.includes(lane) ? rows : exploding).flat()) });
      }
      curves.showDifferences(true);
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const [{ plot, scale }] = curves.panes;
      found.push([plot.scales.x.max, scale.low, scale.high]);
      curves.destroy();
    }
    return found;
  });
  for (const [last, low, high] of found) assert.ok(last === 340 && low > -1 && low < 0 && high > 0 && high < 1, `to step ${last}, ${low} to ${high}`);
  await page.close();
});

test("a run that diverges brings no number that is none into the page, whatever is open", { timeout: 240_000 }, async () => {
  const { page, complaints } = await open("lr=10&test_every=5&inside=true&layer=conv2");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".drill-card-body"));
  await train(page, 200);
  assert.equal(await page.evaluate(() => document.querySelector("alexnet-lab").session.state.phase), "diverged");
  for (const layer of ["conv1", "conv2", "conv5", "fc6", "fc8"]) {
    await page.evaluate((name) => document.querySelector("alexnet-lab").shell.drill.open(name), layer);
    await page.evaluate(() => document.querySelector("alexnet-lab").step());
    await page.waitForFunction(
      (name) => document.querySelector("alexnet-lab").shell.drill.panel.block === name && document.querySelector("alexnet-lab").shell.drill.panel.reading,
      { timeout: 120_000 },
      layer,
    );
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  }
  await page.evaluate(() => document.querySelector("alexnet-lab").shell.drill.panel.dialog.close());
  for (const [group, names] of [
    ["gradients", ["norms", "activations", "ridges"]],
    ["sees", ["filters", "maps", "confusion", "predictions"]],
    ["more", ["data", "cost", "export"]],
  ]) {
    for (const name of names) {
      await page.evaluate((tabs, tab) => document.querySelector("alexnet-lab").shell.tabs[tabs].choose(tab), group, name);
      await page.evaluate(() => document.querySelector("alexnet-lab").step());
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    }
  }
  await page.evaluate(() => document.querySelector("alexnet-lab").shell.views.timeline.recall(1));
  const wrong = await page.evaluate(() =>
    [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll("svg *, [style]")].flatMap((node) =>
      [...node.attributes].filter(({ value }) => /NaN|Infinity|undefined/.test(value)).map(({ name, value }) => `${node.tagName} ${name}=${value}`),
    ),
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(complaints, []);
  await page.close();
});
