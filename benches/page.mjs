// What the page costs: bytes that it loads, time from opening it to the first finished training step, memory over 2,000 steps.
// usage: node benches/page.mjs [sizes] [start] [memory]     all three unless named; writes target/benches/page.json
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { launch, newPage } from "../tests/browser/browsers.mjs";
import { ROOT, startLab } from "../tests/browser/servers.mjs";

/** Most bytes of modules and scripts, packed, that the page loads before it trains; data and charts are not counted. */
const LIMIT = 350_000;
/** Loaded only when the user gives files, or where the browser alters canvases. */
const ON_DEMAND = /reader/;
const STEPS = 2000;

const packed = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** Bytes of each file after gzip. A browser loads one of the two engines: the larger one is counted. */
async function sizes() {
  const dist = (...path) => readFileSync(join(ROOT, "dist", ...path));
  const files = Object.fromEntries(["js", "pkg"].flatMap((folder) =>
    readdirSync(join(ROOT, "dist", folder)).filter((file) => !ON_DEMAND.test(file)).map((file) => [`${folder}/${file}`, packed(dist(folder, file))])));
  const engines = ["alexnet_lab", "alexnet_lab_relaxed"].map((name) => files[`pkg/${name}.js`] + files[`pkg/${name}_bg.wasm`]);
  // The page's script as it is built, but for the charts.
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "www/js/main.js")], external: ["../charts/*"],
    bundle: true, minify: true, write: false, format: "esm", target: "es2022", logLevel: "error",
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
    addEventListener("step", () => (window.first ??= performance.now(), (window.steps += 1)), true);
  });
  await page.goto(`${lab.address}/#v=1&autoplay=true&${settings}`);
  return { page, complaints };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Milliseconds from the start of the navigation to the first step's event: the first time, and then with a warm cache. */
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

/** Memory of a small network's tab every 100 steps, and how fast it grows over the second half. */
async function memory(lab, backend) {
  const { browser, close } = await launch("chromium");
  const { page } = await open(browser, lab, `backend=${backend}&width=0.25&batch=1&test_every=500&test_size=40`);
  const session = await page.createCDPSession();
  const samples = [];
  for (let next = 100; next <= STEPS; next += 100) {
    await page.waitForFunction((steps) => window.steps >= steps, { timeout: 300_000 }, next);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    samples.push({ step: next, page_heap: usedSize, renderer: rendererBytes(browser) });
  }
  await close();
  const half = samples.slice(samples.length / 2);
  const growth = Object.fromEntries(["page_heap", "renderer"].map((what) => [what, slope(half.map((sample) => [sample.step, sample[what]]))]));
  return { samples, bytes_a_step: growth, flat: Object.values(growth).every((slope) => slope < 1024) };
}

/** Resident bytes of the browser's largest renderer process: the tab with its workers and their WebAssembly memory. */
function rendererBytes(browser) {
  const root = browser.process().pid;
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const number = (key) => Number(status.match(new RegExp(`^${key}:\\s+(\\d+)`, "m"))?.[1] ?? 0);
      return [{ pid: Number(pid), parent: number("PPid"), bytes: number("VmRSS") * 1024, command: readFileSync(`/proc/${pid}/cmdline`, "utf8") }];
    } catch {
      return []; // it has ended
    }
  });
  const below = (process) => process && (process.pid === root || below(processes.find(({ pid }) => pid === process.parent)));
  return Math.max(...processes.filter((process) => process.command.includes("--type=renderer") && below(process)).map(({ bytes }) => bytes));
}

/** Least squares. @param {[number, number][]} points */
function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const [xy, xx] = points.reduce(([a, b], [px, py]) => [a + (px - x) * (py - y), b + (px - x) ** 2], [0, 0]);
  return xy / xx;
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : ["sizes", "start", "memory"];
const report = {};
if (wanted.includes("sizes")) report.sizes = await sizes();
const lab = wanted.some((what) => what !== "sizes") ? await startLab() : null;
for (const backend of lab ? ["cpu", "gpu"] : []) {
  if (wanted.includes("start")) (report.start ??= {})[backend] = await start(lab, backend);
  if (wanted.includes("memory")) (report.memory ??= {})[backend] = await memory(lab, backend);
}
lab?.close();

const out = join(ROOT, "target", "benches");
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "page.json"), JSON.stringify(report, null, 1));
if (report.sizes) {
  for (const [file, bytes] of Object.entries(report.sizes.files)) console.log(`${String(bytes).padStart(8)}  ${file}`);
  console.log(`${String(report.sizes.page_without_charts).padStart(8)}  js/alexnet-lab.js without its charts`);
  console.log(`${String(report.sizes.sum).padStart(8)}  what is loaded, of at most ${LIMIT}`);
  if (report.sizes.sum > LIMIT) process.exitCode = 1;
}
for (const [backend, { cold, warm }] of Object.entries(report.start ?? {})) {
  console.log(`${backend}: first step ${cold.toFixed(0)} ms after opening, ${warm.toFixed(0)} ms with a warm cache (median of 5)`);
}
for (const [backend, { bytes_a_step, flat, samples }] of Object.entries(report.memory ?? {})) {
  const grown = Object.entries(bytes_a_step).map(([what, slope]) => `${what} ${slope.toFixed(0)} bytes a step`).join(", ");
  console.log(`${backend}: ${STEPS} steps, renderer ${(samples.at(-1).renderer / 2 ** 20).toFixed(0)} MiB; ${grown}: ${flat ? "flat" : "GROWS"}`);
}
