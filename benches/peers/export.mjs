// Writes the input of the native peers: export.mjs FOLDER VARIANT BATCH WIDTH. JSON for the network, raw numbers for the rest.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { data, module } from "./files.mjs";
import { BATCHES, SHARD, makeSetting } from "./lab/setting.js";

const [folder, variant, batch, width] = process.argv.slice(2);
const what = { variant, batch: Number(batch), width: Number(width) };
const { glue } = await module("simd128");
const setting = await makeSetting(glue, await data(Math.ceil((BATCHES * what.batch) / SHARD)), what);

mkdirSync(folder, { recursive: true });
const { weights, batches, ...rest } = setting;
const names = setting.network.tensors.map(({ name }) => name);
const join32 = (arrays) => Buffer.concat(arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)));
writeFileSync(join(folder, "setting.json"), JSON.stringify(rest));
writeFileSync(join(folder, "weights.f32"), join32(names.map((name) => weights[name].values)));
writeFileSync(join(folder, "inputs.f32"), join32(batches.map(({ inputs }) => inputs)));
writeFileSync(join(folder, "labels.u8"), join32(batches.map(({ labels }) => labels)));
