// What networks side by side cost in the page: the time of a step with one, two and four lanes, alternating in one browser.
// usage: node benches/lanes.mjs [chromium|firefox] [settings]     a table; lanes differ in their seeds
import { launch, newPage } from "../tests/browser/browsers.mjs";
import { startLab } from "../tests/browser/servers.mjs";

const TURNS = 5;
const SECONDS = 6;
const LANES = [1, 2, 4];

const [place = "chromium", settings = "backend=cpu"] = process.argv.slice(2);
const lab = await startLab();
const { browser, close } = await launch(place);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Milliseconds per step of all lanes together, over some seconds after the first steps. */
async function measure(lanes) {
  const { page } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.steps = [];
    addEventListener("step", ({ detail }) => detail.lane === 0 && window.steps.push(performance.now()), true);
  });
  const others = Array.from({ length: lanes - 1 }, (_, at) => `&lane${at + 2}=seed:${at + 2}`).join("");
  await page.goto(`${lab.address}/#v=1&autoplay=true&test_every=0&${settings}${others}`);
  await page.waitForFunction(() => window.steps.length > 10, { timeout: 300_000 });
  const ms = await page.evaluate(async (seconds) => {
    const first = window.steps.length;
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    return (window.steps.at(-1) - window.steps[first]) / (window.steps.length - 1 - first);
  }, SECONDS);
  await page.close();
  return ms;
}

const turns = [];
for (let turn = 0; turn < TURNS; turn++) {
  const ms = [];
  for (const lanes of LANES) ms.push(await measure(lanes));
  turns.push(ms);
}
await close();
lab.close();
console.log(`${place}, ${settings}: lanes, ms a step, times one lane (medians of ${TURNS} turns of ${SECONDS} s)`);
LANES.forEach((lanes, at) => {
  const ratio = median(turns.map((ms) => ms[at] / ms[0]));
  console.log(
    `${String(lanes).padStart(4)} ${median(turns.map((ms) => ms[at]))
      .toFixed(1)
      .padStart(9)} ${ratio.toFixed(2).padStart(7)}`,
  );
});
