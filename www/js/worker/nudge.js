// @ts-check
/**
 * Ends waits for GPU work early where the browser would answer late.
 *
 * Firefox notices that GPU work is done at every submission, and otherwise on a timer of 100 ms (Mozilla bug 1870699). A wait on an idle queue
 * takes it 100 ms, and Chromium 0.1 ms. An empty submission about every millisecond ends the wait after 2 ms, as in jax-js (pull request 124).
 * This does not ask for the browser's name: it measures a wait on the idle queue of each new device, and a second one with nudges. When
 * Firefox no longer needs them, no device is changed.
 */
import { pause } from "./rhythm.js";

/** A shorter wait on an idle queue is not worth any nudges, ms. */
const SLOW = 50;
/** The first pause of a wait, ms, and the factor of each further one: a wait ends at most a sixteenth of its length late. */
const FIRST = 1;
const LONGER = 17 / 16;

/**
 * The parts of WebGPU that matter here; its types are not among TypeScript's own.
 * @typedef {(...args: unknown[]) => Promise<unknown>} Wait
 * @typedef {{mapAsync: Wait}} Buffer
 * @typedef {{submit: (commands: unknown[]) => void, onSubmittedWorkDone: Wait}} Queue
 * @typedef {{queue: Queue, lost: Promise<unknown>, createBuffer: (descriptor: unknown) => Buffer}} Device
 */

/** Applies to every device that this worker opens from now on. */
export function nudgeQueues() {
  const adapter = /** @type {any} */ (globalThis).GPUAdapter?.prototype;
  const request = adapter?.requestDevice;
  if (!request) return;
  /** @param {unknown} descriptor */
  adapter.requestDevice = async function (descriptor) {
    const device = await request.call(this, descriptor);
    await nudgeIfSlow(device);
    return device;
  };
}

/** @param {Device} device */
async function nudgeIfSlow(device) {
  const { queue, lost } = device;
  const idle = async () => {
    const start = performance.now();
    await queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
  await idle(); // until the timer, which may be about to fire
  const alone = await idle();
  if (alone < SLOW) return;

  const { createBuffer } = device;
  const { onSubmittedWorkDone } = queue;
  let [waits, length, nudging] = [0, FIRST, false];
  lost.then(() => (waits = NaN));
  const nudge = async () => {
    nudging = true;
    while (waits > 0) {
      queue.submit([]);
      await pause(length);
      length *= LONGER;
    }
    nudging = false;
  };
  /** @param {Promise<unknown>} wait */
  const during = (wait) => {
    waits += 1;
    length = FIRST;
    if (!nudging) nudge();
    return wait.finally(() => (waits -= 1));
  };
  queue.onSubmittedWorkDone = () => during(onSubmittedWorkDone.call(queue));
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(device, descriptor);
    const { mapAsync } = buffer;
    buffer.mapAsync = (...args) => during(mapAsync.apply(buffer, args));
    return buffer;
  };
  if ((await idle()) < alone / 2) return;
  // Nothing is gained: the prototypes' own functions again.
  delete (/** @type {Partial<Queue>} */ (queue).onSubmittedWorkDone);
  delete (/** @type {Partial<Device>} */ (device).createBuffer);
}
