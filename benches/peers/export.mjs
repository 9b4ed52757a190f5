// Writes what the native peers train on: export.mjs FOLDER VARIANT BATCH WIDTH. JSON for the network, raw numbers for the rest.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeSetting } from "./lab/setting.js";
import { ROOT } from "./options.mjs";

const [folder, variant, batch, width] = process.argv.slice(2);
const dist = (...path) => join(ROOT, "dist", ...path);
const glue = await import(pathToFileURL(dist("pkg", "alexnet_lab.js")));
await glue.default({ module_or_path: readFileSync(dist("pkg", "alexnet_lab_bg.wasm")) });
const index = readFileSync(dist("data", "cifar10", "index.json"), "utf8");
const sheets = JSON.parse(index).train.slice(0, Math.ceil((8 * batch) / 1000) + 1);
const shards = sheets.map(({ file }) => ({ file, bytes: new Uint8Array(readFileSync(dist("data", "cifar10", file))) }));
const setting = await makeSetting(glue, { index, shards }, { variant, batch: Number(batch), width: Number(width) });

mkdirSync(folder, { recursive: true });
const { weights, batches, ...rest } = setting;
const names = setting.network.tensors.map(({ name }) => name);
const join32 = (arrays) => Buffer.concat(arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)));
writeFileSync(join(folder, "setting.json"), JSON.stringify(rest));
writeFileSync(join(folder, "weights.f32"), join32(names.map((name) => weights[name].values)));
writeFileSync(join(folder, "inputs.f32"), join32(batches.map(({ inputs }) => inputs)));
writeFileSync(join(folder, "labels.u8"), join32(batches.map(({ labels }) => labels)));
