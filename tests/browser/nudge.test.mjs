// Whether the worker nudges the browser's queue: Firefox completes GPU work late without it, Chromium does not. tests/page/nudge.test.mjs tests the nudges.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { NAMES, launch, newPage } from "./browsers.mjs";
import { startFaultyLab } from "./servers.mjs";

/** In the worker: says how often nothing has been submitted. */
const COUNT = `{
  const { submit } = GPUQueue.prototype;
  const channel = new BroadcastChannel("nudges");
  let count = 0;
  GPUQueue.prototype.submit = function (commands) {
    if (commands.length === 0) count += 1;
    channel.postMessage(count);
    return submit.call(this, commands);
  };
}
`;

/** The machine may be busy for the one moment at which the browser is measured. */
const VISITS = 3;

let lab;
before(async () => (lab = await startFaultyLab((path) => path === "/js/worker.js" && { before: COUNT })));
after(() => lab?.close());

/** Nudges during the first steps of a visit. */
async function nudges(browser) {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.steps = window.nudges = 0;
    addEventListener("step", () => (window.steps += 1), true);
    new BroadcastChannel("nudges").onmessage = ({ data }) => (window.nudges = data);
  });
  await page.goto(`${lab.address}/#v=1&width=0.25&batch=1&backend=gpu&autoplay=true`);
  await page.waitForFunction(() => window.steps >= 10);
  const count = await page.evaluate(() => window.nudges);
  assert.deepEqual(complaints, []);
  await page.close();
  return count;
}

for (const name of NAMES) {
  const needed = name === "firefox";
  test(`${name} ${needed ? "needs" : "needs no"} nudges: what www/js/worker/nudge.js says of it still holds`, async () => {
    const { browser, close } = await launch(name);
    const counts = [];
    while (counts.length < VISITS && !counts.some((count) => count > 0 === needed)) counts.push(await nudges(browser));
    await close();
    assert.ok(counts.at(-1) > 0 === needed, `nudges in each visit: ${counts}`);
  });
}
