// The engine's worker starts no workers itself: `www/js/worker/spawn.js` says why.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { Talk } from "../../www/js/worker/talk.js";

const JS = new URL("../../www/js/", import.meta.url);

test("only the page starts workers", () => {
  const scripts = readdirSync(JS, { recursive: true }).filter((name) => name.endsWith(".js"));
  const using = (/** @type {string} */ words) => scripts.filter((name) => readFileSync(new URL(name, JS), "utf8").includes(words)).sort();
  assert.deepEqual(using("new Worker("), ["kit/files.js"]);
  assert.deepEqual(using("import { startWorker }"), ["session/line.js", "session/workers.js"]);
});

test("messages of both ways are heard in the order in which they were sent", () => {
  const [slow, heard] = [[], []];
  const there = new Talk(
    {},
    () => {},
    (message) => heard.push(message),
  );
  const port = { postMessage: (packet) => there.take(packet) };
  const sender = new Talk(
    port,
    (packet) => slow.push(packet),
    () => {},
  );
  sender.send("small 1");
  sender.send("large 2", [new ArrayBuffer(1 << 20)]);
  sender.send("small 3", [new ArrayBuffer(16)]);
  sender.send("large 4", [new ArrayBuffer(1 << 20)]);
  assert.deepEqual(heard, ["small 1"], "what comes early waits");
  slow.forEach((packet) => there.take(packet));
  assert.deepEqual(heard, ["small 1", "large 2", "small 3", "large 4"]);
});
