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
  const response = await get(new URL("index.json", folder), signal);
  const index = await response.text();
  /** @type {{train: Shard[], test: Shard[]}} */
  const { train, test } = JSON.parse(index);
  // One training shard, one of test images, then the rest: after two files everything on the page has something to show.
  const order = [...train.slice(0, 1), ...test, ...train.slice(1)];
  const total = order.reduce((sum, shard) => sum + shard.bytes, 0);
  let before = 0;
  for (const shard of order) {
    const bytes = await download(new URL(shard.file, folder), shard.bytes, (loaded) => progress(before + loaded, total), signal);
    before += shard.bytes;
    yield { index, file: shard.file, bytes };
  }
}

/** @param {URL} url @param {AbortSignal} signal */
async function get(url, signal) {
  const name = url.pathname.split("/").pop() ?? "";
  let response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw { code: "download", file: name, why: String(/** @type {Error} */ (error).message ?? error) };
  }
  if (!response.ok) throw { code: "download", file: name, why: `HTTP ${response.status}` };
  return response;
}

/** @param {URL} url @param {number} expected @param {(loaded: number) => void} progress @param {AbortSignal} signal */
async function download(url, expected, progress, signal) {
  const response = await get(url, signal);
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(await response.arrayBuffer());
  const parts = [];
  let loaded = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    loaded += value.length;
    progress(Math.min(loaded, expected));
  }
  const bytes = new Uint8Array(loaded);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
