// What the guide says of embedding, on the hosts' side: a deck whose keys go through a lesson, frames as high as the lab, a page that knows its address.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { NAMES, PATIENCE, launch, newPage } from "./browsers.mjs";
import { REVEAL, ROOT, bare, startHost, startShortLab } from "./servers.mjs";
import { EXAMPLE, HOSTS } from "../../www/js/embed/hosts.js";

const SETTINGS = { lang: "en", backend: "cpu", workers: "1", width: "0.25", batch: "8", test_size: "40" };
const PATIENT = { timeout: PATIENCE };
const PROGRAM = process.env.ALEXNET_LAB ?? join(ROOT, "target", "release", "alexnet-lab");
const guide = readFileSync(join(ROOT, "www", "guide", "en", "embedding.md"), "utf8");
/** The guide's code block that contains this. */
const snippet = (part) => [...guide.matchAll(/^```\w+\n([^]*?)\n```$/gm)].map(([, block]) => block).find((block) => block.includes(part));

let lab, host;
const pages = { ...REVEAL };
before(async () => {
  lab = await startShortLab();
  host = await startHost(pages);
});
after(() => {
  host?.close();
  lab?.close();
});
const place = (more) => ({ ...EXAMPLE, address: `${lab.address}/`, settings: { ...SETTINGS, ...more } });

/** Opens a page of the host. */
async function visit(browser, body) {
  pages["/host.html"] = bare(body);
  const opened = await newPage(browser, [host.address, lab.address], { width: 1280, height: 720 });
  await opened.page.goto(`${host.address}/host.html`);
  return opened;
}

for (const name of NAMES) {
  describe(name, () => {
    let browser, close;
    before(async () => ({ browser, close } = await launch(name)));
    after(() => close?.());

    for (const kind of ["reveal", "element"]) {
      test(`at a lesson's first and last step, the keys of a remote control turn the slides, ${kind}`, async () => {
        const lines = HOSTS[kind].lines(place({ lesson: "norms" }));
        const slide = kind === "reveal" ? lines : `<section>${lines.replace("height:", "height: 360px; width: 640px; max-height:")}</section>`;
        const { page, complaints } = await visit(
          browser,
          `<link rel="stylesheet" href="/reveal.css"><div class="reveal"><div class="slides"><section>One</section>${slide}<section>Three</section></div></div>
          <script type="module">import Reveal from "/reveal.mjs"; window.deck = new Reveal(); await deck.initialize(); deck.slide(1);</script>`,
        );
        const at = () => page.evaluate(() => window.deck.getState().indexh);
        const turned = (to) => page.waitForFunction((to) => window.deck.getState().indexh === to, PATIENT, to);
        const frame = kind === "reveal" ? await page.waitForFrame((frame) => frame.url().includes("embed.html")) : page.mainFrame();
        await frame.waitForFunction(() => document.querySelector("alexnet-lab")?.shell?.lesson.panel?.lesson, PATIENT);
        await frame.waitForFunction(() => document.querySelector("alexnet-lab").shell.size === "slide", PATIENT);
        const step = () => frame.evaluate(() => document.querySelector("alexnet-lab").shell.lesson.panel.step);
        // A click goes to the deck until the browser has drawn the frame where it now is.
        const enter = async () => {
          const body = await frame.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".guide-body"));
          const entered = () => body.evaluate((body) => document.hasFocus() && body.matches(":focus"));
          const end = performance.now() + PATIENCE;
          do {
            await body.asElement().click();
          } while (!(await entered()) && performance.now() < end);
        };
        await enter();
        await page.keyboard.press("PageDown");
        assert.deepEqual([await step(), await at()], ["predict", 1]);
        await page.keyboard.press("PageUp");
        assert.deepEqual([await step(), await at()], ["question", 1]);
        await page.keyboard.press("PageUp");
        await turned(0);
        await page.evaluate(() => window.deck.slide(1));
        await enter();
        // Not by way of the run, which takes its time.
        await frame.evaluate(() => document.querySelector("alexnet-lab").shell.lesson.panel.go(5));
        await page.keyboard.press("PageDown");
        assert.deepEqual([await step(), await at()], ["noise", 1]);
        await page.keyboard.press("PageDown");
        await turned(2);
        assert.equal(await step(), "noise");
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }

    const ways = { script: `<script type="module">${snippet("natural_height}px")}</script>`, "style sheet": `<style>${snippet("frame-sizing")}</style>` };
    for (const [way, lines] of Object.entries(ways)) {
      test(`the guide's ${way} makes a frame as high as the lab`, async (t) => {
        const { page, complaints } = await visit(browser, `${HOSTS.page.lines(place())}${lines}`);
        const supported = await page.evaluate(() => CSS.supports("frame-sizing: content-height"));
        if (way === "style sheet" && !supported) {
          assert.equal(await page.evaluate(() => document.querySelector("iframe").clientHeight), EXAMPLE.height);
          await page.close();
          return t.diagnostic("this browser does not know frame-sizing, and the frame keeps its height");
        }
        const frame = await page.waitForFrame((frame) => frame.url().includes("embed.html"));
        const fits = () => {
          const lab = document.querySelector("alexnet-lab");
          return lab?.shell?.size === "full" && innerHeight > 900 && Math.abs(innerHeight - lab.shell.extent.natural_height) < 2;
        };
        await frame.waitForFunction(fits, PATIENT);
        // A narrower frame has a higher lab.
        const before = await frame.evaluate(() => innerHeight);
        await page.evaluate(() => (document.querySelector("iframe").style.width = "390px"));
        await frame.waitForFunction((before) => innerWidth < 400 && innerHeight !== before, PATIENT, before);
        await frame.waitForFunction(fits, PATIENT);
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }
  });
}

test("a page built with its address says what other sites show; without one it leaves out what needs an address", () => {
  // A copy of the repository with what was built: nothing has to be compiled again.
  const copy = mkdtempSync(join(tmpdir(), "alexnet-lab-address-"));
  for (const name of readdirSync(ROOT)) if (!["dist", "target"].includes(name)) symlinkSync(join(ROOT, name), join(copy, name));
  mkdirSync(join(copy, "target"));
  cpSync(join(ROOT, "dist"), join(copy, "dist"), { recursive: true, preserveTimestamps: true });
  cpSync(join(ROOT, "target", "page"), join(copy, "target", "page"), { recursive: true });
  const build = (...more) =>
    execFileSync(PROGRAM, ["build", ...more], { cwd: copy, env: { ...process.env, CARGO_MANIFEST_DIR: copy }, stdio: ["ignore", "ignore", "pipe"] });
  const built = (name) => readFileSync(join(copy, "dist", name), "utf8");
  /** The value of an attribute in the line with this part. */
  const said = (html, part, attribute = "content") =>
    html
      .split("\n")
      .find((line) => line.includes(part))
      ?.match(new RegExp(`${attribute}="([^"]*)"`))[1];
  try {
    build("--address", "https://lab.example/alexnet");
    const address = "https://lab.example/alexnet/";
    for (const name of ["index.html", "embed.html"]) {
      const html = built(name);
      assert.equal(said(html, 'rel="canonical"', "href"), address);
      assert.equal(said(html, '"og:url"'), address);
      assert.equal(said(html, '"og:image"'), `${address}picture.png`);
      assert.equal(said(html, "application/json+oembed", "href"), `${address}oembed.json`);
      assert.equal(said(html, '"og:title"'), "AlexNet Lab");
      assert.equal(said(html, '"og:description"'), said(html, 'name="description"'));
    }
    const oembed = JSON.parse(built("oembed.json"));
    assert.equal(oembed.html, HOSTS.page.lines({ ...EXAMPLE, address, settings: {} }));
    const { version, type, width, height, thumbnail_url } = oembed;
    assert.deepEqual(
      { version, type, width, height, thumbnail_url },
      { version: "1.0", type: "rich", width: 640, height: 360, thumbnail_url: `${address}picture.png` },
    );
    const picture = readFileSync(join(copy, "dist", "picture.png"));
    assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [oembed.thumbnail_width, oembed.thumbnail_height]);
    assert.ok(picture.length < 60_000, `${picture.length} bytes`);

    build();
    for (const name of ["index.html", "embed.html"]) {
      assert.equal(built(name), readFileSync(join(ROOT, "www", name), "utf8"));
      assert.equal(said(built(name), '"og:title"'), "AlexNet Lab");
      assert.ok(!/canonical|oembed|og:url|og:image/.test(built(name)));
    }
    assert.equal(statSync(join(copy, "dist", "oembed.json"), { throwIfNoEntry: false }), undefined);
    assert.throws(() => build("--address", "your.host"), /your\.host is no address of a folder/);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
