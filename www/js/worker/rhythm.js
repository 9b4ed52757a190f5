// @ts-check
/** Timing by the clock: small and without side effects, so that it can be tested alone. */

/** Allows something at most every `interval` ms, and less often if it would take more than `share` of the time. */
export class Throttle {
  /** @param {number} interval @param {number} share 0 to 1 @param {{interval: number, share: number}} [least] every `interval` ms all the same, if that takes no more than `share` */
  constructor(interval, share, least) {
    this.interval = interval;
    this.share = share;
    this.least = least;
    this.next = 0;
  }

  /** @param {number} now */
  due(now) {
    return now >= this.next;
  }

  /** It ran from `start` to `end`. @param {number} start @param {number} end */
  ran(start, end) {
    const cost = end - start;
    // cost / (cost + pause) <= share
    this.next = Math.max(start + this.interval, end + cost * (1 / this.share - 1));
    const { least } = this;
    if (least && cost <= least.share * least.interval) this.next = Math.min(this.next, start + least.interval);
  }

  soon() {
    this.next = 0;
  }
}

/** Milliseconds per step over about the last second of training. */
export class Rate {
  constructor() {
    /** @type {{time: number, steps: number}[]} */
    this.marks = [];
  }

  /** `steps` more were finished at `time`. @param {number} time @param {number} steps */
  finished(time, steps) {
    const total = (this.marks.at(-1)?.steps ?? 0) + steps;
    this.marks.push({ time, steps: total });
    while (this.marks.length > 3 && time - this.marks[0].time > 1500) this.marks.shift();
  }

  /** Excludes time without training (a pause). */
  clear() {
    this.marks = [];
  }

  /** NaN until two steps have finished. */
  get milliseconds() {
    const [first, last] = [this.marks[0], this.marks.at(-1)];
    if (!first || !last || last.steps === first.steps) return NaN;
    return (last.time - first.time) / (last.steps - first.steps);
  }
}

/** Resolves in a later task, without the 4 ms delay of nested timers. */
export function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(0);
  });
}

/** Like `sleep`, without the 4 ms of nested timers: a message's task starts the timer. @param {number} milliseconds */
export const pause = (milliseconds) => nextTask().then(() => sleep(milliseconds));

/** @param {number} milliseconds */
export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
