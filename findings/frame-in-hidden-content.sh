#!/usr/bin/env bash
# Chromium 156 and Firefox 153 ESR (Debian 12) by puppeteer-core 25.16.0, Node.js 20, seen 2026-11-30. CHROMIUM and FIREFOX name other paths
# than /usr/bin/chromium and /usr/bin/firefox-esr.
# Guess:     inside of a frame of another site, an IntersectionObserver says when the drawing around the frame is hidden by
#            `content-visibility: hidden`, as the slides of Marp are.
# Behaviour: in Chromium it does. In Firefox the ratio stays 1, as if the frame were seen, where the hidden element is an <svg> with a foreignObject;
#            with a <div> it is 0 there, too. Firefox only holds back the frame's animation frames, to about one in a second.
# Output seen:
#   Chromium: hidden ratio 0, few frames; shown ratio 1, many frames; hidden again ratio 0, few frames
#   Firefox: hidden ratio 1, few frames; shown ratio 1, many frames; hidden again ratio 1, few frames
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
  let frames = 0;
  const draw = () => requestAnimationFrame(draw, (frames += 1));
  draw();
  let ratio = 0;
  new IntersectionObserver((entries) => (ratio = entries.at(-1).intersectionRatio)).observe(document.querySelector("p"));
  const read = async () => {
    const before = frames;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    return "ratio " + ratio + ", " + (frames - before < 6 ? "few" : "many") + " frames";
  };
</script>`;
const outer = (port) => `<!doctype html><link rel="icon" href="data:,">
  <svg class="around" width="400" height="300" style="content-visibility: hidden; opacity: 0"><foreignObject width="400" height="300">
    <iframe src="http://localhost:${port}/inner" width="300" height="200"></iframe>
  </foreignObject></svg>`;
const server = createServer(({ url }, response) => {
  response.setHeader("content-type", "text/html").end(url === "/inner" ? inner : outer(server.address().port));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const options = {
  Chromium: { browser: "chrome", executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--no-first-run", "--disable-background-networking"] },
  Firefox: { browser: "firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr" },
};
for (const [name, launch] of Object.entries(options)) {
  const browser = await puppeteer.launch({ ...launch, userDataDir: join(process.cwd(), name) });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  await frame.waitForFunction(() => typeof read === "function", { polling: 100 });
  const said = [];
  for (const [what, value] of [["hidden", "hidden"], ["shown", "visible"], ["hidden again", "hidden"]]) {
    await page.evaluate((value) => (Object.assign(document.querySelector(".around").style, { contentVisibility: value, opacity: value === "hidden" ? 0 : 1 })), value);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    said.push(`${what} ${await frame.evaluate(() => read())}`);
  }
  console.log(`${name}: ${said.join("; ")}`);
  await browser.close();
}
process.exit();
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
