// How long each lesson's run takes in Chromium, from the press on the button to the result.
// usage: node benches/lessons.mjs [NAME ...]     all lessons by default, two turns each; a table, and target/benches/lessons.json
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch, newPage } from "../tests/browser/browsers.mjs";
import { ROOT, startLab } from "../tests/browser/servers.mjs";
import { LESSONS } from "../www/js/lessons/list.js";

const TURNS = 2;

const names = process.argv.slice(2);
const lessons = names.length > 0 ? names : LESSONS.map(({ name }) => name);
const lab = await startLab();
const { browser, close } = await launch("chromium");

/** Seconds of one lesson's run, and the steps of all its networks. */
async function measure(name) {
  const { page } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.steps = 0;
    addEventListener("ready", () => (window.ready = true), true);
    addEventListener("step", () => (window.steps += 1), true);
  });
  await page.goto(`${lab.address}/#v=1&backend=cpu&lesson=${name}`);
  await page.waitForFunction(() => window.ready && document.querySelector("alexnet-lab").shell.lesson.panel?.lesson, { timeout: 120_000 });
  await page.waitForNetworkIdle({ timeout: 120_000 }); // a lesson needs all images
  await page.evaluate(() => {
    const { panel } = document.querySelector("alexnet-lab").shell.lesson;
    panel.act("next");
    window.began = performance.now();
    panel.runAgain(panel.seed); // without the recording
  });
  const result = await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.lesson.panel.result && performance.now(), {
    timeout: 600_000,
    polling: 50,
  });
  const seconds = ((await result.jsonValue()) - (await page.evaluate(() => window.began))) / 1000;
  const steps = await page.evaluate(() => window.steps);
  await page.close();
  return { seconds, steps };
}

const found = Object.fromEntries(lessons.map((name) => [name, []]));
for (let turn = 0; turn < TURNS; turn++) for (const name of lessons) found[name].push(await measure(name));
await close();
lab.close();
const folder = join(ROOT, "target", "benches");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "lessons.json"), JSON.stringify(found, null, 2));
console.log("lesson, seconds of its run (the faster of two), steps of all networks");
for (const [name, turns] of Object.entries(found)) {
  const { seconds, steps } = turns.toSorted((a, b) => a.seconds - b.seconds)[0];
  console.log(`${name.padEnd(20)} ${seconds.toFixed(1).padStart(6)} ${String(steps).padStart(6)}`);
}
