// What the page's views cost the training: steps per second of the page as it opens, over those of the same worker without snapshots, and
// with nothing watched. And how many snapshots it takes per second.
// usage: node benches/loop.mjs [ROUNDS] [CASE]     in Chromium; CASE is the start of a name; writes target/benches/loop.json
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch, newPage } from "../tests/browser/browsers.mjs";
import { ROOT, startLab } from "../tests/browser/servers.mjs";

const CASES = {
  "CPU, width 0.25, batch 8": "backend=cpu&width=0.25&batch=8&workers=1",
  "CPU, width 1, batch 32": "backend=cpu&width=1&batch=32&workers=1",
  "CPU, two workers, width 1, batch 32": "backend=cpu&width=1&batch=32&workers=2",
  "GPU, width 0.25, batch 8": "backend=gpu&width=0.25&batch=8",
  "GPU, width 1, batch 16": "backend=gpu&width=1&batch=16",
};
/** Evaluations belong to training, and are far apart. */
const SETTINGS = "v=1&autoplay=true&test_every=0";
/** Length of a stretch and what comes before it, ms: the views' own pauses take up to some seconds. */
const [SETTLE, STRETCH] = [1500, 8000];
const ROUNDS = Number(process.argv[2] ?? 7);
const NOTHING = { snapshot: false, batch: false, filters: false, maps: null, predict: null, unit: null, every: 0 };

const CHOSEN = Object.entries(CASES).filter(([name]) => name.startsWith(process.argv[3] ?? ""));

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Steps and snapshots per second over a stretch. */
async function rates(page) {
  await sleep(SETTLE);
  const mark = () => page.evaluate(() => [window.last, window.steps, performance.now(), window.snapshots]);
  const [[from, first, start, some], [to, last, end, more]] = [await mark(), (await sleep(STRETCH), await mark())];
  return { steps: (1000 * (last - first)) / (to - from), snapshots: (1000 * (more - some)) / (end - start) };
}

const lab = await startLab();
const { browser, close } = await launch("chromium");
const results = {};
for (const [name, settings] of CHOSEN) {
  const { page } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.steps = window.snapshots = 0;
    // The steps' own number: the page may hear of several at once.
    addEventListener("step", ({ detail }) => ([window.last, window.steps] = [performance.now(), detail.step]), true);
    // Every watch that the page asks for is kept, and parts of it are replaced.
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message, ...rest) {
      if (message?.command !== "watch") return postMessage.call(this, message, ...rest);
      if (!window.worker) this.addEventListener("message", ({ data }) => (window.snapshots += data.event === "snapshot"));
      [window.worker, window.watch] = [this, message];
      return postMessage.call(this, { ...message, args: [{ ...message.args[0], ...window.blind }] }, ...rest);
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
    await watch({});
    const watched = await rates(page);
    await watch({ snapshot: false });
    const { steps: plain } = await rates(page);
    await watch(NOTHING);
    const { steps: alone } = await rates(page);
    rounds.push({ watched: watched.steps, snapshots: watched.snapshots, plain, alone });
  }
  const [watched, snapshots, plain, alone] = ["watched", "snapshots", "plain", "alone"].map((what) => median(rounds.map((round) => round[what])));
  const [share, share_of_plain] = ["alone", "plain"].map((what) => median(rounds.map((round) => round.watched / round[what])));
  results[name] = { share, share_of_plain, watched, snapshots, plain, alone, rounds };
  console.log(
    `${name}: ${watched.toFixed(1)} steps per second with ${snapshots.toFixed(2)} snapshots, ${share_of_plain.toFixed(3)} of those without snapshots ` +
      `(${plain.toFixed(1)}), ${share.toFixed(3)} of those without any view (${alone.toFixed(1)})`,
  );
  await page.close();
}
await close();
lab.close();
mkdirSync(join(ROOT, "target", "benches"), { recursive: true });
writeFileSync(join(ROOT, "target", "benches", "loop.json"), JSON.stringify(results, null, 1));
