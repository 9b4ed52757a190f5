#!/usr/bin/env bash
# Chromium 156 and Firefox 153 ESR (Debian 12) by puppeteer-core 25.16.0, Node.js 20, seen 2026-11-30. CHROMIUM and FIREFOX name other
# paths than /usr/bin/chromium and /usr/bin/firefox-esr.
# Guess:     a page opened from disk and a worker that it starts from a blob share the addresses that URL.createObjectURL makes.
# Behaviour: in Firefox they do. In Chromium the worker has an origin of its own: it can neither fetch nor import the page's blob address,
#            though both say the origin "null". The same page in a sandboxed frame of a web server, which has no origin either, shares
#            them in both. A Blob that is posted to the worker can be imported there in every case. A WebAssembly.Module that one worker posts
#            to another through a port arrives only where the addresses are shared.
# Output seen:
#   Chromium, from disk: address fails, posted blob works, posted module fails
#   Chromium, sandboxed: address works, posted blob works, posted module works
#   Firefox, from disk: address works, posted blob works, posted module works
#   Firefox, sandboxed: address works, posted blob works, posted module works
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund puppeteer-core@25.16.0
cat >page.html <<'HTML'
<!doctype html>
<meta charset="utf-8" />
<link rel="icon" href="data:," />
<script>
  const script = (text) => new Blob([text], { type: "text/javascript" });
  const library = script("export const answer = 42;");
  const work = URL.createObjectURL(
      script(`
        onmessage = async ({ data: [what, value], ports: [port] }) => {
          if (what === "give") return port.postMessage(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])));
          if (what === "take") {
            port.onmessageerror = () => postMessage(["module", "fails"]);
            port.onmessage = () => postMessage(["module", "works"]);
            return;
          }
          const address = what === "blob" ? URL.createObjectURL(value) : value;
          postMessage([what, await import(address).then(() => "works", () => "fails")]);
        };`),
  );
  const [worker, other] = [new Worker(work), new Worker(work)];
  const heard = {};
  worker.onmessage = ({ data: [what, how] }) => {
    heard[what] = how;
    if (Object.keys(heard).length === 3) document.title = `address ${heard.address}, posted blob ${heard.blob}, posted module ${heard.module}`;
  };
  worker.postMessage(["address", URL.createObjectURL(library)]);
  worker.postMessage(["blob", library]);
  const { port1, port2 } = new MessageChannel();
  worker.postMessage(["take"], [port1]);
  other.postMessage(["give"], [port2]);
</script>
HTML
cat >try.mjs <<'JS'
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const options = {
  Chromium: { browser: "chrome", executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--no-first-run", "--disable-background-networking"] },
  Firefox: { browser: "firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr" },
};
const server = createServer(({ url }, answer) => {
  answer.setHeader("content-type", "text/html");
  answer.end(url === "/page.html" ? readFileSync("page.html") : '<link rel="icon" href="data:,"><iframe sandbox="allow-scripts" src="/page.html"></iframe>');
}).listen(0, "127.0.0.1");
for (const [name, launch] of Object.entries(options)) {
  const browser = await puppeteer.launch({ ...launch, userDataDir: join(process.cwd(), name) });
  for (const [place, address] of [
    ["from disk", pathToFileURL("page.html").href],
    ["sandboxed", `http://127.0.0.1:${server.address().port}/`],
  ]) {
    const page = await browser.newPage();
    await page.goto(address);
    const frame = place === "sandboxed" ? await (await page.waitForSelector("iframe")).contentFrame() : page;
    await frame.waitForFunction(() => document.title);
    console.log(`${name}, ${place}: ${await frame.evaluate(() => document.title)}`);
    await page.close();
  }
  await browser.close();
}
server.close();
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
