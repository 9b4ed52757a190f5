// A page of another origin that embeds the lab, and what its frames say.
import { after, before } from "node:test";
import { PATIENCE, newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { REVEAL, bare, startHost } from "./servers.mjs";

export const SETTINGS = "v=1&lang=en&backend=cpu&workers=1&width=0.25&batch=8&test_size=40";
export const PATIENT = { timeout: PATIENCE };
export const deck = (slides) =>
  bare(`<link rel="stylesheet" href="/reveal.css"><div class="reveal"><div class="slides">${slides.map((slide) => `<section>${slide}</section>`).join("")}</div></div>
    <script type="module">import Reveal from "/reveal.mjs"; window.deck = new Reveal(); await deck.initialize();</script>`);
export const frame = (path, more = "") => `<iframe width="640" height="360" ${more} src="${lab.address}${path}"></iframe>`;

/** The lines with which a page helps the labs in its frames. */
export const helping = () => `<script type="module">import { hostLabs } from "${lab.address}/js/embed.js"; hostLabs();</script>`;

/** Pages of the host, which a test adds. @type {Record<string, string | Buffer>} */
export const pages = { ...REVEAL };
export let host;
before(async () => {
  host = await startHost(pages);
});
after(() => host?.close());

/** Opens a page of the host; `window.events` collects what its frames say. */
export async function visit(body) {
  pages["/host.html"] = body;
  const opened = await newPage(browser, [host.address, lab.address], { width: 1280, height: 720 });
  await opened.page.evaluateOnNewDocument(() => {
    window.events = [];
    addEventListener("message", ({ data }) => data?.alexnetLab === 1 && window.events.push(data));
    /** What labs have kept in the browser's storage. */
    window.keptRuns = async () => {
      const { result } = await new Promise((resolve) => Object.assign(indexedDB.open("alexnet-lab", 1), { onsuccess: ({ target }) => resolve(target) }));
      const store = result.transaction("runs").objectStore("runs");
      const runs = await new Promise((resolve) => Object.assign(store.getAll(), { onsuccess: ({ target }) => resolve(target.result) }));
      result.close();
      return runs;
    };
  });
  await opened.page.goto(`${host.address}/host.html`);
  return opened;
}
export const said = (page, event, count = 1) =>
  page.waitForFunction((event, count) => window.events.filter((data) => data.event === event).length >= count, PATIENT, event, count);
/** Has a lab's engine rest after each step: where a test waits by the clock, training at full speed would only keep the processor busy. */
export const slowly = (page) =>
  Promise.all(
    page.workers().map((worker) =>
      worker.evaluate(() => {
        const { postMessage } = MessagePort.prototype; // with which the engine lets messages in
        MessagePort.prototype.postMessage = function (...given) {
          setTimeout(() => postMessage.apply(this, given), 200);
        };
      }),
    ),
  );
export const labs = (page) => page.frames().filter((frame) => frame.url().startsWith(lab.address));
export const phase = (frame) => frame.evaluate(() => document.querySelector("alexnet-lab").session.state.phase);
export const stillOf = (frame) => frame.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".still")?.innerText ?? "");
