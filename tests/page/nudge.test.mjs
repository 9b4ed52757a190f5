// Nudges of a queue that answers late, by a clock that stands still while anything runs. Run with `node --test tests/page/`.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { nudgeQueues } from "../../www/js/worker/nudge.js";

const real = { setTimeout: globalThis.setTimeout, now: performance.now };
let now = 0;
/** @type {{at: number, run: () => void}[]} */
let timers = [];
/** The adapter's answer. */
let device;

before(() => {
  performance.now = () => now;
  globalThis.setTimeout = (run, milliseconds) => timers.push({ at: now + milliseconds, run });
  globalThis.GPUAdapter = class {
    async requestDevice() {
      return device;
    }
  };
  nudgeQueues();
});
after(() => {
  globalThis.setTimeout = real.setTimeout;
  performance.now = real.now;
  delete globalThis.GPUAdapter;
});

/** Lets messages arrive, and then time pass, until the promise is settled or nothing is left to happen. @returns whether it is settled */
async function until(promise) {
  let settled = false;
  promise.then(() => (settled = true));
  for (;;) {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (settled || timers.length === 0) return settled;
    timers.sort((a, b) => a.at - b.at);
    const { at, run } = timers.shift();
    now = at;
    run();
  }
}

/**
 * A device whose GPU is busy until `busy`, a time, and whose browser looks for finished work at each submission if `polls`, and every
 * `timer` ms.
 */
function make({ timer, polls }) {
  let waits = [];
  const made = { busy: 0, submissions: 0 };
  const look = () => {
    if (now < made.busy) return;
    for (const resolve of waits.splice(0)) resolve();
  };
  const wait = () =>
    new Promise((resolve) => {
      waits.push(resolve);
      const again = () => setTimeout(() => (look(), waits.length > 0 && again()), timer);
      if (waits.length === 1) again();
    });
  class Buffer {
    mapAsync() {
      return wait();
    }
  }
  class Queue {
    onSubmittedWorkDone() {
      return wait();
    }
    submit(commands) {
      assert.deepEqual(commands, []);
      made.submissions += 1;
      if (polls) look();
    }
  }
  class Device {
    queue = new Queue();
    lost = new Promise((resolve) => (made.lose = resolve));
    createBuffer() {
      return new Buffer();
    }
  }
  device = new Device();
  return made;
}

/** Opens the device. */
async function open(kind) {
  timers = [];
  const made = make(kind);
  await until(new GPUAdapter().requestDevice());
  made.submissions = 0;
  return made;
}

test("a queue that looks only every 100 ms is nudged while something is awaited, and only then", async () => {
  const made = await open({ timer: 100, polls: true });
  const buffer = device.createBuffer({});
  for (const wait of [() => buffer.mapAsync(1), () => device.queue.onSubmittedWorkDone()]) {
    made.busy = now + 0.5;
    assert.ok(await until(wait()));
    assert.ok(now - made.busy <= 1.1);
  }
  const { submissions } = made;
  assert.ok(submissions >= 2);
  await until(new Promise(() => {}));
  assert.equal(made.submissions, submissions, "nothing is awaited any more");
});

test("long work is nudged less often, and noticed at most a sixteenth late", async () => {
  const made = await open({ timer: 10_000, polls: true });
  for (const length of [10, 100, 1000]) {
    const start = now;
    made.submissions = 0;
    made.busy = now + length;
    assert.ok(await until(device.createBuffer({}).mapAsync(1)));
    const late = now - made.busy;
    assert.ok(late <= 1.1 + length / 16, `${length} ms of work: ${late} ms late`);
    // Pauses of (17/16)^n ms add up to the time waited.
    const most = Math.log(1 + (now - start) / 16) / Math.log(17 / 16) + 2;
    assert.ok(made.submissions <= most, `${length} ms of work: ${made.submissions} nudges`);
  }
});

test("a lost device is not nudged", async () => {
  const made = await open({ timer: 100, polls: true });
  made.busy = Infinity; // the wait never ends
  const waiting = device.createBuffer({}).mapAsync(1);
  made.lose();
  timers = [];
  assert.equal(await until(waiting), false);
  assert.ok(made.submissions <= 1, `${made.submissions}`);
});

test("a queue that answers soon, or that nudges do not help, is left as it is", async () => {
  for (const kind of [
    { timer: 1, polls: false },
    { timer: 100, polls: false },
  ]) {
    const made = await open(kind);
    assert.ok(!Object.hasOwn(device, "createBuffer") && !Object.hasOwn(device.queue, "onSubmittedWorkDone"));
    assert.ok(await until(device.createBuffer({}).mapAsync(1)));
    assert.equal(made.submissions, 0);
  }
});
