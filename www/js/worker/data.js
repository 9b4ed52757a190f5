// @ts-check
/** Fetches the built-in data set shard by shard: the first training shard, then the test images, then the rest. */
import { address } from "../kit/files.js";
import { sleep } from "./rhythm.js";

/** Pauses before files are fetched again, ms; after the last one the user has to try again. */
const PAUSES = [1000, 2000, 4000, 8000, 16_000, 32_000];
/** Seconds without a byte after which a request is abandoned. */
const PATIENCE = 20;

/**
 * @typedef {import("./types.js").Problem} Problem
 * @typedef {"train" | "test"} Kind
 * @typedef {{kind: Kind, file: string, count: number, bytes: number}} Shard
 *
 * @typedef {object} Wishes
 * @property {Record<Kind, number>} arrived images already loaded
 * @property {(index: string, file: string, bytes: Uint8Array) => Promise<void>} add adds a shard, or throws if it is damaged; then it is fetched again
 * @property {(loaded: number, total: number) => void} progress called as bytes arrive
 * @property {(problem: Problem & {waiting: boolean} | null) => void} missing reports a failure, and whether another try follows
 *   automatically; null: no failure any more
 */

/**
 * Adds missing shards, the most useful first. Failed ones are fetched again after growing pauses.
 * @param {string} name folder of the set
 * @param {Wishes} wishes
 * @param {AbortSignal} signal
 * @returns {Promise<void>} when all tries are over; rejects when there is no training image at all
 */
export async function fetchShards(name, { arrived, add, progress, missing }, signal) {
  const get = (/** @type {string} */ file, /** @type {(loaded: number) => void} */ progress) => download(`data/${name}/${file}`, progress, signal, tries > 0);
  /** The last failure by kind: training images need not wait for test images. @type {Map<string, Problem>} */
  const failed = new Map();
  let tries = 0;
  /** @param {string} kind @param {string} file @param {Problem} error or the browser's own */
  const fail = (kind, file, error) => {
    if (signal.aborted) return;
    failed.set(kind, { code: "download", file: error.file ?? file, cause: error.cause ?? "damaged", status: error.status, why: error.why ?? error.message });
    missing({ .../** @type {Problem} */ (failed.get(kind)), waiting: true });
  };
  /** @returns {Promise<Problem | null>} why there is no further try */
  const pause = async () => {
    const [problem, ...others] = failed.values();
    if (tries === PAUSES.length || [problem, ...others].every(({ status }) => final(status))) return problem;
    await Promise.race([sleep(PAUSES[tries++]), online()]);
    failed.clear();
    return null;
  };

  let index = "";
  /** @type {Shard[]} */
  let order = [];
  while (!index && !signal.aborted) {
    try {
      const text = new TextDecoder().decode(await get("index.json", () => {}));
      order = orderOf(JSON.parse(text));
      index = text;
    } catch (error) {
      fail("index", "index.json", /** @type {Problem} */ (error));
      const problem = await pause();
      if (problem && !signal.aborted) throw problem;
    }
  }
  const total = order.reduce((sum, { bytes }) => sum + bytes, 0);
  const left = order.filter(({ kind, count }) => (arrived[kind] -= count) < 0);
  while (left.length > 0 && !signal.aborted) {
    const shard = left.find(({ kind }) => !failed.has(kind));
    if (!shard) {
      const problem = await pause();
      if (!problem || signal.aborted) continue;
      if (left.includes(order[0])) throw problem; // no training images
      return missing({ ...problem, waiting: false });
    }
    const before = total - left.reduce((sum, { bytes }) => sum + bytes, 0);
    try {
      const bytes = await get(shard.file, (loaded) => progress(before + Math.min(loaded, shard.bytes), total));
      await add(index, shard.file, bytes);
      left.splice(left.indexOf(shard), 1);
      tries = 0;
      progress(before + shard.bytes, total);
      if (failed.size === 0 && !signal.aborted) missing(null);
    } catch (error) {
      fail(shard.kind, shard.file, /** @type {Problem} */ (error));
    }
  }
}

/** After two files every part of the page has data. @param {Record<Kind, Omit<Shard, "kind">[]>} index @returns {Shard[]} */
function orderOf(index) {
  const [train, test] = /** @type {Kind[]} */ (["train", "test"]).map((kind) => index[kind].map((shard) => ({ ...shard, kind })));
  return [...train.slice(0, 1), ...test, ...train.slice(1)];
}

/** Whether another try would get the same answer. @param {unknown} status */
const final = (status) => typeof status === "number" && status >= 400 && status < 500 && ![408, 425, 429].includes(status);

/** Resolves when the network is back. */
const online = () => new Promise((resolve) => self.addEventListener("online", resolve, { once: true }));

/**
 * Uses XMLHttpRequest, which reports progress without reading the body as a stream: Chromium counts a streamed body as aborted.
 * @param {string} path @param {(loaded: number) => void} progress @param {AbortSignal} signal @param {boolean} again bypasses the browser's cache
 * @returns {Promise<Uint8Array>}
 */
function download(path, progress, signal, again) {
  const file = path.split("/").pop();
  const request = new XMLHttpRequest();
  const abort = () => request.abort();
  // Counts ticks, not time: during a step of minutes the arrival of bytes goes unnoticed.
  let quiet = 0;
  const clock = setInterval(() => (quiet += 1) === PATIENCE && abort(), 1000);
  return new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ cause, status = 0) => reject({ code: "download", file, cause, status });
    const url = address(path);
    request.open("GET", url);
    if (again && url.startsWith(`${self.origin}/`)) request.setRequestHeader("cache-control", "no-cache");
    request.responseType = "arraybuffer";
    request.onprogress = ({ loaded }) => {
      quiet = 0;
      progress(loaded);
    };
    request.onload = () => (request.status === 200 ? resolve(new Uint8Array(request.response)) : fail("http", request.status));
    request.onerror = () => fail("network");
    request.onabort = () => fail("stalled");
    signal.addEventListener("abort", abort, { once: true });
    request.send();
  }).finally(() => {
    clearInterval(clock);
    signal.removeEventListener("abort", abort); // the signal outlives the request and would keep the body in memory
  });
}
