// Frames per second that the page draws while its worker trains at full speed, and without training, and the processor time of its main thread.
// tests/browser/smooth.test.mjs tests the causes.
// usage: node benches/smooth.mjs     in Chromium, on a quiet machine; writes target/benches/smooth.json
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch, newPage } from "../tests/browser/browsers.mjs";
import { CASES, call, countFrames, open, train, watchThread } from "../tests/browser/main_thread.mjs";
import { ROOT, startLab } from "../tests/browser/servers.mjs";

const SECONDS = 6;
/** The machine may be busy for a while: the best stretch counts. */
const STRETCHES = 3;

const lab = await startLab();
const { browser, close } = await launch("chromium");
const results = {};
for (const { name, steps: warm, settings } of CASES) {
  const { page } = await newPage(browser, [lab.address]);
  await open(page, lab.address, settings);
  const stretches = [];
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const { rate: idle } = await countFrames(page, 1);
    await call(page, "play");
    const start = await train(page, warm);
    const { rate, frame, tasks } = await watchThread(page, SECONDS);
    const steps = (await page.evaluate(() => window.steps)) - start;
    await call(page, "pause");
    stretches.push({ frames_per_second: rate, without_training: idle, ms_per_frame: frame, longest_task_ms: tasks[0], steps_per_second: steps / SECONDS });
  }
  results[name] = stretches.toSorted((a, b) => b.frames_per_second - a.frames_per_second)[0];
  console.log(name, Object.fromEntries(Object.entries(results[name]).map(([key, value]) => [key, Number(value.toFixed(1))])));
  await page.close();
}
await close();
lab.close();
mkdirSync(join(ROOT, "target", "benches"), { recursive: true });
writeFileSync(join(ROOT, "target", "benches", "smooth.json"), JSON.stringify(results, null, 2));
