// Toy objects are the same in WebAssembly and in the program, byte for byte. Needs dist/.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const ROOT = join(import.meta.dirname, "..", "..");
const pinned = readFileSync(join(ROOT, "tests", "training", "toy.rs"), "utf8").match(/const TEST_IMAGES: &str = "(\w+)"/)[1];

test("the first test images in WebAssembly are those that tests/training/toy.rs pins", async () => {
  const glue = await import(pathToFileURL(join(ROOT, "dist", "pkg", "alexnet_lab.js")));
  await glue.default({ module_or_path: readFileSync(join(ROOT, "dist", "pkg", "alexnet_lab_bg.wasm")) });
  const lab = await glue.Lab.create("data=toy&backend=cpu&width=0.25&batch=1&workers=1", () => assert.fail("no helper was asked for"));
  const start = performance.now();
  assert.equal(lab.add_generated(700), 11_300);
  console.log(`# ${(700_000 / (performance.now() - start)).toFixed(0)} images a second`);
  const { pixels, labels } = await lab.predict(0, 100);
  assert.equal(labels.length, 100);
  assert.equal(createHash("sha256").update(pixels).update(labels).digest("hex"), pinned);
  lab.free();
});
