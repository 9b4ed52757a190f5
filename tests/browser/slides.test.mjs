// The lecture: its labs train with the settings of their slides, in print it is a hand-out, and it is accessible. Chromium, on the CPU.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { test } from "node:test";
import jsqr from "jsqr";
import { PATIENCE, newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT } from "./servers.mjs";

const LABS = JSON.parse(readFileSync(join(ROOT, "www", "slides", "labs.json"), "utf8"));
const AXE = readFileSync(join(ROOT, "node_modules", "axe-core", "axe.min.js"), "utf8");
const LANGUAGES = { en: "en", zh: "zh-Hans" };
const PROJECTOR = { width: 1280, height: 720 };
/** What the deck, which asks for it, wants to see on a frame that stands in for a lab. */
const AGREES = { "cross-origin-embedder-policy": "require-corp" };
const PATIENT = { timeout: PATIENCE };
const address = (language) => `${lab.address}/slides/${language}/index.html`;

/** @param {string} [instead] HTML in place of each lab */
async function visit(url, viewport = PROJECTOR, instead) {
  const opened = await newPage(browser, [new URL(url).origin], viewport);
  if (instead) {
    await opened.page.setRequestInterception(true);
    opened.page.on("request", (request) =>
      request.url().includes("/embed.html") ? request.respond({ body: instead, contentType: "text/html", headers: AGREES }) : request.continue(),
    );
  }
  await opened.page.goto(url);
  await opened.page.waitForSelector(".reveal.ready, .reveal-print .pdf-page, .reveal-scroll .scroll-page", PATIENT);
  return opened;
}

/** Turns to a slide by its address, as a link would. */
const turn = async (page, id) => {
  await page.evaluate((id) => (location.hash = `#/${id}`), id);
  await page.waitForSelector(`section.present#${id}`, PATIENT);
};

/** The names of the slides; of those with a lab, what its frame asks for and how many kinds of notes the speaker has. */
const contents = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".slides section")].map((slide) => {
      const frame = slide.querySelector("iframe");
      const labels = [...slide.querySelectorAll("aside.notes li > strong:first-child")].filter(({ textContent }) => textContent.trim());
      return {
        id: slide.id,
        asks: frame?.src.replace(/.*#v=1&lang=\w+&theme=light&/, ""),
        step: frame?.dataset.step,
        titled: !!frame?.title,
        notes: labels.length,
      };
    }),
  );

const violations = async (page) => {
  await page.evaluate(AXE);
  const run = () => window.axe.run(document, { iframes: false });
  return page.evaluate(`(${run})().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].target))`);
};

test("the labs of the lecture train with the settings of their slides, and keep their runs", async () => {
  const { page, complaints } = await visit(address("en"));
  const slides = await contents(page);
  assert.deepEqual(
    slides
      .filter(({ asks }) => asks)
      .map(({ id }) => id)
      .toSorted(),
    Object.keys(LABS).toSorted(),
  );
  let before;
  for (const { id, asks, notes: labels, titled } of slides) {
    await turn(page, id);
    assert.ok(labels >= 4, `${id}: what to ask, to predict, to press, and what may go wrong`);
    if (!asks) continue;
    assert.ok(titled && asks === LABS[id].settings, id);
    const frame = await (await page.$(`#${id} iframe`)).contentFrame();
    const wanted = Object.fromEntries(new URLSearchParams(asks));
    const state = () => frame.evaluate(() => document.querySelector("alexnet-lab").getState());
    // Play leads from the question of a lesson to its prediction, and from there to its run.
    if (wanted.lesson && !LABS[id].step) {
      await frame.waitForFunction(async () => (await document.querySelector("alexnet-lab")?.getState?.())?.lesson_step === "question", PATIENT);
      for (const _ of ["predict", "run"]) await frame.evaluate(() => document.querySelector("alexnet-lab").play());
    }
    await frame.waitForFunction(() => {
      const { step = 0, phase } = document.querySelector("alexnet-lab")?.session?.state ?? {};
      return step >= 1 && phase === "running";
    }, PATIENT);
    if (LABS[id].step)
      await frame.waitForFunction(async (step) => (await document.querySelector("alexnet-lab").getState()).lesson_step === step, PATIENT, LABS[id].step);
    const found = await state();
    const cut = await frame.evaluate(() =>
      [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".lane-name")]
        .filter(({ scrollWidth, clientWidth, scrollHeight, clientHeight }) => scrollWidth > clientWidth || scrollHeight > clientHeight)
        .map(({ textContent }) => textContent),
    );
    assert.deepEqual(cut, [], `${id}: names of networks`);
    const { lanes, notes } = await frame.evaluate(() => document.querySelector("alexnet-lab").session.state);
    for (const [key, value] of Object.entries(wanted)) {
      const [, lane] = key.match(/^lane(\d)$/) ?? [];
      const changes = lane ? value.split(",").map((change) => change.split(":")) : [[key, value]];
      for (const [name, value] of changes) assert.equal(String((lane ? lanes[lane - 1].config : found)[name]), value, `${id}: ${key} ${name}`);
    }
    assert.deepEqual(notes, [], id);
    if (id === "relu") before = found.step;
  }
  await turn(page, "relu");
  const frame = await (await page.$("#relu iframe")).contentFrame();
  await frame.waitForFunction((step) => document.querySelector("alexnet-lab").session.state.step > step, PATIENT, before);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("both languages have the same labs; every slide fits its picture and is accessible", async () => {
  const all = [];
  for (const [language, tag] of Object.entries(LANGUAGES)) {
    // Empty labs, for this is about the slides around them.
    const { page, complaints } = await visit(address(language), PROJECTOR, "<!doctype html><title>Lab</title>");
    all.push(await contents(page));
    assert.equal(await page.evaluate(() => document.documentElement.lang), tag);
    assert.match(await page.$eval("meta[http-equiv=Content-Security-Policy]", ({ content }) => content), /^default-src 'none'; script-src 'self' 'sha256-/);
    for (const { id } of all.at(-1)) {
      await turn(page, id);
      const low = (slide) => [...slide.querySelectorAll(":scope > :not(aside)")].map((part) => part.getBoundingClientRect().bottom);
      assert.ok(Math.max(...(await page.$eval(`#${id}`, low))) <= 720, `${language}: ${id} is higher than the projector's picture`);
      assert.deepEqual(await page.$eval(`#${id}`, (slide) => slide.innerText.match(/\*\*|\{#|\]\(/)), null, `${language}: ${id} shows Markdown`);
    }
    assert.deepEqual(complaints, []);
    await page.goto(`${address(language)}?view=scroll`);
    await page.waitForSelector(".reveal-scroll .scroll-page", PATIENT);
    assert.deepEqual(await violations(page), [], language);
    await page.close();
  }
  assert.deepEqual(all[0], all[1]);
});

test("on a phone the slides are in one column, and a lab trains when it is scrolled to", async () => {
  const { page, complaints } = await visit(address("zh"), { width: 390, height: 844, isMobile: true, hasTouch: true });
  const bad = () =>
    [...document.querySelectorAll(".slides section")].filter((slide) => {
      const cut = slide.scrollHeight > slide.clientHeight || slide.scrollWidth > slide.clientWidth;
      return cut || [...slide.querySelectorAll("h1, h2, iframe, .text *")].some((part) => part.getBoundingClientRect().right > innerWidth);
    });
  assert.deepEqual(await page.evaluate(`(${bad})().map(({ id }) => id)`), []);
  await page.$eval("#relu iframe", (frame) => frame.scrollIntoView({ block: "center" }));
  const frame = await (await page.$("#relu iframe")).contentFrame();
  await frame.waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.step >= 2, PATIENT);
  assert.deepEqual(complaints, []);
  assert.deepEqual(await violations(page), []);
  await page.close();
});

test("the speaker's view opens under the deck's policy and shows the notes", async () => {
  const { page, complaints } = await visit(`${address("en")}#/lrn`);
  const opened = new Promise((resolve) => page.once("popup", resolve));
  await page.keyboard.press("s");
  const view = await opened;
  view.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  const [first] = await page.$$eval("#lrn .notes li", (items) => items.map(({ textContent }) => textContent));
  await view.waitForFunction((note) => document.querySelector(".speaker-controls-notes .value")?.textContent.includes(note), PATIENT, first);
  await view.waitForFunction(() => document.querySelectorAll("iframe").length === 2, PATIENT);
  assert.deepEqual(complaints, []);
  await view.close();
  await page.close();
});

test("in print there is one page a slide, with a picture in every frame", async () => {
  for (const query of ["?print-pdf", ""]) {
    const { page, complaints } = await visit(address("en") + query);
    const slides = await contents(page);
    const frames = () => page.frames().filter((frame) => frame.url().includes("/embed.html"));
    const pictures = async () => {
      const read = (frame) => frame.evaluate(() => document.querySelector("alexnet-lab")?.shadowRoot?.querySelector(".still")?.innerText ?? "").catch(() => "");
      return (await Promise.all(frames().map(read))).filter((text) => /AlexNet Lab[^]*conv1[^]*fc8/.test(text) && !/options\.|short\.|undefined/.test(text));
    };
    for (const end = Date.now() + PATIENCE; (await pictures()).length < Object.keys(LABS).length; await new Promise((resolve) => setTimeout(resolve, 100)))
      assert.ok(Date.now() < end, `${query}: ${(await pictures()).length} pictures`);
    const pdf = Buffer.from(await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    assert.equal(pdf.match(/\/Type \/Page\b/g).length, slides.length, query);
    // reveal.js moves each slide to a page of its own, which loads its frame again.
    assert.deepEqual(
      complaints.filter((complaint) => !complaint.endsWith("net::ERR_ABORTED")),
      [],
    );
    await page.close();
  }
});

test("the code leads to the lab where the deck is served; on this machine alone there is none", async () => {
  const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm" };
  const { page } = await newPage(browser, ["https://lecture.example"], PROJECTOR);
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    const file = join(ROOT, "dist", pathname.replace(/^\/course/, ""));
    if (pathname.startsWith("/course/slides/")) request.respond({ body: readFileSync(file), contentType: TYPES[extname(file)] });
    else request.respond({ status: 204 });
  });
  await page.goto("https://lecture.example/course/slides/zh/index.html#/end");
  await page.waitForSelector(".qr svg", PATIENT);
  const { width, height, pixels, text } = await page.evaluate(async () => {
    const svg = document.querySelector(".qr svg");
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 400, height: 400 });
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 400, 400);
    const { width, height, data } = context.getImageData(0, 0, 400, 400);
    return { width, height, pixels: [...data], text: document.querySelector(".qr").innerText };
  });
  const lab_address = "https://lecture.example/course/index.html#v=1&lang=zh";
  assert.equal(jsqr(Uint8ClampedArray.from(pixels), width, height)?.data, lab_address);
  assert.ok(text.includes(lab_address), text);
  await page.close();

  const local = await visit(`${address("en")}#/end`);
  assert.deepEqual(await local.page.$$eval(".qr svg", ({ length }) => length), 0);
  assert.match(await local.page.$eval(".qr", ({ innerText }) => innerText), /on this machine only/);
  await local.page.close();
});
