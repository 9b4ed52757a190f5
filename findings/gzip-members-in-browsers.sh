#!/usr/bin/env bash
# Chromium 156 (Debian 12) by puppeteer-core 25.16.0, Node.js 20, seen 2026-11-29. CHROMIUM names another path than /usr/bin/chromium.
# Guess:     DecompressionStream reads the same .gz files in Node and in a browser, since both follow one standard.
# Behaviour: A gzip file may have several members, one after the other; bgzip and cat make such files. Node reads all of them, and ignores
#            zeros that pad the file. Chromium ends both with a TypeError, after the content of the first member. A reader tested only in
#            Node fails in the browser.
# Output seen:
#   one member: Node "first ", Chromium "first "
#   two members: Node "first second", Chromium "first " TypeError
#   padded with zeros: Node "first ", Chromium "first " TypeError
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund puppeteer-core@25.16.0
cat > try.mjs <<'JS'
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import puppeteer from "puppeteer-core";

/** Calls `use` with an empty page of the system's Chromium. */
async function withPage(use) {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    userDataDir: join(process.cwd(), "profile"),
    args: ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    await use(await browser.newPage());
  } finally {
    await browser.close();
  }
}

/** What of the file can be read, and what it ends with. */
async function unpack(base64) {
  const packed = new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]);
  const reader = packed.stream().pipeThrough(new DecompressionStream("gzip")).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  } catch (error) {
    return `"${text}" ${error.name}`;
  }
  return `"${text}"`;
}

const [first, second] = ["first ", "second"].map((text) => gzipSync(text));
await withPage(async (page) => {
  for (const [name, parts] of Object.entries({
    "one member": [first],
    "two members": [first, second],
    "padded with zeros": [first, Buffer.alloc(512)],
  })) {
    const base64 = Buffer.concat(parts).toString("base64");
    console.log(`${name}: Node ${await unpack(base64)}, Chromium ${await page.evaluate(unpack, base64)}`);
  }
});
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
