// Draws www/picture.png, which other sites show beside a shared address: the lab's own still picture of the network. `node tests/browser/draw_picture.mjs`
import { statSync } from "node:fs";
import { join } from "node:path";
import { launch, newPage } from "./browsers.mjs";
import { ROOT, startHost } from "./servers.mjs";

const [WIDTH, HEIGHT] = [1200, 630];
/** The element is asleep until it is seen, and shows its picture. It is half as large and drawn twice as fine. */
const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/js/alexnet-lab.js"></script>
<body style="margin: 0; background: #fbfaf7"><alexnet-lab lang="en" theme="light" style="opacity: 0; height: ${HEIGHT / 2}px"></alexnet-lab>`;

const host = await startHost({ "/picture.html": PAGE });
const { browser, close } = await launch("chromium");
const { page } = await newPage(browser, [host.address], { width: WIDTH / 2, height: HEIGHT / 2, deviceScaleFactor: 2 });
await page.goto(`${host.address}/picture.html`);
await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot?.querySelector(".still .volume"));
const path = join(ROOT, "www", "picture.png");
await page.evaluate(() => {
  const lab = document.querySelector("alexnet-lab");
  const still = lab.shadowRoot.querySelector(".still");
  lab.wake = () => {};
  const [title, , , words] = still.children;
  Object.assign(still.style, { gridTemplateColumns: "minmax(0, 560px)", minHeight: "315px", gap: "18px", boxSizing: "border-box" });
  Object.assign(title.style, { fontSize: "44px", letterSpacing: "-0.02em" });
  Object.assign(words.style, { fontSize: "17px", textWrap: "balance" });
  words.textContent = "A scaled-down AlexNet that trains in the browser. Every component is a switch.";
  lab.style.opacity = "1";
});
await page.screenshot({ path });
await close();
host.close();
console.log(`${path}: ${statSync(path).size} bytes`);
