#!/usr/bin/env bash
# WebKitGTK 2.50.6 (Debian 12: webkit2gtk-driver, with xvfb) by the W3C WebDriver protocol, Node.js 20, seen 2026-11-30.
# Guess:     a worker that a page from disk starts from a blob can read blobs: those that the page posts to it, and its own.
# Behaviour: such a worker starts, but every blob in it is unreadable, even one that it has just made: text() rejects, fetch and import of
#            its address fail. Only data: addresses work. The same page from a server reads them all. In Chromium 156 and Firefox 153 a
#            posted blob can be imported from disk, too (findings/worker-of-a-file-page.sh).
# Output seen:
#   from disk: own text NotReadableError, own fetch TypeError, posted text NotReadableError, posted import TypeError, data: import works
#   from a server: own text works, own fetch works, posted text works, posted import works, data: import works
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '<!doctype html><title>page</title>' >page.html
cat >try.mjs <<'JS'
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(readFileSync("page.html")));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const port = 20_000 + (process.pid % 10_000);
const driver = spawn("xvfb-run", ["--auto-servernum", "WebKitWebDriver", `--port=${port}`], { stdio: "ignore", detached: true });
async function ask(method, path, body) {
  const options = { method, body: body && JSON.stringify(body), headers: { "content-type": "application/json" } };
  const { value } = await (await fetch(`http://127.0.0.1:${port}${path}`, options)).json();
  if (value?.error) throw new Error(value.message);
  return value;
}
for (let tries = 0; tries < 100; tries += 1) {
  if (await ask("GET", "/status").then(() => true, () => false)) break;
  await new Promise((resolve) => setTimeout(resolve, 200));
}
const binary = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/webkit2gtk-4.1/MiniBrowser`;
const wanted = { alwaysMatch: { "webkitgtk:browserOptions": { binary, args: ["--automation"] } } };
const { sessionId } = await ask("POST", "/session", { capabilities: wanted });
const page = `/session/${sessionId}`;
await ask("POST", `${page}/timeouts`, { script: 30_000 });

function work() {
  onmessage = async ({ data: posted }) => {
    const own = new Blob(["own"]);
    const tries = {
      "own text": () => own.text(),
      "own fetch": () => fetch(URL.createObjectURL(own)),
      "posted text": () => posted.text(),
      "posted import": () => import(URL.createObjectURL(posted)),
      "data: import": () => import("data:text/javascript,export const answer = 42"),
    };
    const found = [];
    for (const [name, act] of Object.entries(tries)) found.push(`${name} ${await act().then(() => "works", (error) => error.name)}`);
    postMessage(found.join(", "));
  };
}
const script = `const [work, done] = arguments;
  const worker = new Worker(URL.createObjectURL(new Blob([work], { type: "text/javascript" })));
  worker.onmessage = ({ data }) => done(data);
  worker.postMessage(new Blob(["export const answer = 42"], { type: "text/javascript" }));`;
for (const [name, url] of [["from disk", pathToFileURL("page.html").href], ["from a server", `http://127.0.0.1:${server.address().port}/`]]) {
  await ask("POST", `${page}/url`, { url });
  console.log(`${name}: ${await ask("POST", `${page}/execute/async`, { script, args: [`(${work})()`] })}`);
}
await ask("DELETE", page);
process.kill(-driver.pid);
process.exit();
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
