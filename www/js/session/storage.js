// @ts-check
/** Runs that are kept on this machine, in IndexedDB. Where a browser allows no storage, every call is rejected. */

const [BASE, RUNS, SIZES] = ["alexnet-lab", "runs", "sizes"];
/** Most bytes of all runs together: the oldest go first. */
const MOST = 64e6;

/** @typedef {Record<string, {at: number, size: number}>} Sizes by key, to find the oldest */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @param {"readonly" | "readwrite"} mode */
async function storage(mode) {
  const request = indexedDB.open(BASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(RUNS);
  const base = await done(request);
  const store = base.transaction(RUNS, mode).objectStore(RUNS);
  base.close(); // once the transaction has ended
  return store;
}

/** @param {string} key @returns {Promise<unknown>} */
export const readRun = async (key) => done((await storage("readonly")).get(key));

/** @param {string} key @param {unknown} run @param {number} size in bytes */
export async function writeRun(key, run, size) {
  const store = await storage("readwrite");
  const sizes = /** @type {Sizes} */ ((await done(store.get(SIZES))) ?? {});
  sizes[key] = { at: Date.now(), size };
  const ascending = Object.entries(sizes).sort(([, one], [, other]) => one.at - other.at);
  let sum = ascending.reduce((sum, [, { size }]) => sum + size, 0);
  for (const [old, { size }] of ascending) {
    if (sum <= MOST) break;
    sum -= size;
    delete sizes[old];
    store.delete(old);
  }
  if (sizes[key]) store.put(run, key);
  await done(store.put(sizes, SIZES));
}

/** @param {string} key */
export const forgetRun = async (key) => done((await storage("readwrite")).delete(key));

export const forgetRuns = async () => done((await storage("readwrite")).clear());
