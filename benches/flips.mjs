// How long a flip of a switch holds up the training on a software GPU: from the flip to the first step of the changed network.
// usage: node benches/flips.mjs [ROUNDS] [SETTINGS]     in Chromium, on a quiet machine; writes target/benches/flips.json
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch, newPage } from "../tests/browser/browsers.mjs";
import { ROOT, startLab } from "../tests/browser/servers.mjs";

const ROUNDS = Number(process.argv[2] ?? 3);
const SETTINGS = process.argv[3] ?? "width=1&batch=16";
/** Each switch there and back; the way back finds its kernels compiled. */
const FLIPS = ["norm=bn", "norm=lrn", "pool=avg", "pool=max", "activation=leaky_relu", "activation=relu"];
/** Time before each flip, ms: the page compiles ahead. */
const BEFORE = 3000;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

const lab = await startLab();
const { browser, close } = await launch("chromium");
const results = Object.fromEntries(FLIPS.map((flip) => [flip, []]));
for (let round = 0; round < ROUNDS; round++) {
  const { page } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.stepped = new Promise((resolve) => addEventListener("step", resolve, { capture: true, once: true }));
  });
  await page.goto(`${lab.address}/#v=1&autoplay=true&backend=gpu&${SETTINGS}`);
  await page.evaluate(() => window.stepped);
  for (const flip of FLIPS) {
    await new Promise((resolve) => setTimeout(resolve, BEFORE));
    const milliseconds = await page.evaluate(
      async (changes) => {
        const start = performance.now();
        await document.querySelector("alexnet-lab").session.set(changes);
        await new Promise((resolve) => addEventListener("step", resolve, { capture: true, once: true }));
        return performance.now() - start;
      },
      Object.fromEntries(new URLSearchParams(flip)),
    );
    results[flip].push(milliseconds);
  }
  await page.close();
}
await close();
lab.close();
for (const [flip, times] of Object.entries(results)) console.log(`${flip}: ${median(times).toFixed(0)} ms until the next step`);
mkdirSync(join(ROOT, "target", "benches"), { recursive: true });
writeFileSync(join(ROOT, "target", "benches", "flips.json"), JSON.stringify(results, null, 1));
