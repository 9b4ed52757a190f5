// Hosts, frames and browsers in which something is missing or forbidden: the page names the problem and the remedy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { newPage, NAMES, launch } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT, startFaultyLab } from "./servers.mjs";

const SMALL = "v=1&width=0.25&batch=8&backend=cpu&workers=1&test_size=40";
/** Long enough on a busy machine. */
const PATIENCE = { timeout: 120_000 };
const words = (file) => JSON.parse(readFileSync(join(ROOT, "www", "i18n", `${file}.json`), "utf8"));

/** Hosts and pages of a test, closed after it. */
function tools(t, where = () => browser) {
  const open = [];
  t.after(async () => {
    for (const thing of open.reverse()) await thing.close();
  });
  return {
    host: async (fault) => (open.push(await startFaultyLab(fault)), open.at(-1)),
    page: async (origins, viewport) => {
      const { page, complaints } = await newPage(where(), origins, viewport);
      open.push(page);
      await page.evaluateOnNewDocument(() => {
        window.steps = [];
        addEventListener("step", ({ detail }) => window.steps.push(detail.step), true);
      });
      return { page, complaints };
    },
  };
}

const html = (body) => ({ body: `<!doctype html><meta charset="utf-8" /><link rel="icon" href="data:," /><body>${body}` });
const ELEMENT =
  '<script type="module" src="js/alexnet-lab.js"></script><alexnet-lab width="0.25" batch="8" backend="cpu" workers="1" test_size="40"></alexnet-lab>';
const dist = (file) => readFileSync(join(ROOT, "dist", file));

/** Waits until the lab's visible text contains these words. `frame` is a page or a frame. */
const says = (frame, ...words) =>
  frame.waitForFunction(
    (all) => {
      const lab = document.querySelector("alexnet-lab");
      const text = `${lab?.innerText}\n${lab?.shadowRoot?.querySelector(".lab")?.innerText ?? lab?.shadowRoot?.textContent}`;
      return all.every((word) => text.includes(word));
    },
    PATIENCE,
    words,
  );
const trains = async (frame) => {
  await frame.waitForFunction(() => document.querySelector("alexnet-lab").session?.state.describe?.data.train_arrived > 0, PATIENCE);
  // Not with a lesson's Play, which leads to its run first.
  await frame.evaluate(() => document.querySelector("alexnet-lab").session.play());
  await frame.waitForFunction(() => window.steps.length >= 3, PATIENCE);
  await frame.evaluate(() => document.querySelector("alexnet-lab").pause());
};
const press = (frame, text) =>
  frame.evaluate(
    (words) => [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll("button")].find((button) => button.textContent === words).click(),
    text,
  );
const click = (frame, selector) => frame.evaluate((css) => document.querySelector("alexnet-lab").shadowRoot.querySelector(css).click(), selector);

// ---- the script cannot load ------------------------------------------------------------------------------------------

const HELP = ["If the lab does not appear", "file:", "allow-scripts", "text/javascript", "如果实验室没有出现"];
/** The host's faulty answers, and the page that is opened. */
const UNLOADED = {
  "scripts as plain text": { fault: (path) => path.endsWith(".js") && { type: "text/plain", body: dist(path) } },
  "no script": { fault: (path) => path.endsWith(".js") && 404 },
  "a script that throws": { fault: (path) => path.endsWith(".js") && { type: "text/javascript", body: "throw new Error('old')" } },
  "the same page for every address": { path: "/courses/7/lab", fault: () => ({ body: dist("index.html") }) },
  "a page as data": { frame: `<iframe src="data:text/html;charset=utf-8,${encodeURIComponent(readFileSync(join(ROOT, "www", "embed.html")))}"></iframe>` },
};

for (const [name, { fault = () => null, path = "/", frame }] of Object.entries(UNLOADED)) {
  test(`${name}: the page says so without its script`, async (t) => {
    const { host, page: open } = tools(t);
    const { address } = await host((path) => (path === "/host.html" ? html(frame) : fault(path)));
    const { page } = await open([address]);
    await page.goto(`${address}${frame ? "/host.html" : path}`);
    const shown = frame ? await (await page.waitForSelector("iframe")).contentFrame() : page;
    await says(shown, ...HELP);
  });
}

test("the words about a missing script wait a little, are the same on both pages, and are gone when the lab is there", async (t) => {
  const { host, page: open } = tools(t);
  const { address } = await host();
  const { page } = await open([address]);
  await page.setRequestInterception(true);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  page.on("request", async (request) => {
    if (request.url().endsWith("alexnet-lab.js")) await held;
    await request.continue();
  });
  const loaded = page.goto(`${address}/#${SMALL}`);
  // The style sheet may come after the words.
  await page.waitForFunction(() => document.querySelector(".late")?.getAnimations().length, PATIENCE);
  const late = () => page.$eval(".late", (element) => element.innerText);
  const [animation] = await page.$eval(".late", (element) => element.getAnimations().map(({ effect }) => effect.getComputedTiming().endTime));
  assert.equal(animation, 5000);
  await page.$eval(".late", (element) => element.getAnimations()[0].pause());
  assert.equal(await late(), "");
  await page.$eval(".late", (element) => element.getAnimations()[0].finish());
  assert.match(await late(), /If the lab does not appear/);
  release();
  await loaded;
  await page.waitForFunction(() => !document.querySelector(".late").checkVisibility(), PATIENCE);
  const texts = ["index.html", "embed.html"].map(
    (file) =>
      dist(file)
        .toString()
        .match(/<div class="late">[^]*<\/alexnet-lab>/)[0],
  );
  assert.equal(texts[0], texts[1]);
});

// ---- it loads, but cannot start --------------------------------------------------------------------------------------

for (const [what, breaks] of [
  [
    "no worker",
    () =>
      (window.Worker = class {
        constructor() {
          throw new Error("workers are not allowed");
        }
      }),
  ],
  ["no style sheets of scripts", () => delete window.CSSStyleSheet.prototype.replaceSync],
  ["no watcher of sizes", () => delete window.ResizeObserver],
  [
    "no drawings",
    () =>
      (document.createElementNS = () => {
        throw new Error("no SVG");
      }),
  ],
]) {
  test(`${what}: the element says so in both languages`, async (t) => {
    const { host, page: open } = tools(t);
    const { address } = await host();
    const { page } = await open([address]);
    await page.evaluateOnNewDocument(breaks);
    await page.goto(`${address}/#${SMALL}`);
    await says(page, words("start").en.split("{")[0], words("start").zh.split("{")[0]);
    assert.equal(await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector("a").href), `${address}/index.html`);
    assert.equal(await page.evaluate(async () => (await document.querySelector("alexnet-lab").getState()).phase), "failed");
  });
}

test("an engine that is not there is named", async (t) => {
  const { host, page: open } = tools(t);
  const { address } = await host((path) => path === "/js/worker.js" && 404);
  const { page } = await open([address]);
  await page.goto(`${address}/#${SMALL}`);
  await says(page, words("en").status.failed);
});

for (const name of ["C", "en_US.UTF-8", ""]) {
  test(`a browser that calls its language “${name}” trains`, async (t) => {
    const { host, page: open } = tools(t);
    const { address } = await host((path) => path === "/host.html" && html(ELEMENT));
    const { page, complaints } = await open([address]);
    await page.evaluateOnNewDocument((tag) => {
      Object.defineProperty(navigator, "language", { get: () => tag });
      Object.defineProperty(navigator, "languages", { get: () => [tag] });
      addEventListener("DOMContentLoaded", () => (document.documentElement.lang = tag));
    }, name);
    await page.goto(`${address}/host.html`);
    await trains(page);
    assert.deepEqual(complaints, []);
  });
}

// ---- missing files ---------------------------------------------------------------------------------------------------

test("a host without .json files: English is built in, lessons too, and other texts come with a second try", async (t) => {
  const { host, page: open } = tools(t);
  const server = await host((path) => path.endsWith(".json") && 404);
  const asked = () => server.asked.filter((path) => path.endsWith(".json"));
  const { page } = await open([server.address]);
  await page.goto(`${server.address}/#${SMALL}&data=toy&lesson=norms`); // the photographs have a list
  const { status, actions } = words("en");
  await says(page, words("lessons.en").steps.question, actions.play);
  await trains(page);
  assert.deepEqual(asked(), []);
  // Chinese is missing: English stays, and a card names the file.
  const chinese = words("zh").actions;
  await press(page, actions.language);
  await says(page, status.files.replace("{files}", "i18n/zh.json"), actions.play);
  assert.deepEqual(asked(), ["/i18n/zh.json"], "once, not with every frame");
  // The language button tries again, and so does the card's button.
  await press(page, actions.language);
  await page.waitForFunction(() => performance.getEntriesByName(new URL("i18n/zh.json", document.baseURI).href).length >= 2, PATIENCE);
  server.fault = (path) => path === "/i18n/lessons.zh.json" && 404;
  await press(page, actions.again);
  await says(page, chinese.play, words("zh").status.files.replace("{files}", "i18n/lessons.zh.json"), words("lessons.en").steps.question);
  server.fault = () => null;
  await press(page, chinese.again);
  await says(page, chinese.play, words("lessons.zh").steps.question);
  await page.waitForFunction(() => !document.querySelector("alexnet-lab").shadowRoot.textContent.includes("zh.json"), PATIENCE);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-Hans");
});

test("a switch of language that was missing tries again", async (t) => {
  const { host, page: open } = tools(t);
  const server = await host((path) => path.endsWith("zh.json") && 404);
  const { page } = await open([server.address]);
  await page.goto(`${server.address}/#${SMALL}&lang=zh`);
  await says(page, "i18n/zh.json", words("en").actions.play);
  await page.evaluate(() => document.querySelector("alexnet-lab").setAttribute("lang", "en"));
  await page.waitForFunction(() => !document.querySelector("alexnet-lab").shadowRoot.textContent.includes("zh.json"), PATIENCE);
  server.fault = () => null;
  await page.evaluate(() => document.querySelector("alexnet-lab").setAttribute("lang", "zh"));
  await says(page, words("zh").actions.play);
});

for (const name of NAMES) {
  describe(name, () => {
    let own, close;
    before(async () => ({ browser: own, close } = await launch(name)));
    after(() => close?.());

    const lessons = (page) => click(page, ".tools .tool.wide");
    const exports = async (page) => {
      await press(page, words("en").tabs.data);
      await press(page, words("en").tabs.export);
    };
    const card = (page) => press(page, words("en").actions.again);
    for (const [file, open, again, there] of [
      ["lessons.js", lessons, lessons, ".guide"],
      ["lessons.css", lessons, card, ".guide"],
      ["drill.js", (page) => click(page, ".look"), card, ".drill"],
      ["export.js", exports, exports, ".tab-export .group"],
    ]) {
      test(`${file} is asked for again by ${again === card ? "the card" : "whoever wants it"}`, async (t) => {
        const tool = tools(t, () => own);
        const server = await tool.host((path) => path.endsWith(file) && 404);
        const { page } = await tool.page([server.address]);
        await page.goto(`${server.address}/#${SMALL}`);
        await page.waitForFunction(() => document.querySelector("alexnet-lab").session?.state.describe?.data.train_arrived > 0, PATIENCE);
        await open(page);
        await says(page, words("en").status.files.replace("{files}", file));
        server.fault = () => null;
        await again(page);
        await page.waitForFunction((css) => document.querySelector("alexnet-lab").shadowRoot.querySelector(css), PATIENCE, there);
        await page.waitForFunction((name) => !document.querySelector("alexnet-lab").shadowRoot.textContent.includes(name), PATIENCE, file);
      });
    }

    test("the style sheet is asked for again", async (t) => {
      const { host, page: open } = tools(t, () => own);
      const server = await host((path) => path === "/style.css" && 404);
      const { page } = await open([server.address]);
      await page.goto(`${server.address}/#${SMALL}`);
      await says(page, words("en").status.files.replace("{files}", "style.css"));
      server.fault = () => null;
      await press(page, words("en").actions.again);
      await page.waitForFunction(() => getComputedStyle(document.querySelector("alexnet-lab")).getPropertyValue("--paper"), PATIENCE);
      await page.waitForFunction(() => !document.querySelector("alexnet-lab").shadowRoot.textContent.includes("style.css"), PATIENCE);
    });
  });
}

// ---- what the page may do --------------------------------------------------------------------------------------------

test("the page brings its policy along: from a host without headers it trains, and what is not its own is refused", async (t) => {
  const { host, page: open } = tools(t);
  const [{ address }, { address: other }] = [await host(), await host()];
  for (const file of ["index.html", "embed.html"]) {
    const { page, complaints } = await open([address]);
    await page.goto(`${address}/${file}#${SMALL}`);
    await trains(page);
    assert.deepEqual(complaints, []);
    const trespass = async (elsewhere, kinds) => {
      const seen = [];
      addEventListener("securitypolicyviolation", ({ effectiveDirective }) => seen.push(effectiveDirective));
      const put = (tag, properties) => document.body.append(Object.assign(document.createElement(tag), properties));
      put("script", { textContent: "window.inline = true" });
      put("script", { src: `${elsewhere}/js/reader.js`, type: "module" });
      put("style", { textContent: "body { color: red }" });
      put("img", { src: `${elsewhere}/x.png` });
      put("iframe", { src: `${elsewhere}/` });
      await fetch(`${elsewhere}/index.html`, { mode: "no-cors" }).catch(() => {});
      // In a timer, as code that a test evaluates may itself use eval.
      setTimeout(() => (0, eval)("window.evaluated = true"));
      new Worker(URL.createObjectURL(new Blob([""])));
      for (const end = Date.now() + 60_000; new Set(seen).size < kinds && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 50));
      return { seen: [...new Set(seen)].sort(), ran: [window.inline, window.evaluated] };
    };
    const kinds = ["connect-src", "frame-src", "img-src", "script-src", "script-src-elem", "style-src-elem", "worker-src"];
    const refused = await page.evaluate(trespass, other, kinds.length);
    assert.deepEqual(refused.ran, [null, null]);
    assert.deepEqual(refused.seen, kinds);
  }
});

test("on a host page with a policy of its own, the element trains", async (t) => {
  const { host, page: open } = tools(t);
  const [policy] = dist("index.html")
    .toString()
    .match(/default-src[^"]*/);
  const { address } = await host((path) => path === "/host.html" && { ...html(ELEMENT), headers: { "content-security-policy": policy } });
  const { page, complaints } = await open([address]);
  await page.goto(`${address}/host.html`);
  await trains(page);
  assert.deepEqual(complaints, []);
});

// ---- what a frame forbids --------------------------------------------------------------------------------------------

test("in a frame that forbids downloads, the clipboard and tabs, the lab says what is known and shows the link", async (t) => {
  const { host, page: open } = tools(t);
  const { address } = await host();
  const { address: around } = await host(
    (path) =>
      path === "/host.html" &&
      html(`<iframe width="1200" height="900" sandbox="allow-scripts allow-same-origin" src="${address}/embed.html#${SMALL}&amp;seed=7"></iframe>`),
  );
  const { page } = await open([address, around]);
  await page.goto(`${around}/host.html`);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  await trains(frame);
  const { link, actions, export: exported, tabs } = words("en");
  const wanted = await frame.evaluate(() => document.querySelector("alexnet-lab").shell.context.link());
  assert.match(wanted, /seed=7/);
  /** The field's value, its selection, and whether it has the focus. */
  const field = () =>
    frame.evaluate(() => {
      const input = document.querySelector("alexnet-lab").shadowRoot.querySelector("dialog[open] input");
      return (
        input && {
          value: input.value,
          selected: input.value.slice(input.selectionStart, input.selectionEnd),
          focus: document.querySelector("alexnet-lab").shadowRoot.activeElement === input,
        }
      );
    });
  const close = async () => {
    await page.keyboard.press("Escape");
    await frame.waitForFunction(() => !document.querySelector("alexnet-lab").shadowRoot.querySelector("dialog[open]"), PATIENCE);
  };
  await frame.focus("body");
  await press(frame, actions.copy);
  await says(frame, link.copy, actions.open_title);
  assert.deepEqual(await field(), { value: wanted, selected: wanted, focus: true });
  await close();
  await click(frame, ".tools a");
  await says(frame, link.open);
  assert.deepEqual(await field(), { value: wanted, selected: wanted, focus: true });
  await close();
  await press(frame, tabs.export);
  await frame.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".tab-export .group"), PATIENCE);
  await press(frame, exported.csv);
  await says(frame, exported.stored.split("}")[1], exported.framed, actions.open_title);
  await click(frame, ".tab-export [role=status] a");
  await says(frame, link.open);
});

test("outside of frames, the link is opened in a tab that cannot reach back", async (t) => {
  const { host, page: open } = tools(t);
  const { address } = await host();
  const { page } = await open([address], { width: 640, height: 360 });
  await page.goto(`${address}/embed.html#${SMALL}&seed=7`);
  await trains(page);
  const opened = new Promise((resolve) => page.once("popup", resolve));
  const anchor = await page.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".tools a"));
  await anchor.click();
  const tab = await opened;
  await tab.waitForFunction(() => location.hash.includes("seed=7"), PATIENCE);
  assert.equal(await tab.evaluate(() => window.opener), null);
  await tab.close();
});

// ---- words that fit --------------------------------------------------------------------------------------------------

for (const [what, [width, height], settings, key] of [
  ["at 320x240", [320, 240], "", "first_mini"],
  ["at 320x240 with a lesson", [320, 240], "&lesson=norms", "lesson_mini"],
  ["at 640x360", [640, 360], "", "first"],
  ["without a ReLU", [640, 360], "&activation=tanh", "first_other"],
]) {
  test(`${what}, what to do first names only what is there`, async (t) => {
    const { host, page: open } = tools(t);
    const { address } = await host();
    const { page } = await open([address], { width, height });
    await page.goto(`${address}/embed.html#${SMALL}${settings}`);
    const { status } = words("en");
    await says(page, status[key]);
    const text = await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".lab").innerText);
    assert.equal(text.includes("ReLU"), key === "first");
  });
}
