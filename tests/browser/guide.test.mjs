// The guide: each page in both languages is accessible, fits a phone, and has no dead links.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT } from "./servers.mjs";

const AXE = readFileSync(join(ROOT, "node_modules", "axe-core", "axe.min.js"), "utf8");
const LANGUAGES = { en: "en", zh: "zh-Hans" };
const LOOKS = [
  { name: "full, light", viewport: { width: 1440, height: 900 }, scheme: "light" },
  { name: "phone, dark", viewport: { width: 390, height: 844 }, scheme: "dark" },
];
const pages = (folder) => readdirSync(join(ROOT, "dist", "guide", folder)).map((file) => `/guide/${folder}/${file}`);

/** A page's content and its links. */
const contents = () => ({
  lang: document.documentElement.lang,
  policy: document.querySelector("meta[http-equiv=Content-Security-Policy]")?.content ?? "",
  scripts: document.scripts.length,
  wide: document.documentElement.scrollWidth > innerWidth,
  ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
  links: [...document.querySelectorAll("a[href]")].map(({ href }) => href),
});

for (const { name, viewport, scheme } of LOOKS) {
  test(`every page of the guide has no serious violation and no broken link, ${name}`, async () => {
    const { page, complaints } = await newPage(browser, [lab.address], viewport);
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    /** By address. */
    const seen = new Map();
    for (const folder of Object.keys(LANGUAGES)) {
      assert.ok(pages(folder).length > 5, folder);
      for (const path of pages(folder)) {
        await page.goto(lab.address + path);
        assert.deepEqual(complaints, [], path);
        const found = await page.evaluate(contents);
        seen.set(lab.address + path, found);
        assert.equal(found.lang, LANGUAGES[folder], path);
        assert.match(found.policy, /^default-src 'none'; style-src 'self'/, path);
        assert.equal(found.scripts, 0, path);
        assert.equal(found.wide, false, `${path} is wider than ${viewport.width} pixels`);
        await page.evaluate(AXE);
        const violations = await page.evaluate(async () => (await window.axe.run(document)).violations.map(({ id, nodes }) => `${id}: ${nodes[0].target}`));
        assert.deepEqual(violations, [], path);
        complaints.length = 0; // the page's policy refuses axe-core's own style sheets
      }
    }
    for (const [address, { links }] of seen) {
      for (const link of links.filter((href) => href.startsWith(lab.address))) {
        const [target, id] = link.split("#");
        if (target.endsWith("/index.html") && !target.includes("/guide/")) continue; // the lab
        assert.ok(seen.has(target), `${address} links to ${link}`);
        if (id) assert.ok(seen.get(target).ids.includes(decodeURIComponent(id)), `${address} links to ${link}`);
      }
    }
    await page.close();
  });
}

test("the help leads to the guide, in its language", async () => {
  const { page, complaints } = await newPage(browser, [lab.address]);
  for (const folder of Object.keys(LANGUAGES)) {
    await page.goto("about:blank");
    await page.goto(`${lab.address}/#v=1&lang=${folder}&width=0.25&backend=cpu&workers=1`);
    await page.waitForFunction(() => document.querySelector("alexnet-lab")?.shadowRoot?.querySelector(".tools"));
    await page.keyboard.press("?");
    const link = await page.waitForFunction(() => document.querySelector("alexnet-lab")?.shadowRoot?.querySelector("dialog a[href*=guide]")?.href);
    assert.equal(await link.jsonValue(), `${lab.address}/guide/${folder}/index.html`);
  }
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a dialog stays open while the lab is laid out anew", async () => {
  const { page, complaints } = await newPage(browser, [lab.address]);
  const size = (wanted) => page.waitForFunction((wanted) => document.querySelector("alexnet-lab")?.shell?.size === wanted, {}, wanted);
  await page.goto(`${lab.address}/embed.html#v=1&lang=en&width=0.25&backend=cpu&data=toy`);
  await page.waitForFunction(() => document.querySelector("alexnet-lab")?.shadowRoot?.querySelector(".tools"));
  await size("full");
  await page.keyboard.press("?");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector("dialog:modal"));
  await page.setViewport({ width: 640, height: 360 });
  await size("slide");
  assert.equal(await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelectorAll("dialog:modal").length), 1);
  assert.deepEqual(complaints, []);
  await page.close();
});
