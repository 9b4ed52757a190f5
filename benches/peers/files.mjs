// Our engine and its data in Node, from dist/; lab/assets.js does the same in a page.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./options.mjs";

const dist = (...path) => join(ROOT, "dist", ...path);

/** Bindings of dist/pkg, ready to call. */
async function bindings(name) {
  const glue = await import(pathToFileURL(dist("pkg", `${name}.js`)));
  await glue.default({ module_or_path: await readFile(dist("pkg", `${name}_bg.wasm`)) });
  return glue;
}

/** Our module in one of its builds. @param {"simd128" | "relaxed"} build */
export async function module(build) {
  const startHelper = () => {
    throw new Error("helpers are workers of a browser");
  };
  return { glue: await bindings(build === "relaxed" ? "alexnet_lab_relaxed" : "alexnet_lab"), startHelper };
}

/** The first sheets of the built-in images. */
export async function data(shards) {
  const reader = await bindings("alexnet_reader");
  const index = await readFile(dist("data", "cifar10", "index.json"), "utf8");
  const files = JSON.parse(index).train.slice(0, shards);
  const bytes = async (file) => new Uint8Array(await readFile(dist("data", "cifar10", file)));
  const load = async ({ file }) => ({ file, sheet: reader.decode_sheet(index, file, await bytes(file)) });
  return { index, shards: await Promise.all(files.map(load)) };
}
