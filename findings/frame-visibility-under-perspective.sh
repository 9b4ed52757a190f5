#!/usr/bin/env bash
# Chromium 156 (Debian 12) by puppeteer-core 25.16.0, Node.js 20, seen 2026-11-30. CHROMIUM names another path than /usr/bin/chromium.
# Guess:     an IntersectionObserver with `trackVisibility`, in a frame of another site that nothing covers, says `isVisible` whatever the
#            page around does with `transform` and `perspective`, as long as the frame is drawn flat and whole.
# Behaviour: enlarged by `scale` it stays visible, and made smaller by `zoom`; made smaller by `scale` it does not. `perspective` on an element
#            around, which changes no pixel of a flat frame and which reveal.js puts around all of its slides, makes it invisible for good.
# Output seen:
#   as it is: visible
#   transform: scale(1.5): visible
#   transform: scale(0.8): not visible
#   zoom: 0.8: visible
#   perspective: 600px: not visible
#   as it was: visible
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund puppeteer-core@25.16.0
cat >try.mjs <<'JS'
import { createServer } from "node:http";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

const inner = `<!doctype html><link rel="icon" href="data:,"><p>inner</p><script>
  let visible;
  const options = { trackVisibility: true, delay: 100, threshold: [0, 1] };
  new IntersectionObserver((entries) => (visible = entries.at(-1).isVisible), options).observe(document.querySelector("p"));
</script>`;
const outer = (port) => `<!doctype html><link rel="icon" href="data:,"><div class="around" style="width: 400px; height: 300px; transform-origin: 0 0">
  <div class="slide"><iframe src="http://localhost:${port}/inner" width="300" height="200" style="border: 0"></iframe></div></div>`;
const server = createServer(({ url }, response) => {
  response.setHeader("content-type", "text/html").end(url === "/inner" ? inner : outer(server.address().port));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--no-first-run", "--disable-background-networking"],
  userDataDir: join(process.cwd(), "profile"),
});
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}/`);
const frame = await (await page.waitForSelector("iframe")).contentFrame();
await frame.waitForSelector("p");
const ways = { "as it is": {}, "transform: scale(1.5)": { transform: "scale(1.5)" }, "transform: scale(0.8)": { transform: "scale(0.8)" },
  "zoom: 0.8": { zoom: "0.8" }, "perspective: 600px": { perspective: "600px" }, "as it was": {} };
for (const [name, style] of Object.entries(ways)) {
  await page.evaluate((style) => Object.assign(document.querySelector(".around").style, { transform: "", zoom: "", perspective: "", ...style }), style);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  console.log(`${name}: ${(await frame.evaluate(() => visible)) ? "visible" : "not visible"}`);
}
await browser.close();
server.close();
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
