// The costs of a page's main thread: frames by the clock, tasks by the processor time of their thread, from Chromium's trace.
// On a shared machine, the clock also counts how long the thread had to wait. Processor time does not, but it grows when another
// thread shares the core, and on a slower core: so it is compared with a fixed piece of work, done now and then on the same thread.

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

/** Frames during `seconds`, or longer until it has trained `steps` steps, and how many a second. */
export const countFrames = (page, seconds, steps = 0) =>
  page.evaluate(
    async (limit, steps) => {
      const until = window.steps + steps;
      const frames = [];
      await new Promise((resolve) => {
        const frame = (now) => {
          frames.push(now);
          if (now - frames[0] < 1000 * limit || window.steps < until) requestAnimationFrame(frame);
          else resolve();
        };
        requestAnimationFrame(frame);
      });
      return { frames: frames.length - 1, rate: (1000 * (frames.length - 1)) / (frames.at(-1) - frames[0]) };
    },
    seconds,
    steps,
  );

/** Processor time of the fixed piece of work on the core to which the limits refer, ms: a free one of a server of 2024. */
const WORK = 1.5;
const WORK_EVERY = 200;

/** Does the fixed piece of work now and then, each time as a task of its own that holds a mark. */
const startWork = (page, every) =>
  page.evaluate((every) => {
    window.work = setInterval(() => {
      performance.mark("work");
      let value = 1;
      for (let turn = 0; turn < 1_000_000; turn++) value = (Math.imul(value, 1664525) + 1013904223) | 0;
      window.worked = value;
    }, every);
  }, every);

/** Processor time in ms of each task of the page's thread, longest first, and of the fixed piece of work: the median. */
function tasks(trace) {
  const { traceEvents } = JSON.parse(new TextDecoder().decode(trace));
  const thread = (event) => `${event.pid}:${event.tid}`;
  const marks = traceEvents.filter((event) => event.name === "work" && event.cat === "blink.user_timing");
  const main = new Set(traceEvents.filter((event) => event.name === "thread_name" && event.args.name === "CrRendererMain").map(thread));
  const found = traceEvents.filter((event) => event.name.endsWith("RunTask") && main.has(thread(event)) && event.tdur !== undefined);
  const holds = (task) => marks.some((mark) => thread(mark) === thread(task) && mark.ts >= task.ts && mark.ts <= task.ts + task.dur);
  const times = (all) => all.map((task) => task.tdur / 1000).sort((a, b) => b - a);
  const work = times(found.filter(holds));
  return { own: times(found.filter((task) => !holds(task))), work: work[work.length >> 1] };
}

/**
 * Frames per second, and ms of processor time per frame and of each task, while the page trains for `seconds` and at least a step;
 * `speed` is the core's, 1 where `WORK` holds.
 */
export async function watchThread(page, seconds) {
  await startWork(page, WORK_EVERY);
  await page.tracing.start({ categories: ["toplevel", "blink.user_timing"] });
  const { frames, rate } = await countFrames(page, seconds, 1);
  const { own, work } = tasks(await page.tracing.stop());
  await page.evaluate(() => clearInterval(window.work));
  const speed = WORK / work;
  return { rate, speed, tasks: own.map((time) => time * speed), frame: (own.reduce((sum, time) => sum + time, 0) * speed) / frames };
}
