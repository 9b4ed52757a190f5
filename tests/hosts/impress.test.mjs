// impress.js: every slide is in the page, turned and moved in space.
import { LABS, deckTests, linesOf } from "./checks.mjs";
import { npm } from "./install.mjs";
import { startSite } from "./site.mjs";

const step = (at, content) => `<div class="step slide" id="s${at}" data-x="${at * 2000}" data-rotate="${at * 30}">${content}</div>`;
const page = (lab) => `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>impress.js</title>
  <link rel="stylesheet" href="/impress/css/impress-common.css"><body class="impress-not-supported">
  <div id="impress" data-width="1280" data-height="720" data-max-scale="1" data-min-scale="0" data-transition-duration="0">
  ${step(0, "<h1>One</h1>")}${Array.from({ length: LABS }, (_, at) => step(at + 1, linesOf("impress", lab, at + 1))).join("")}
  ${step(LABS + 1, "<h1>End</h1>")}</div><script src="/impress/js/impress.js"></script><script>impress().init()</script>`;

deckTests("impress.js", {
  moves: true,
  open: (lab) => startSite({ "/": { body: page(lab) }, "/impress": npm("impress.js") }),
  turn: async (page, slide) => {
    await page.waitForSelector(".impress-enabled");
    await page.evaluate((slide) => window.impress().goto(`s${slide}`), slide);
    await page.waitForSelector(`#s${slide}.active`);
  },
});
