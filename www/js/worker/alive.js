// @ts-check
/**
 * A worker's sign of life: a lock that it holds. A worker that the browser ends, for want of memory say, tells nobody, and one that computes
 * answers nobody for minutes; but the lock of one that has ended is free, and no other. Browsers have no locks on plain http and in
 * some sandboxes: there nobody hears of a silent end.
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

/** In the page. @param {string} lock @param {AbortSignal} signal to wait no longer @param {() => void} ended */
export function watchLife(lock, signal, ended) {
  navigator.locks.request(lock, { signal }, ended).catch(() => {});
}
