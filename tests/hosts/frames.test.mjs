// The lines for pages, on a site of its own beside that of the lab, with the headers and the frames that such pages have.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { NAMES, launch, newPage } from "../browser/browsers.mjs";
import { ROOT } from "../browser/servers.mjs";
import { fits, frameOf, linesOf, startElsewhere, trains, uncut } from "./checks.mjs";
import { startSite } from "./site.mjs";

const bare = (body) => `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Host</title><body>${body}`;
const isolated = { "cross-origin-embedder-policy": "require-corp", "cross-origin-opener-policy": "same-origin" };
/** What the guide asks of a page with a policy of its own. @param {string} lab */
const policy = (lab) => ({
  "content-security-policy": `default-src 'none'; img-src data:; frame-src ${lab}; style-src 'unsafe-inline'; script-src ${lab} 'wasm-unsafe-eval'; connect-src ${lab}; worker-src blob:`,
});
const inFrame = (lab, attribute) => linesOf("page", lab, 1).replace("<iframe", `<iframe ${attribute}`);

/** What the page has, and whether the lab is in a frame. @param {string} lab @returns {Record<string, {body: string, headers?: Record<string, string>, element?: boolean}>} */
const pages = (lab) => ({
  "/page": { body: linesOf("page", lab, 1) },
  "/moodle": { body: linesOf("moodle", lab, 1) },
  "/element": { body: linesOf("element", lab, 1), element: true },
  "/sandbox": { body: inFrame(lab, 'sandbox="allow-scripts"') },
  "/sandbox-with-origin": { body: inFrame(lab, 'sandbox="allow-scripts allow-same-origin"') },
  "/credentialless": { body: inFrame(lab, "credentialless") },
  "/isolated": { body: linesOf("page", lab, 1), headers: isolated },
  "/isolated-element": { body: linesOf("element", lab, 1).replace("<script", '<script crossorigin="anonymous"'), headers: isolated, element: true },
  "/policy": { body: linesOf("page", lab, 1), headers: policy(lab) },
  "/policy-element": { body: linesOf("element", lab, 1), headers: policy(lab), element: true },
});

describe("frames and pages", () => {
  let lab, site, folder;
  before(async () => {
    lab = await startElsewhere();
    const paths = Object.entries(pages(lab.address)).map(([path, { body, headers }]) => [path, { body: bare(body), headers }]);
    site = await startSite(Object.fromEntries(paths));
    folder = mkdtempSync(join(tmpdir(), "alexnet-lab-file-"));
    copyFileSync(join(ROOT, "dist", "lab.html"), join(folder, "lab.html"));
    writeFileSync(join(folder, "deck.html"), bare(linesOf("file", lab.address, 1)));
  });
  after(() => {
    site?.close();
    lab?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const name of NAMES) {
    test(`in ${name} the lab has its size, trains and complains of nothing`, async (t) => {
      const { browser, close } = await launch(name);
      t.after(close);
      for (const [path, { element }] of [...Object.entries(pages(lab.address)), [pathToFileURL(join(folder, "deck.html")).href, {}]]) {
        const { page, complaints } = await newPage(browser, [site.address, lab.address, "null"], { width: 1280, height: 720 });
        await page.goto(new URL(path, site.address).href);
        const inside = element ? page : await frameOf(page, 1);
        await trains(await (element ? page : frameOf(page, 1)), 2).catch((error) => assert.fail(`${path}: ${error.message}`));
        if (!element) await fits(inside.detached ? await frameOf(page, 1) : inside);
        // A sandboxed frame hands over to the single file, and no longer needs its own script.
        const handsOver = path === "/sandbox";
        assert.deepEqual(handsOver ? uncut(complaints) : complaints, [], path);
        await page.close();
      }
    });
  }
});
