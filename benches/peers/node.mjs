// The benchmark in Node with Dawn (npm's `webgpu`): our module and TensorFlow.js in one process on one adapter.
import { build } from "esbuild";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { create, globals } from "webgpu";
import * as assets from "./files.mjs";
import { mostSteps, runCase } from "./lab/case.js";
import { WORK, read } from "./options.mjs";
import { SHARD, makeSetting } from "./lab/setting.js";
import { Figures } from "./tables.mjs";

// What our module and TensorFlow.js look for: the classes of WebGPU, the global class of a worker, which tells both that they run in a browser's worker, and
// its navigator.
Object.assign(globalThis, globals, { WorkerGlobalScope: class WorkerGlobalScope {} });
Object.defineProperty(globalThis, "navigator", { value: { gpu: await open(), userAgent: "node" }, configurable: true });

/** Dawn. Without a GPU: on the software adapter of Debian's chromium, since Dawn requires more than Debian's lavapipe has. */
async function open() {
  const gpu = create([]);
  if (await gpu.requestAdapter()) return gpu;
  process.env.VK_ICD_FILENAMES ??= "/usr/lib/chromium/vk_swiftshader_icd.json";
  const software = create([]);
  if (await software.requestAdapter()) return software;
  console.error("Dawn finds no graphics adapter: install a Vulkan driver, or Debian's chromium for its software adapter.");
  process.exit(1);
}

// One bundle, so that there is one TensorFlow.js module for all that import it.
const bundle = join(WORK, "bundle", "host.mjs");
await build({
  entryPoints: [join(import.meta.dirname, "lab", "host.js")],
  outfile: bundle, bundle: true, format: "esm", target: "es2022", logLevel: "error",
});
const { Host, install } = await import(pathToFileURL(bundle));
install();

const { version } = createRequire(import.meta.url)("webgpu/package.json");
const { cases, out, append } = read(["node"]);
const figures = new Figures(out, append);
for (const { place, ...plan } of cases) {
  const what = { ...plan, shards: Math.ceil((mostSteps(plan) * plan.batch) / SHARD) };
  const { glue } = await assets.module("simd128");
  const setting = await makeSetting(glue, await assets.data(what.shards), what);
  console.error(`${place}: ${plan.variant}, batch ${plan.batch}, width ${plan.width}`);
  const peers = await runCase(plan, (name) => new Host(name, assets), setting, (text) => console.error(`  ${text}`));
  const { peers: _, ...settings } = plan;
  figures.add({ where: `Node ${process.versions.node}, webgpu ${version}`, place, ...settings, macs: setting.macs, peers });
}
// Dawn's threads would keep the process alive.
const wrong = figures.runs.flatMap((run) => run.peers).filter((peer) => peer.same_network === false).length;
process.exit(wrong > 0 ? 1 : 0);
