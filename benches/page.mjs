// What the page costs: bytes that it loads, time from opening to the first finished training step, growth of its memory.
// usage: node benches/page.mjs [sizes] [start] [memory]     all three unless named; writes target/benches/page.json
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { launch, newPage } from "../tests/browser/browsers.mjs";
import { ROOT, startLab } from "../tests/browser/servers.mjs";
import { watchTab } from "./tab.mjs";

/** Most packed bytes of modules and scripts that the page loads before it trains; data, charts and texts are not counted. */
const LIMIT = 360_000;
/** Loaded only when the user adds or saves files, opens a lesson, looks into a layer or asks for the QR code, or where the browser alters canvases. */
const ON_DEMAND = /reader|export|lessons|drill|code/;

/** Packed by gzip itself; the zlib inside Node is faster and makes the module 2 % larger. */
const packed = (bytes) => execFileSync("gzip", ["-9c"], { input: bytes, maxBuffer: 2 ** 25 }).length;

/** Bytes of each file after gzip. A browser loads one of the two engines: the larger one is counted. */
async function sizes() {
  const dist = (...path) => readFileSync(join(ROOT, "dist", ...path));
  const files = Object.fromEntries(
    ["js", "pkg"].flatMap((folder) =>
      readdirSync(join(ROOT, "dist", folder))
        .filter((file) => !ON_DEMAND.test(file))
        .map((file) => [`${folder}/${file}`, packed(dist(folder, file))]),
    ),
  );
  const engines = ["alexnet_lab", "alexnet_lab_relaxed"].map((name) => files[`pkg/${name}.js`] + files[`pkg/${name}_bg.wasm`]);
  // The page's script as it is built, without its built-in charts and texts.
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "www/js/main.js")],
    external: ["../charts/*", "../../i18n/*"],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "error",
  });
  const page = packed(outputFiles[0].contents);
  const sum = Math.max(...engines) + page + files["js/worker.js"] + files["js/helper.js"];
  return { files, page_without_charts: page, sum, limit: LIMIT };
}

/** A page that counts its steps and starts by itself. */
async function open(browser, lab, settings) {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => {
    window.steps = 0;
    addEventListener("step", () => ((window.first ??= performance.now()), (window.steps += 1)), true);
  });
  await page.goto(`${lab.address}/#v=1&autoplay=true&${settings}`);
  return { page, complaints };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Milliseconds from the start of the navigation to the first step's event: at first, and then with a warm cache. */
async function start(lab, backend) {
  const { browser, close } = await launch("chromium");
  const times = [];
  while (times.length < 6) {
    const { page } = await open(browser, lab, `backend=${backend}`);
    await page.waitForFunction(() => window.first, { timeout: 120_000 });
    times.push(await page.evaluate(() => window.first));
    await page.close();
  }
  await close();
  return { cold: times[0], warm: median(times.slice(1)), times: times.slice(1) };
}

/** What the tabs of small networks hold, on each backend and with helpers. */
const TABS = { cpu: "backend=cpu&batch=1", cpu_2_workers: "backend=cpu&batch=2&workers=2", gpu: "backend=gpu&batch=1" };

async function memory(lab, settings) {
  const { browser, close } = await launch("chromium");
  const { page } = await open(browser, lab, `${settings}&width=0.25&test_every=500&test_size=40`);
  const watched = await watchTab(browser, page);
  await close();
  return watched;
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : ["sizes", "start", "memory"];
const report = {};
if (wanted.includes("sizes")) report.sizes = await sizes();
const lab = wanted.some((what) => what !== "sizes") ? await startLab() : null;
for (const backend of lab ? ["cpu", "gpu"] : []) {
  if (wanted.includes("start")) (report.start ??= {})[backend] = await start(lab, backend);
}
for (const [name, settings] of wanted.includes("memory") ? Object.entries(TABS) : []) (report.memory ??= {})[name] = await memory(lab, settings);
lab?.close();

const out = join(ROOT, "target", "benches");
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "page.json"), JSON.stringify(report, null, 1));
if (report.sizes) {
  for (const [file, bytes] of Object.entries(report.sizes.files)) console.log(`${String(bytes).padStart(8)}  ${file}`);
  console.log(`${String(report.sizes.page_without_charts).padStart(8)}  js/alexnet-lab.js without its charts and texts`);
  console.log(`${String(report.sizes.sum).padStart(8)}  what is loaded, of at most ${LIMIT}`);
  if (report.sizes.sum > LIMIT) process.exitCode = 1;
}
for (const [backend, { cold, warm }] of Object.entries(report.start ?? {})) {
  console.log(`${backend}: first step ${cold.toFixed(0)} ms after opening, ${warm.toFixed(0)} ms with a warm cache (median of 5)`);
}
for (const [name, { window, steps, bytes, growth, least, most, limit, verdict }] of Object.entries(report.memory ?? {})) {
  const grown = Object.entries(growth)
    .map(([what, { slope, error }]) => `${what} ${slope.toFixed(0)} ± ${error.toFixed(0)}`)
    .join(", ");
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  console.log(
    `${name}: ${(bytes / 2 ** 20).toFixed(0)} MiB; over ${window} steps it grows by ${percent(least)} to ${percent(most)} in ${steps}, limit ${percent(limit)}: ${verdict}`,
  );
  console.log(`  bytes a step: ${grown}`);
  if (verdict === "GROWS") process.exitCode = 1;
}
