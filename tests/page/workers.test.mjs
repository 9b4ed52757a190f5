// The engine's worker starts none itself: `www/js/worker/spawn.js` says why.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const JS = new URL("../../www/js/", import.meta.url);

test("only the page starts workers", () => {
  const scripts = readdirSync(JS, { recursive: true }).filter((name) => name.endsWith(".js"));
  const starting = scripts.filter((name) => readFileSync(new URL(name, JS), "utf8").includes("new Worker("));
  assert.deepEqual(starting.sort(), ["session.js", "workers.js"]);
});
