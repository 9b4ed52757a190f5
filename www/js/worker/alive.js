// @ts-check
/**
 * A worker's sign of life: a lock that it holds. A worker that the browser ends, for lack of memory for example, sends no message, and a busy
 * one may not answer for minutes; but only the lock of an ended worker is free. On plain http and in some sandboxes browsers have no
 * locks, so a silent end goes unnoticed there.
 */
/** In the worker. @param {(lock: string) => void} tell tells the page the lock's name */
export function showLife(tell) {
  const lock = `alexnet-lab ${performance.timeOrigin} ${Math.random()}`;
  const hold = () => {
    tell(lock);
    return new Promise(() => {});
  };
  navigator.locks?.request(lock, hold).catch(() => {});
}

/** In the page. @param {string} lock @param {AbortSignal} signal stops the wait @param {() => void} ended */
export function watchLife(lock, signal, ended) {
  navigator.locks.request(lock, { signal }, ended).catch(() => {});
}
