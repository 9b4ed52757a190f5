// What a tab holds while it trains: every heap, WebAssembly memory and process, after forced collections, and how fast it grows.
import { readFileSync, readdirSync } from "node:fs";

/** Steps between two samples. */
const EVERY = 200;
/**
 * Fewest steps before the window: everything has been shown and evaluated, code is optimised, the curves' histories are full, and the heap of Chromium's
 * graphics process, which grows for longest, has settled.
 */
const WARM_UP = 10_000;
const WINDOW = 10_000;
/** Largest allowed growth over STEPS steps, as a share of what the tab holds. */
const LIMIT = 0.01;
const STEPS = 2000;

/**
 * Samples a training page that counts its steps in `window.steps`; the window begins when all data has loaded.
 * @param {import("puppeteer-core").Browser} browser @param {import("puppeteer-core").Page} page
 */
export async function watchTab(browser, page) {
  const isolates = await attach(page);
  const samples = [];
  let start = Infinity;
  while (!(samples.at(-1)?.step >= start + WINDOW)) {
    const next = (samples.at(-1)?.step ?? 0) + EVERY;
    await page.waitForFunction((next) => window.steps >= next, { timeout: 300_000 }, next);
    const { step, whole } = await page.evaluate(rest);
    if (whole && step >= WARM_UP) start = Math.min(start, step);
    samples.push({ step, ...(await sample(browser, isolates)) });
    await page.evaluate(() => document.querySelector("alexnet-lab").play());
  }
  const window = samples.filter(({ step }) => step >= start);
  const quantities = Object.keys(samples[0]).filter((name) => name !== "step");
  const growth = Object.fromEntries(quantities.map((name) => [name, slope(window.map((sample) => [sample.step, sample[name]]))]));
  const bytes = window.reduce((sum, { total }) => sum + total, 0) / window.length;
  // Two standard errors on either side; between the two bounds the window is too short to decide.
  const [least, most] = [-2, 2].map((errors) => ((growth.total.slope + errors * growth.total.error) * STEPS) / bytes);
  const verdict = most < LIMIT ? "flat" : least > LIMIT ? "GROWS" : "within its noise of the limit";
  return { start, window: WINDOW, steps: STEPS, isolates: isolates.size, bytes, growth, least, most, limit: LIMIT, verdict, samples };
}

/** In the page: pauses, so that workers exchange nothing; returns the steps so far, and whether every image has loaded. */
async function rest() {
  const lab = document.querySelector("alexnet-lab");
  lab.pause();
  await lab.session.send("pause"); // answered after the first one
  const { data } = lab.session.state.describe;
  return { step: window.steps, whole: data.train_arrived === data.train_total && data.test_arrived === data.test_total };
}

/** Sessions with the page, its worker and that one's helpers. @param {import("puppeteer-core").Page} page */
async function attach(page) {
  /** @type {Map<import("puppeteer-core").CDPSession, {isPage: boolean, memories?: string}>} */
  const isolates = new Map();
  const add = async (session, isPage = false) => {
    isolates.set(session, { isPage });
    session.on("sessionattached", (child) => add(child));
    session.on("sessiondetached", (child) => isolates.delete(child));
    await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: true });
  };
  await add(await page.createCDPSession(), true);
  return isolates;
}

/** Bytes. `total` is the memory of the renderer and the graphics process that belongs to no file; the heaps are parts of it. */
async function sample(browser, isolates) {
  const heaps = { page_heap: 0, worker_heaps: 0, array_buffers: 0, wasm: 0 };
  for (const [session, isolate] of isolates) {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = await session.send("Runtime.getHeapUsage");
    heaps[isolate.isPage ? "page_heap" : "worker_heaps"] += usedSize;
    heaps.array_buffers += backingStorageSize;
    isolate.memories ??= await wasmMemories(session);
    const sum = "function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }";
    const answer = { objectId: isolate.memories, functionDeclaration: sum, returnByValue: true };
    heaps.wasm += (await session.send("Runtime.callFunctionOn", answer)).result.value;
  }
  const { renderer, gpu } = processes(browser.process().pid);
  return { total: renderer + gpu, renderer, gpu, ...heaps };
}

/** A handle of the array of an isolate's WebAssembly memories; found only once, since that walks over its heap. */
async function wasmMemories(session) {
  const { result } = await session.send("Runtime.evaluate", { expression: "WebAssembly.Memory.prototype" });
  const { objects } = await session.send("Runtime.queryObjects", { prototypeObjectId: result.objectId });
  return objects.objectId;
}

/** Bytes in memory that belong to no file, of the largest renderer and of the graphics process below `root`. */
function processes(root) {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const number = (key) => Number(status.match(new RegExp(`^${key}:\\s+(\\d+)`, "m"))?.[1] ?? 0);
        const bytes = (number("RssAnon") + number("RssShmem")) * 1024;
        return [{ pid: Number(pid), parent: number("PPid"), bytes, command: readFileSync(`/proc/${pid}/cmdline`, "utf8") }];
      } catch {
        return []; // it has ended
      }
    });
  const below = (process) => process && (process.pid === root || below(all.find(({ pid }) => pid === process.parent)));
  const largest = (type) => Math.max(0, ...all.filter((process) => process.command.includes(`--type=${type}`) && below(process)).map(({ bytes }) => bytes));
  return { renderer: largest("renderer"), gpu: largest("gpu-process") };
}

/** Least squares, with the slope's standard error. @param {[number, number][]} points */
function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const [xy, xx] = points.reduce(([a, b], [px, py]) => [a + (px - x) * (py - y), b + (px - x) ** 2], [0, 0]);
  const slope = xy / xx;
  const rest = points.reduce((sum, [px, py]) => sum + (py - y - slope * (px - x)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / (points.length - 2) / xx) };
}
