/** Our engine and its data, as this benchmark's server gives them to a page and its workers. */
import { Helpers } from "../../../www/js/worker/helpers.js";
import { loadModule, loadReader } from "../../../www/js/worker/module.js";

/** Our module in one of its builds, and what starts a helper for it. @param {"simd128" | "relaxed"} build */
export async function module(build) {
  const loaded = await loadModule(build);
  const helpers = new Helpers(loaded);
  return { glue: loaded.glue, startHelper: (receive, part) => helpers.start(receive, part) };
}

/** The first sheets of the built-in images. */
export async function data(shards) {
  const folder = new URL("/data/cifar10/", location.href);
  const index = await (await fetch(new URL("index.json", folder))).text();
  const files = JSON.parse(index).train.slice(0, shards);
  const reader = await loadReader();
  const bytes = async (file) => new Uint8Array(await (await fetch(new URL(file, folder))).arrayBuffer());
  const load = async ({ file }) => ({ file, sheet: reader.decode_sheet(index, file, await bytes(file)) });
  return { index, shards: await Promise.all(files.map(load)) };
}
