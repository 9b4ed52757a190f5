// A lesson's findings depend on settings and seed, not on the clock; and only its run trains while it is open. Chromium, CPU.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT, startLab } from "./servers.mjs";

/** With all photographs, as where the lessons were recorded. */
let all;
before(async () => (all = await startLab()));
after(() => all?.close());

/** Opens a lesson. `inLab(run, ...args)` runs `run(element, ...args)` there; `until` waits for a condition there. */
async function open(lesson, settings = "", { path = "/", viewport, from = lab } = {}) {
  const { page, complaints } = await newPage(browser, [from.address], viewport);
  await page.evaluateOnNewDocument(() => addEventListener("ready", () => (window.ready = true), true));
  await page.goto(`${from.address}${path}#v=1&lang=en&backend=cpu&workers=1&lesson=${lesson}${settings}`);
  await page.waitForFunction(
    (lesson) => window.ready && (lesson === "none" || document.querySelector("alexnet-lab").shell.lesson.panel?.lesson),
    { timeout: 120_000 },
    lesson,
  );
  const element = await page.evaluateHandle(() => document.querySelector("alexnet-lab"));
  const inLab = (run, ...args) => element.evaluate(run, ...args);
  const until = async (run, ...args) => {
    for (const end = Date.now() + 280_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) if (await inLab(run, ...args)) return;
    assert.fail(`waited in vain for ${run}`);
  };
  return { page, complaints, inLab, until };
}

/** A lesson's findings: sentences and table; the steps of its snapshots; and the number of all snapshots. */
async function told({ inLab, until }) {
  await until(({ shell }) => shell.lesson.panel.result);
  return inLab(({ shell, shadowRoot }) => {
    shell.lesson.panel.go(3);
    const texts = (selector) => [...shadowRoot.querySelectorAll(selector)].map((node) => node.textContent);
    return {
      said: texts(".guide-verdict dd, [data-saw], .guide-table td"),
      steps: shell.lesson.panel.result.run.lanes.map(({ history }) => history.map(({ step }) => step)),
      snapshots: window.snapshots,
    };
  });
}

/** Runs a shortened lesson in a worker whose clock runs `factor` times as fast, like a machine that is `factor` times as slow. */
async function run(lesson, fragment, steps, factor, disturb) {
  const opened = await open(lesson);
  const engine = opened.page.workers().find((worker) => worker.url().includes("worker.js"));
  await engine.evaluate((factor) => {
    const now = performance.now.bind(performance);
    performance.now = () => factor * now();
  }, factor);
  await opened.inLab(
    ({ session, shell }, fragment, until) => {
      window.snapshots = 0;
      session.addEventListener("change", ({ detail }) => (window.snapshots += detail.kind === "snapshot"));
      Object.assign(shell.lesson.panel.lesson, { until, fragment: `${shell.lesson.panel.lesson.fragment}&${fragment}` });
      shell.lesson.panel.go(1);
      shell.lesson.panel.act("next");
    },
    fragment,
    steps,
  );
  await disturb?.(opened);
  const found = await told(opened);
  assert.deepEqual(opened.complaints, []);
  await opened.page.close();
  return found;
}

for (const [lesson, fragment, steps, looks] of [
  ["covariate-shift", "batch=8&train_size=1000", 80, [1, ...Array.from({ length: 16 }, (_, i) => 5 * i + 5)]],
  ["scale-of-weights", "batch=8", 60, [1, 10, 20, 30, 40, 50, 60]],
]) {
  test(`${lesson} says the same on a slow machine and on a fast one, paused or not`, async () => {
    const fast = await run(lesson, fragment, steps, 0.02);
    const slow = await run(lesson, fragment, steps, 50, async ({ inLab, until }) => {
      await until(({ shell }) => shell.lesson.panel.recording?.step >= 12);
      await inLab(async (lab) => {
        lab.pause();
        await lab.session.send("pause");
        for (let i = 0; i < 3; i++) await lab.session.step();
        lab.play();
      });
    });
    assert.deepEqual(
      fast.steps,
      fast.steps.map(() => looks),
    );
    assert.deepEqual(slow.steps, fast.steps);
    assert.ok(fast.said.length > 8 && !fast.said.join().includes("NaN"), fast.said.join());
    assert.deepEqual(slow.said, fast.said);
    // The snapshots timed by the clock differ, so a lesson that used them would report something else.
    assert.notEqual(slow.snapshots, fast.snapshots);
  });
}

test("a lesson begins with its recording; the run behind it takes its place, and says the same on a machine that rounds as the one that recorded it", async () => {
  const file = JSON.parse(readFileSync(join(ROOT, "www", "data", "lessons", "scale-of-weights.json"), "utf8"));
  const opened = await open("scale-of-weights", "&seed=1", { from: all });
  const { page, inLab, until, complaints } = opened;
  await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]); // the recording shows its end at once
  await inLab(({ shell: { lesson } }) => {
    window.left = 60;
    Object.defineProperty(lesson.panel, "left", { get: () => window.left }); // however fast this machine is
    lesson.panel.go(1);
    lesson.panel.act("next");
  });
  const recorded = await told(opened);
  await until(({ session }) => session.state.wanted); // after its first step
  const seen = await inLab(({ shell: { lesson }, shadowRoot }) => {
    lesson.panel.go(2);
    const words = shadowRoot.querySelector(".guide-behind").textContent;
    return { shown: lesson.panel.replay !== null, behind: lesson.panel.recording.outcome, words };
  });
  assert.ok(seen.shown, "the run takes the recording's place only when it is over");
  assert.equal(seen.behind, "going");
  assert.match(seen.words, /^The same run is going on this device, at step [\d,]+ of [\d,]+\./);
  await until(({ shell }) => shell.lesson.panel.result.recorded === undefined);
  assert.equal(await inLab(({ shell }) => shell.lesson.panel.replay), null);
  const live = await told(opened);
  assert.deepEqual(recorded.steps, live.steps);
  assert.equal(recorded.said[1], live.said[1], "the outcome, on any machine");
  const losses = await inLab(({ shell }) =>
    shell.lesson.panel.result.run.lanes.map(({ records }) => records.slice(0, 100).map((row) => Number(row[1].toPrecision(5)))),
  );
  if (JSON.stringify(losses) === JSON.stringify(file.lanes.map(({ loss }) => loss))) assert.deepEqual(recorded.said, live.said);
  // Again: as soon as the run turns out to be quick, it is shown itself.
  await inLab(({ shell: { lesson } }) => (lesson.panel.go(2), lesson.panel.begin()));
  await until(({ shell }) => shell.lesson.panel.replay?.ahead);
  await inLab(() => (window.left = 10));
  await until(({ shell }) => shell.lesson.panel.replay === null);
  assert.equal(await inLab(({ shell }) => shell.lesson.panel.recording.outcome), "going");
  assert.deepEqual(complaints, []);
  await page.close();
});

const standing = ({ session, shell }) => [shell.lesson.panel.step, session.state.lanes.length, session.state.step];

test("Play leads through a lesson to its run: nothing else trains, by button, by keys, and when a host says so", async () => {
  for (const play of [
    ({ page }) => page.keyboard.press(" "),
    ({ page }) => page.keyboard.press("s"),
    ({ inLab }) => inLab((lab) => lab.play()),
    ({ inLab }) => inLab((lab) => lab.step()),
    ({ inLab }) => inLab(({ shadowRoot }) => shadowRoot.querySelector(".play").click()),
  ]) {
    const opened = await open("product-of-weights", "&autoplay=true");
    const { page, inLab, until, complaints } = opened;
    // Small batches, and no end: this is not about what the run finds.
    await inLab(({ shell: { lesson } }) => {
      const { lesson: own } = lesson.panel;
      Object.assign(own, { until: 10_000, fragment: `${own.fragment}&batch=8` });
    });
    await page.evaluate(() => document.activeElement?.blur?.());
    await play(opened);
    await until(({ shell }) => shell.lesson.panel.step === "predict");
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(await inLab(standing), ["predict", 1, 0], "the default network stands still");
    await play(opened);
    await until(({ session }) => session.state.lanes.length === 3 && session.state.step >= 3);
    assert.equal((await inLab(standing))[0], "run");
    assert.equal(await inLab(({ shell }) => shell.lesson.panel.recording.lanes[0].first.step), 1);
    // From here on Play trains the lesson's networks.
    await inLab(async (lab) => (lab.pause(), await lab.session.send("pause")));
    const { step } = await inLab(({ session }) => session.state);
    await inLab((lab) => lab.play());
    await until(({ session }, step) => session.state.lanes.length === 3 && session.state.step > step, step);
    // No hint invites changes to the compared networks.
    await until(({ shadowRoot }) => shadowRoot.querySelector(".status-text").textContent === "Training.");
    assert.deepEqual(complaints, []);
    await page.close();
  }
});

test("what trained before a lesson was opened waits while it asks", async () => {
  const { page, inLab, until, complaints } = await open("none", "&width=0.25&batch=8");
  await inLab((lab) => lab.play());
  await until(({ session }) => session.state.step >= 3);
  await inLab(({ shell }) => shell.change({ lesson: "norms" }));
  await until(({ session, shell }) => shell.lesson.panel?.step === "question" && session.state.phase === "paused");
  assert.equal((await inLab(standing))[1], 1);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("the smallest view shows no lesson: there Play runs it at once", async () => {
  const { page, inLab, until, complaints } = await open("lrn-competition", "", { path: "/embed.html", viewport: { width: 320, height: 240 } });
  const said = ({ shadowRoot }) => shadowRoot.querySelector(".status-text").textContent;
  await until(({ shadowRoot }) => shadowRoot.querySelector(".status-text").textContent === "Press Play to start the lesson’s run.");
  assert.ok(
    await inLab(({ shadowRoot }) => {
      const [line, chart] = [".status-line", ".main"].map((name) => shadowRoot.querySelector(name).getBoundingClientRect());
      return line.height > 0 && line.bottom <= chart.top;
    }),
    "the sentence does not cover the axis",
  );
  await inLab(({ shadowRoot }) => shadowRoot.querySelector(".play").click());
  await until(({ session }) => session.state.lanes.length === 4 && session.state.step >= 2);
  assert.deepEqual(await inLab(({ shell }) => [shell.size, shell.lesson.panel.step, shell.lesson.panel.recording.lanes.map(({ first }) => first?.step)]), [
    "mini",
    "run",
    [1, 1, 1, 1],
  ]);
  assert.equal(await inLab(said), "Training.");
  const outside = await inLab(({ shadowRoot }) =>
    [...shadowRoot.querySelectorAll(".chart-pane:not([hidden]) .chart-key")]
      .filter((key) => {
        const [box, legend] = [key, key.closest(".chart-legend")].map((node) => node.getBoundingClientRect());
        return box.right > legend.right + 1 || box.bottom > legend.bottom + 1;
      })
      .map((key) => key.textContent),
  );
  assert.deepEqual(outside, []);
  assert.deepEqual(complaints, []);
  await page.close();
});
