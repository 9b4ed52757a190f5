// What the page's views cost the training: steps per second of the page as it opens, over those of the same worker with nothing watched.
// usage: node benches/loop.mjs [ROUNDS]     in Chromium; writes target/benches/loop.json
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch, newPage } from "../tests/browser/browsers.mjs";
import { ROOT, startLab } from "../tests/browser/servers.mjs";

const CASES = {
  "CPU, width 0.25, batch 8": "backend=cpu&width=0.25&batch=8",
  "CPU, width 1, batch 32": "backend=cpu&width=1&batch=32",
  "GPU, width 0.25, batch 8": "backend=gpu&width=0.25&batch=8",
  "GPU, width 1, batch 16": "backend=gpu&width=1&batch=16",
};
/** Evaluations belong to training, and are far apart. */
const SETTINGS = "v=1&autoplay=true&workers=1&test_every=0";
/** Length of a stretch and what comes before it, ms: the views' own pauses take up to some seconds. */
const [SETTLE, STRETCH] = [1500, 8000];
const ROUNDS = Number(process.argv[2] ?? 7);
const NOTHING = { snapshot: false, batch: false, filters: false, maps: null, predict: null, unit: null, every: 0 };

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Steps per second over a stretch. */
async function rate(page) {
  await sleep(SETTLE);
  const mark = () => page.evaluate(() => [window.last, window.steps]);
  const [[from, first], [to, last]] = [await mark(), (await sleep(STRETCH), await mark())];
  return (1000 * (last - first)) / (to - from);
}

const lab = await startLab();
const { browser, close } = await launch("chromium");
const results = {};
for (const [name, settings] of Object.entries(CASES)) {
  const { page } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.steps = 0;
    // The steps' own number: the page may hear of several at once.
    addEventListener("step", ({ detail }) => ([window.last, window.steps] = [performance.now(), detail.step]), true);
    // Every watch that the page asks for is kept, and replaced while nothing is to be watched.
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message, ...rest) {
      if (message?.command === "watch") [window.worker, window.watch] = [this, message];
      return postMessage.call(this, message?.command === "watch" && window.blind ? { ...message, args: [window.blind] } : message, ...rest);
    };
  });
  await page.goto(`${lab.address}/#${SETTINGS}&${settings}`);
  await page.waitForFunction(() => window.steps > 20);
  const watch = (blind) =>
    page.evaluate((blind) => {
      window.blind = blind;
      window.worker.postMessage(window.watch);
    }, blind);
  const rounds = [];
  while (rounds.length < ROUNDS) {
    await watch(null);
    const watched = await rate(page);
    await watch(NOTHING);
    rounds.push({ watched, alone: await rate(page) });
  }
  const share = median(rounds.map(({ watched, alone }) => watched / alone));
  results[name] = { share, watched: median(rounds.map(({ watched }) => watched)), alone: median(rounds.map(({ alone }) => alone)), rounds };
  console.log(`${name}: ${results[name].watched.toFixed(1)} of ${results[name].alone.toFixed(1)} steps per second, ${share.toFixed(3)} of them`);
  await page.close();
}
await close();
lab.close();
mkdirSync(join(ROOT, "target", "benches"), { recursive: true });
writeFileSync(join(ROOT, "target", "benches", "loop.json"), JSON.stringify(results, null, 1));
