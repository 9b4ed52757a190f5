// @ts-check
/** Fetches the built-in data set shard by shard: the first training shard, then the test images, then the rest. */

const FOLDER = new URL("../data/", import.meta.url);

/**
 * @typedef {{file: string, count: number, bytes: number}} Shard
 * @typedef {{index: string, file: string, bytes: Uint8Array}} Arrived
 */

/**
 * Yields shards in the order in which they are useful. `progress` is called as bytes arrive.
 * @param {string} name folder of the set
 * @param {(loaded: number, total: number) => void} progress
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Arrived>}
 */
export async function* shards(name, progress, signal) {
  const folder = new URL(`${name}/`, FOLDER);
  const index = new TextDecoder().decode(await download(new URL("index.json", folder), () => {}, signal));
  /** @type {{train: Shard[], test: Shard[]}} */
  const { train, test } = JSON.parse(index);
  // One training shard, one of test images, then the rest: after two files everything on the page has something to show.
  const order = [...train.slice(0, 1), ...test, ...train.slice(1)];
  const total = order.reduce((sum, shard) => sum + shard.bytes, 0);
  let before = 0;
  for (const shard of order) {
    const arrived = (/** @type {number} */ loaded) => progress(before + Math.min(loaded, shard.bytes), total);
    const bytes = await download(new URL(shard.file, folder), arrived, signal);
    before += shard.bytes;
    yield { index, file: shard.file, bytes };
  }
}

/**
 * By XMLHttpRequest, whose progress events leave the body whole: Chromium counts a body that was read as a stream as aborted.
 * @param {URL} url @param {(loaded: number) => void} progress @param {AbortSignal} signal
 * @returns {Promise<Uint8Array>}
 */
function download(url, progress, signal) {
  const file = url.pathname.split("/").pop() ?? "";
  const request = new XMLHttpRequest();
  const abort = () => request.abort();
  return new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ why) => reject({ code: "download", file, why });
    request.open("GET", url);
    request.responseType = "arraybuffer";
    request.onprogress = ({ loaded }) => progress(loaded);
    request.onload = () => (request.status === 200 ? resolve(new Uint8Array(request.response)) : fail(`HTTP ${request.status}`));
    request.onerror = () => fail("network");
    request.onabort = () => fail("aborted");
    signal.addEventListener("abort", abort, { once: true });
    request.send();
  }).finally(() => signal.removeEventListener("abort", abort)); // the signal lives on, and would keep the body
}
