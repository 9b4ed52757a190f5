// Going back in a run, and lessons seen as recordings, in Chromium on the CPU.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { LESSONS } from "../../www/js/lessons/list.js";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT, startLab, startLabWithout } from "./servers.mjs";

/** With all photographs, as where the lessons were recorded. */
let all;
before(async () => (all = await startLab()));
after(() => all?.close());

const SMALL = "v=1&lang=en&backend=cpu&workers=1&width=0.25&batch=8&test_every=0&norm=none&lr=0.02";
const file = (lesson) => JSON.parse(readFileSync(join(ROOT, "www", "data", "lessons", `${lesson}.json`), "utf8"));

/** Opens the lab; `window.seen` keeps, by lane and step, the norm of conv1's weight gradient as the session reports it, and the losses. */
async function open(fragment, from = lab) {
  const { page, complaints } = await newPage(browser, [from.address]);
  await page.evaluateOnNewDocument(() => {
    window.seen = { norms: [{}, {}, {}, {}], losses: [[], [], [], []] };
    addEventListener(
      "ready",
      ({ target }) => {
        window.ready = true;
        target.session.addEventListener("change", ({ detail: { kind, detail, lane } }) => {
          if (kind === "snapshot") window.seen.norms[lane][detail.step] ??= detail.parameters[133]; // in the first tensor's row, conv1.weight
          if (kind === "records") for (let i = 1; i < detail.length; i += 3) window.seen.losses[lane].push(detail[i]);
        });
      },
      true,
    );
  });
  await page.goto(`${from.address}/#${fragment}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  return { page, complaints };
}

/** Trains until there are this many snapshots, then pauses. */
async function train(page, looks) {
  await page.evaluate(() => document.querySelector("alexnet-lab").play());
  await page.waitForFunction((count) => document.querySelector("alexnet-lab").shell.views.timeline.steps.length >= count, { timeout: 120_000 }, looks);
  await page.evaluate(async () => {
    document.querySelector("alexnet-lab").pause();
    await document.querySelector("alexnet-lab").session.send("pause");
  });
  await frame(page);
}

const frame = (page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

/** The step on the control and of each chart. */
const shown = (page) =>
  page.evaluate(() => {
    const { shell, shadowRoot } = document.querySelector("alexnet-lab");
    const { timeline, ridges, norms, activations, filters, curves } = shell.views;
    const slider = shadowRoot.querySelector(".history-slider");
    const label = ({ root }) => (root.querySelector(".chart-past").hidden ? null : root.querySelector(".chart-past").textContent);
    return {
      steps: timeline.steps,
      step: timeline.step,
      curves: curves.past,
      place: [Number(slider.value), Number(slider.max)],
      says: slider.getAttribute("aria-valuetext"),
      text: shadowRoot.querySelector(".history-text").textContent,
      title: shadowRoot.querySelector(".history").title,
      ridges: ridges.charts.map(({ data }) => data && { step: data.step, norm: data.weights[133] }),
      labels: [...ridges.charts, norms, activations, filters].map(label),
      norms: norms.data?.step,
      activations: activations.data?.step,
      filters: filters.data && [...filters.data.values.slice(0, 3)],
    };
  });
const press = (page, what) => page.evaluate((name) => document.querySelector("alexnet-lab").shadowRoot.querySelector(name).click(), what);
const focusSlider = (page) => page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".history-slider").focus());

test("going back shows every chart as it was, by keys and buttons, while training goes on; Escape is the present", async () => {
  const { page, complaints } = await open(`${SMALL}&lane2=activation:sigmoid`);
  await train(page, 12);
  const live = await shown(page);
  assert.deepEqual([live.step, live.curves, live.text, live.place[0]], [null, null, "Now", live.steps.length - 1]);
  assert.ok(live.labels.every((label) => label === null));

  await focusSlider(page);
  await page.keyboard.press("Home");
  for (const _ of [1, 2, 3]) await page.keyboard.press("ArrowRight");
  await frame(page);
  const back = await shown(page);
  const step = live.steps[3];
  assert.deepEqual([back.step, back.curves, back.norms, back.activations, back.place[0]], [step, step, step, step, 3]);
  assert.equal(back.says, `Snapshot of step ${step}`);
  const recorded = await page.evaluate((step) => window.seen.norms.map((lane) => lane[step]), step);
  assert.deepEqual(
    back.ridges,
    [0, 1].map((lane) => ({ step, norm: recorded[lane] })),
    "both networks, each with what was measured of it then",
  );
  assert.notEqual(recorded[0], recorded[1]);
  for (const label of back.labels.slice(0, 4)) assert.equal(label, `Snapshot of step ${step}`);
  assert.match(back.labels[4], /^Snapshot of step \d+$/);
  assert.notDeepEqual(back.filters, live.filters, "the filters have changed since then");

  // Training continues behind it; a changed switch leaves its mark, and the snapshots stay.
  await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ lr: "0.01" }));
  await train(page, live.steps.length + 5);
  const later = await shown(page);
  assert.deepEqual([later.step, later.ridges], [step, back.ridges]);
  assert.deepEqual(later.steps.slice(0, live.steps.length), live.steps);

  await press(page, ".history-step:last-of-type");
  await frame(page);
  assert.equal((await shown(page)).step, live.steps[4]);
  // The last snapshot but one comes after the change.
  await focusSlider(page);
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await frame(page);
  assert.match((await shown(page)).text, /^Step \d+ · after “Learning rate 0.01”$/);
  await page.keyboard.press("Escape");
  await frame(page);
  const again = await shown(page);
  assert.deepEqual([again.step, again.curves, again.text], [null, null, "Now"]);
  assert.ok(again.labels.every((label) => label === null) && again.ridges.every((each) => each.step === again.steps.at(-1)));

  // After a restart from initial weights there are no snapshots.
  await press(page, ".history-step");
  await page.evaluate(() => document.querySelector("alexnet-lab").reset());
  await frame(page);
  const anew = await shown(page);
  assert.deepEqual([anew.steps, anew.step, anew.text], [[], null, "Now"]);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a network that is taken away takes its record along; the others keep theirs", async () => {
  const { page, complaints } = await open(`${SMALL}&lane2=activation:sigmoid&lane3=norm:bn`);
  await train(page, 5);
  const { steps } = await shown(page);
  const before = await page.evaluate(() => window.seen);
  await page.evaluate(() => document.querySelector("alexnet-lab").session.removeLane(1));
  await frame(page);
  await focusSlider(page);
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await frame(page);
  const back = await shown(page);
  const step = steps[1];
  assert.deepEqual(
    back.ridges,
    [0, 2].map((lane) => ({ step, norm: before.norms[lane][step] })),
  );
  const curves = await page.evaluate(() =>
    document.querySelector("alexnet-lab").shell.views.curves.records.map(({ training }) => [...training.rows].filter((_, i) => i % 3 === 1)),
  );
  assert.deepEqual(
    curves,
    [0, 2].map((lane) => before.losses[lane].map(Math.fround)),
  );
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a lesson is seen as a recording, labelled, with the outcome that was recorded; a run of this page takes its place", async () => {
  const { page, complaints } = await open("v=1&lang=en&backend=cpu&workers=1&lesson=norms", all);
  await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.lesson.panel?.lesson, { timeout: 120_000 });
  const { date, outcome, lanes } = file("norms");
  const result = await page.evaluate(async () => {
    const { panel } = document.querySelector("alexnet-lab").shell.lesson;
    panel.go(2);
    panel.stage.toggle(false); // beside the curves are the gradients
    panel.body.querySelector(".guide-recorded").click();
    const wait = (test) =>
      new Promise((resolve) =>
        (function look() {
          test() ? resolve() : setTimeout(look, 50);
        })(),
      );
    await wait(() => panel.result);
    const { shell, shadowRoot } = document.querySelector("alexnet-lab");
    const about = [...shadowRoot.querySelectorAll(".panel .recording-label")].filter((label) => label.checkVisibility()).map((label) => label.textContent);
    const visible = [...shadowRoot.querySelectorAll(".view-curves, .view-ridges, .network, .panel-sees")]
      .filter((node) => node.checkVisibility())
      .map((node) => node.className);
    panel.go(3);
    const { views } = panel.replay;
    return {
      about,
      visible,
      seen: panel.body.textContent,
      outcome: panel.body.querySelector(".guide-verdict").dataset.outcome,
      charts: views.ridges.charts.length,
      last: views.curves.records.map(({ training }) => training.rows.at(-2)),
      step: document.querySelector("alexnet-lab").session.state.step,
      looks: views.timeline.steps.length,
      own: shell.views.curves.records[0].training.count,
    };
  });
  assert.equal(result.about.length, 2, "curves and gradients");
  for (const text of [...result.about, result.seen])
    assert.ok(text.includes(date) && text.includes("seed 1") && text.includes("CPU") && text.includes("version 1"), text);
  assert.deepEqual(
    result.visible.map((name) => name.includes("recording")),
    [true, true],
    `${result.visible}`,
  );
  assert.deepEqual([result.outcome, result.charts, result.step, result.own], [outcome, lanes.length, 0, 0], "nothing was trained");
  lanes.forEach(({ loss }, lane) => assert.ok(Math.abs(result.last[lane] - loss.at(-1)) < 1e-5, `${lane}`));
  assert.ok(result.looks >= 3);

  // The first ten steps of the same run, in this page, on this machine.
  await page.evaluate(() => document.querySelector("alexnet-lab").shell.lesson.panel.runAgain(1));
  await page.waitForFunction(() => window.seen.losses.every((losses) => losses.length >= 10), { timeout: 120_000 });
  const { losses, replay, offers } = await page.evaluate(() => {
    const { session, shell } = document.querySelector("alexnet-lab");
    const { panel } = shell.lesson;
    // As on a slower device: a little less and a little more than two minutes left.
    const offers = [118_000, 122_000].map((left) => {
      session.state.milliseconds = left / (panel.lesson.until - panel.recording.step);
      panel.showProgress();
      const offer = panel.body.querySelector(".guide-offer");
      return offer.hidden ? "" : offer.textContent;
    });
    return { losses: window.seen.losses, replay: panel.replay, offers };
  });
  assert.equal(replay, null);
  assert.equal(offers[0], "");
  assert.match(offers[1], /about 2 more minutes/);
  losses.forEach((each, lane) => {
    for (let step = 0; step < 10; step++)
      assert.ok(Math.abs(each[step] - lanes[lane].loss[step]) < 1e-3, `lane ${lane}, step ${step + 1}: ${each[step]}, recorded ${lanes[lane].loss[step]}`);
  });
  assert.deepEqual(complaints, []);
  await page.close();
});

test("where the engine cannot start, the lesson says so and offers its recording", async () => {
  const broken = await startLabWithout("pkg");
  const { page } = await newPage(browser, [broken.address]);
  // Half a minute of pauses before further tries is none of this test's business.
  await page.evaluateOnNewDocument(() => {
    const wait = setTimeout;
    window.setTimeout = (work, time, ...given) => wait(work, time >= 1000 ? time / 20 : time, ...given);
  });
  await page.goto(`${broken.address}/#v=1&lang=en`);
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session?.state.phase === "failed", { timeout: 120_000 });
  await page.keyboard.press("g");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".guide-entry"), { timeout: 120_000 });
  const found = await page.evaluate(async () => {
    const { shadowRoot, shell } = document.querySelector("alexnet-lab");
    const wait = (test) =>
      new Promise((resolve) =>
        (function look() {
          test() ? resolve() : setTimeout(look, 50);
        })(),
      );
    shadowRoot.querySelector(".guide-entry").click();
    const { panel } = shell.lesson;
    await wait(() => panel.lesson);
    panel.act("next");
    panel.act("next");
    const offer = panel.body.querySelector(".guide-offer");
    const offered = offer.hidden ? "" : offer.textContent;
    await wait(() => panel.result); // the recording starts by itself
    const run = [...panel.body.querySelectorAll("button.action")].filter((button) => button.checkVisibility()).map((button) => button.textContent);
    panel.act("next");
    return {
      offered,
      run,
      outcome: panel.result.outcome,
      sentences: panel.body.querySelectorAll("[data-saw]").length,
      curves: panel.replay.views.hosts.curves.checkVisibility(),
    };
  });
  // A link to a lesson opens it as well.
  await page.goto(`${broken.address}/embed.html#v=1&lang=en&lesson=norms`);
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shell?.lesson.panel?.lesson?.name === "norms", { timeout: 120_000 });
  broken.close();
  assert.match(found.offered, /could not start/);
  assert.deepEqual(found.run, ["Leave the recording"]);
  const [{ name, sentences }] = LESSONS;
  assert.deepEqual([found.outcome, found.sentences, found.curves], [file(name).outcome, sentences.length, true]);
  await page.close();
});
