// While the worker trains at full speed, the main thread stays free: no task over 50 ms, room for 50 frames per second, no drawing
// without news, and none that repeats the last. The number of frames depends on the machine's other load: benches/smooth.mjs counts them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { countDrawings } from "./drawings.mjs";
import { CASES, FRAMES_PER_SECOND, LONGEST_TASK, call, open, train, watchThread } from "./main_thread.mjs";

const SECONDS = 4;
/** The worker reports its steps every 30 ms at most. */
const DRAWINGS_PER_SECOND = 40;
/** Charts that must be drawn. */
const CHARTS = ["curves", "ridges", "spark"];
/** Frames in which a page at rest draws nothing. */
const REST = 60;

for (const { name, steps: warm, settings } of CASES) {
  test(`the page has little to do while it trains, and does nothing in vain, ${name}`, async (context) => {
    const { page, complaints } = await newPage(browser, [lab.address]);
    await open(page, lab.address, settings);
    await call(page, "play");
    await train(page, warm);

    const { tasks, frame, speed } = await watchThread(page, SECONDS);
    context.diagnostic(`${frame.toFixed(1)} ms a frame, longest task ${tasks[0]?.toFixed(1)} ms, core ${speed.toFixed(2)}`);
    assert.ok(tasks.length > SECONDS * 10, `only ${tasks.length} tasks were traced`);
    assert.ok(tasks[0] <= LONGEST_TASK, `a task of the main thread took ${tasks[0].toFixed(1)} ms`);
    assert.ok(frame <= 1000 / FRAMES_PER_SECOND, `the main thread spent ${frame.toFixed(1)} ms on a frame`);

    await countDrawings(page);
    const start = await page.evaluate(() => performance.now());
    await train(page, warm);
    // On a slow machine expensive charts are drawn rarely.
    await page.waitForFunction(
      (end, charts) => performance.now() >= end && charts.every((chart) => `${Object.keys(window.drawings)}`.includes(chart)),
      {},
      start + 1000 * SECONDS,
      CHARTS,
    );
    const { drawings, seconds } = await page.evaluate((from) => ({ drawings: window.drawings, seconds: (performance.now() - from) / 1000 }), start);
    context.diagnostic(JSON.stringify(drawings));
    const tooOften = Object.entries(drawings).filter(([, { drawn }]) => drawn > seconds * DRAWINGS_PER_SECOND);
    assert.deepEqual(tooOften, [], `drawn too often in ${seconds.toFixed(1)} s`);
    const vain = (all) => Object.entries(all).filter(([, count]) => count.vain > 0);
    assert.deepEqual(vain(drawings), [], "drawn as it was");

    // After the pause it draws the remaining data, and nothing more.
    await call(page, "pause");
    await page.waitForFunction(
      (frames) => {
        const drawn = Object.values(window.drawings).reduce((sum, count) => sum + count.drawn, 0);
        window.rest = drawn === window.last ? window.rest + 1 : 0;
        window.last = drawn;
        return window.rest >= frames;
      },
      { polling: "raf" },
      REST,
    );
    assert.deepEqual(vain(await page.evaluate(() => window.drawings)), [], "drawn as it was");
    assert.deepEqual(complaints, []);
    await page.close();
  });
}
