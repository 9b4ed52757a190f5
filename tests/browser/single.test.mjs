// The lab away from its folder: as one file, and as an element from another origin. It trains wherever a page can run, in both browsers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "./browsers.mjs";
import { ROOT, startHost, startLab } from "./servers.mjs";

const SINGLE = join(ROOT, "dist", "lab.html");
const SMALL = join(ROOT, "tests", "out", "small.html");
const SETTINGS = "v=1&lang=en&backend=cpu&width=0.25&batch=8&workers=2&test_size=40&autoplay=true";
/** Longest address of a frame in Chromium. */
const LONGEST = 2 ** 21;

const text = (file) => readFileSync(file, "utf8");
/** The file with settings of its own, as its address cannot carry any. */
const set = (html) => html.replace("<alexnet-lab ", `<alexnet-lab ${SETTINGS.replace("v=1&", "").replaceAll("&", " ")} `);
const quoted = (html) => html.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
const frame = (attributes) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><iframe width="1000" height="700" ${attributes}></iframe>`;
const data = (html) => `data:text/html;base64,${Buffer.from(html).toString("base64")}`;

/** Pages of a host on another origin than the lab's. @param {string} lab */
const pages = (lab) => ({
  "/sandbox.html": frame(`sandbox="allow-scripts" src="/lab.html#${SETTINGS}"`),
  "/folder.html": frame(`sandbox="allow-scripts" src="${lab}/embed.html#${SETTINGS}"`),
  "/srcdoc.html": frame(`srcdoc="${quoted(set(text(SINGLE)))}"`),
  "/sandboxed-srcdoc.html": frame(`sandbox="allow-scripts" srcdoc="${quoted(set(text(SMALL)))}"`),
  "/data.html": frame(`src="${data(set(text(SMALL)))}"`),
  "/element.html": `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="${lab}/js/alexnet-lab.js"></script>
    <alexnet-lab ${SETTINGS.replace("v=1&", "").replaceAll("&", " ")}></alexnet-lab>`,
});

let lab, host;
before(async () => {
  execFileSync(join(ROOT, "target", "release", "alexnet-lab"), ["build", "--single", SMALL, "--no-images"], { cwd: ROOT, stdio: "ignore" });
  lab = await startLab();
  host = await startHost(pages(lab.address));
});
after(() => {
  host?.close();
  lab?.close();
});

test("the file has at least a thousand photographs and at most 6 MB; without photographs it fits into an address", () => {
  assert.ok(statSync(SINGLE).size <= 6e6, `${statSync(SINGLE).size} bytes`);
  assert.ok(data(set(text(SMALL))).length < LONGEST);
  const counts = [...text(SINGLE).matchAll(/data-file="data\/cifar10\/[^"]*webp"/g)].length;
  assert.equal(counts, 2);
});

for (const name of NAMES) {
  describe(name, () => {
    let browser, close;
    before(async () => ({ browser, close } = await launch(name)));
    after(() => close?.());

    for (const [what, path, train, count] of [
      ["a file on disk", pathToFileURL(SINGLE), 1000, 500],
      ["a page's folder on disk", pathToFileURL(join(ROOT, "dist", "index.html")), 1000, 500],
      ["a sandboxed frame", "/sandbox.html", 1000, 500],
      ["a sandboxed frame of the page's folder", "/folder.html", 1000, 500],
      ["a frame whose markup it is", "/srcdoc.html", 1000, 500],
      ["a sandboxed frame whose markup it is", "/sandboxed-srcdoc.html", 10_000, 2000],
      ["a frame whose address it is", "/data.html", 10_000, 2000],
      ["an element from another origin", "/element.html", 10_000, 2000],
    ]) {
      test(what, async () => {
        const { page, complaints } = await newPage(browser, [host.address, lab.address, "null"]);
        await page.goto(typeof path === "string" ? `${host.address}${path}` : `${path}#${SETTINGS}`);
        // A file on disk may have handed over to another one.
        const inside = path.endsWith?.("element.html") || typeof path !== "string" ? page : await (await page.waitForSelector("iframe")).contentFrame();
        await inside.waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.step >= 3);
        const found = await inside.evaluate(() => {
          const { session, shadowRoot } = document.querySelector("alexnet-lab");
          const { describe, loss } = session.state;
          return {
            loss,
            train: describe.data.train_total,
            count: describe.data.test_total,
            workers: describe.backend.workers,
            notes: [...shadowRoot.querySelectorAll(".note")].map((note) => note.textContent),
          };
        });
        assert.ok(found.loss > 0 && found.loss < 10, `${found.loss}`);
        assert.deepEqual({ ...found, loss: 0 }, { loss: 0, train, count, workers: 2, notes: [] });
        // Where a page hands over to the single file, what it was still loading is no longer needed.
        const aborted = (/** @type {string} */ complaint) => /(alexnet-lab\.js|style\.css) (net::ERR_ABORTED|NS_BINDING_ABORTED)/.test(complaint);
        assert.deepEqual(
          complaints.filter((complaint) => !(what.includes("folder") && aborted(complaint))),
          [],
        );
        await page.close();
      });
    }
  });
}
