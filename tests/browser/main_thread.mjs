// The costs of a page's main thread: frames by the clock, tasks by the processor time of their thread, from Chromium's trace.
// On a shared machine, the clock also counts how long the thread had to wait; processor time does not.

export const LONGEST_TASK = 50;
export const FRAMES_PER_SECOND = 50;

/** What the page trains during the measurement, which starts when the first evaluation is drawn, after this many steps. */
export const CASES = [
  { name: "cpu", steps: 25, settings: "width=0.25&batch=8&test_size=40&test_every=20&backend=cpu" },
  { name: "gpu", steps: 6, settings: "width=0.25&batch=8&test_size=16&test_every=5&backend=gpu" },
  // Each step is an event and a point of the curves. The low learning rate keeps gradients alive; dead ones would leave their charts unchanged.
  { name: "hundreds of steps a second", steps: 25, settings: "width=0.25&batch=1&norm=none&lr=0.0005&test_every=0&backend=cpu" },
];

/** Opens a lab with all its images, and counts its steps. */
export async function open(page, address, settings) {
  await page.evaluateOnNewDocument(() => {
    window.steps = 0;
    addEventListener("ready", () => (window.ready = true), true);
    addEventListener("step", () => window.steps++, true);
  });
  await page.goto(`${address}/#v=1&${settings}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  await page.waitForNetworkIdle({ timeout: 120_000 });
}

export const call = (page, method) => page.evaluate((name) => document.querySelector("alexnet-lab")[name](), method);

/** Waits for this many steps, and returns their number. */
export async function train(page, steps) {
  const start = await page.evaluate(() => window.steps);
  await page.waitForFunction((wanted) => window.steps >= wanted, { timeout: 240_000 }, start + steps);
  return page.evaluate(() => window.steps);
}

/** Frames per second during `seconds`. */
export const frameRate = (page, seconds) =>
  page.evaluate(async (limit) => {
    const frames = [];
    await new Promise((resolve) => {
      const frame = (now) => {
        frames.push(now);
        if (now - frames[0] < 1000 * limit) requestAnimationFrame(frame);
        else resolve();
      };
      requestAnimationFrame(frame);
    });
    return (1000 * (frames.length - 1)) / (frames.at(-1) - frames[0]);
  }, seconds);

/** Processor time in ms of each task of the page threads, longest first. */
function tasks(trace) {
  const { traceEvents } = JSON.parse(new TextDecoder().decode(trace));
  const thread = (event) => `${event.pid}:${event.tid}`;
  const main = new Set(traceEvents.filter((event) => event.name === "thread_name" && event.args.name === "CrRendererMain").map(thread));
  const found = traceEvents.filter((event) => event.name.endsWith("RunTask") && main.has(thread(event)) && event.tdur !== undefined);
  return found.map((event) => event.tdur / 1000).sort((a, b) => b - a);
}

/** Frames per second, and ms of processor time per frame and of each task, while the page runs. */
export async function watchThread(page, seconds) {
  await page.tracing.start({ categories: ["toplevel"] });
  const rate = await frameRate(page, seconds);
  const spent = tasks(await page.tracing.stop());
  return { rate, tasks: spent, frame: spent.reduce((sum, time) => sum + time, 0) / (seconds * rate) };
}
