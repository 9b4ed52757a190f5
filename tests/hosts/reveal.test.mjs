// reveal.js, with the lines of the page: it tells the frame when its slide is shown, and hears the keys that the lab does not use.
import { join } from "node:path";
import { ROOT } from "../browser/servers.mjs";
import { LABS, deckTests, linesOf, shows } from "./checks.mjs";
import { startSite } from "./site.mjs";

const page = (lab) => `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>reveal.js</title>
  <link rel="stylesheet" href="/reveal/reveal.css"><div class="reveal"><div class="slides"><section><h1>One</h1></section>
  ${Array.from({ length: LABS }, (_, at) => linesOf("reveal", lab, at + 1)).join("\n")}<section><h1>End</h1></section></div></div>
  <script type="module">import Reveal from "/reveal/reveal.mjs"; window.deck = new Reveal({ width: 1280, height: 720, transition: "none" }); await deck.initialize();</script>`;
const slide = (page) => page.evaluate(() => window.deck.getState().indexh);

deckTests("reveal.js", {
  hears: true,
  moves: true,
  open: (lab) => startSite({ "/": { body: page(lab) }, "/reveal": join(ROOT, "node_modules", "reveal.js", "dist") }),
  slide,
  turn: async (page, to) => {
    await page.waitForFunction(() => window.deck?.isReady());
    await page.evaluate((to) => window.deck.slide(to), to);
  },
  print: async (page, address) => {
    await page.goto(`${address}/?print-pdf`);
    await page.waitForFunction((labs) => document.querySelectorAll(".pdf-page iframe").length === labs, {}, LABS);
    // Twice, as a slide that moves to its page loads its frame again.
    for (let at = 1; at <= 2 * LABS; at += 1) await shows(page, ((at - 1) % LABS) + 1);
    return page.pdf({ preferCSSPageSize: true });
  },
});
