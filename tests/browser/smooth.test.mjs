// While the worker trains at full speed, the main thread stays free: no task over 50 ms, 50 frames a second or more.
//
// A task is measured by the processor time that its thread spent, from Chromium's trace: on a machine that other programs share,
// the time on the clock also counts how long the thread was kept waiting. Frames are counted on the clock; where the idle page
// does not reach the rate either, the machine says nothing about the page, and only the tasks are judged.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, newPage } from "./browsers.mjs";
import { startLab } from "./servers.mjs";

const SECONDS = 8;
const LONGEST_TASK = 50;
const FRAMES_PER_SECOND = 50;

let lab, browser, close;
before(async () => {
  lab = await startLab();
  ({ browser, close } = await launch("chromium"));
});
after(async () => {
  await close?.();
  lab?.close();
});

/** Frames a second for a while. */
const frameRate = (page, seconds) =>
  page.evaluate(async (limit) => {
    const frames = [];
    await new Promise((resolve) => {
      const frame = (now) => {
        frames.push(now);
        if (now - frames[0] < 1000 * limit) requestAnimationFrame(frame);
        else resolve();
      };
      requestAnimationFrame(frame);
    });
    return (1000 * (frames.length - 1)) / (frames.at(-1) - frames[0]);
  }, seconds);

/** Processor time in ms of each task of the threads that run pages. */
function tasks(trace) {
  const { traceEvents } = JSON.parse(new TextDecoder().decode(trace));
  const thread = (event) => `${event.pid}:${event.tid}`;
  const main = new Set(traceEvents.filter((event) => event.name === "thread_name" && event.args.name === "CrRendererMain").map(thread));
  return traceEvents.filter((event) => event.name.endsWith("RunTask") && main.has(thread(event)) && event.tdur !== undefined).map((event) => event.tdur / 1000);
}

for (const backend of ["cpu", "gpu"]) {
  test(`the page draws smoothly while it trains, ${backend}`, async (context) => {
    const { page, complaints } = await newPage(browser, [lab.address]);
    await page.evaluateOnNewDocument(() => {
      window.steps = 0;
      addEventListener("ready", () => (window.ready = true), true);
      addEventListener("step", () => window.steps++, true);
    });
    await page.goto(`${lab.address}/#v=1&width=0.25&batch=8&test_size=40&test_every=20&backend=${backend}`);
    await page.waitForFunction(() => window.ready, { timeout: 120_000 });
    await page.waitForNetworkIdle({ timeout: 120_000 });
    const idle = await frameRate(page, 2);
    await page.evaluate(() => document.querySelector("alexnet-lab").play());
    // The first evaluation is drawn: from here on it is the steady state.
    await page.waitForFunction(() => window.steps >= 25, { timeout: 240_000 });

    const before = await page.evaluate(() => window.steps);
    await page.tracing.start({ categories: ["toplevel"] });
    const rate = await frameRate(page, SECONDS);
    const spent = tasks(await page.tracing.stop()).sort((a, b) => b - a);
    const steps = (await page.evaluate(() => window.steps)) - before;

    const busy = spent.reduce((sum, time) => sum + time, 0) / (SECONDS * 10);
    context.diagnostic(`${rate.toFixed(1)} frames/s (idle ${idle.toFixed(1)}), longest task ${spent[0]?.toFixed(1)} ms, busy ${busy.toFixed(0)} %, ${steps} steps`);
    assert.ok(steps > 0, "it did not train while it was watched");
    assert.ok(spent.length > SECONDS * 10, `only ${spent.length} tasks were traced`);
    assert.ok(spent[0] <= LONGEST_TASK, `a task of the main thread took ${spent[0].toFixed(1)} ms`);
    if (idle >= FRAMES_PER_SECOND) assert.ok(rate >= FRAMES_PER_SECOND, `${rate.toFixed(1)} frames a second`);
    else context.diagnostic(`this machine is too busy to judge the frames: ${idle.toFixed(1)} a second before training`);
    assert.deepEqual(complaints, []);
    await page.close();
  });
}
