// What every deck must do with the lab: a title, a slide for each of six labs, an end. The lab is on another site than the deck, as in a talk.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "../browser/browsers.mjs";
import { ROOT, startLab } from "../browser/servers.mjs";
import { HOSTS } from "../../www/js/embed/hosts.js";

export const PATIENCE = Number(process.env.PATIENCE ?? 120_000);
export const LABS = 6;
const SMALL = { lang: "en", backend: "cpu", width: "0.25", batch: "8", test_size: "40", workers: "1" };
/** Tells the labs apart; none is the default, which an address leaves out. */
const SEED = 40;
/** Of lab `at`, counted from 1. A host that does not tell the lab when its slide is shown needs `autoplay`. @param {number} at */
export const settings = (at) => ({ ...SMALL, activation: "sigmoid", autoplay: "true", seed: String(SEED + at) });
export const SIZE = { width: 640, height: 360, title: "AlexNet Lab" };
/** Most memory that six visited labs take beyond the same deck without them. */
const MOST = 250 * 2 ** 20;

/** By the clock, as pages in hidden frames draw no frames. */
const PATIENT = { timeout: PATIENCE, polling: 100 };
/** How long a lab must stay at its step to count as paused, ms. */
const STILL = 1500;

/** The lab on another site than 127.0.0.1. */
export async function startElsewhere() {
  const lab = await startLab();
  return { ...lab, address: lab.address.replace("127.0.0.1", "localhost") };
}

/** Waits until `found` returns something. @template T @param {() => T | Promise<T>} found @param {string | (() => string)} what @returns {Promise<NonNullable<T>>} */
export async function eventually(found, what) {
  for (const end = Date.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const value = await found();
    if (value) return value;
    assert.ok(Date.now() < end, typeof what === "string" ? what : what());
  }
}

/** Frames of lab `at`, newest last: it may have been reloaded. @param {import("puppeteer-core").Page} page @param {number} at */
const framesOf = (page, at) => page.frames().filter((frame) => !frame.detached && new RegExp(`[#&?]seed=${SEED + at}(&|$)`).test(frame.url()));

/** The frame of lab `at`. @param {import("puppeteer-core").Page} page @param {number} at */
export const frameOf = (page, at) => eventually(() => framesOf(page, at).at(-1), `lab ${at} is there`);

/** Complaints but for downloads that ended because the page went elsewhere. @param {string[]} complaints */
export const uncut = (complaints) => complaints.filter((complaint) => !/(ERR|NS_BINDING)_ABORTED$|Browsing context already closed\.$/.test(complaint));

/** @param {import("puppeteer-core").Frame | import("puppeteer-core").Page} frame */
export const stateOf = (frame) =>
  frame.evaluate(() => {
    const lab = document.querySelector("alexnet-lab");
    const { phase, step, loss, config, notes } = lab?.session?.state ?? { phase: "missing", step: 0 };
    return { phase, step, loss, notes, config, inView: lab?.inView, drawn: lab?.drawn, size: lab?.shell?.extent?.size };
  });

/** Waits until it trains beyond `step`. */
export const trains = (frame, step = 2) => frame.waitForFunction((step) => document.querySelector("alexnet-lab")?.session?.state.step > step, PATIENT, step);

/** Waits until there is something to see of lab `at`: the lab, or its picture. A frame that is loaded again never answers. */
export const shows = (page, at) =>
  eventually(async () => {
    const seen = framesOf(page, at).map((frame) => {
      const words = frame.evaluate(() => document.querySelector("alexnet-lab")?.shadowRoot?.querySelector(".lab")?.innerText.includes("Sigmoid"));
      return Promise.race([words.catch(() => false), new Promise((resolve) => setTimeout(resolve, 5000))]);
    });
    return (await Promise.all(seen)).some(Boolean);
  }, `lab ${at} is shown`);

/** Waits until its run has stopped, and stays so. @returns {Promise<number>} its step */
export async function pauses(frame) {
  let last;
  await eventually(
    async () => {
      const before = last;
      last = await stateOf(frame);
      const rests = last.phase === "paused" && last.step === before?.step;
      if (!rests) await new Promise((resolve) => setTimeout(resolve, STILL));
      return rests;
    },
    () => `it pauses: ${JSON.stringify({ ...last, config: null })}`,
  );
  return last.step;
}

/** The lab is as large as its frame and has nothing outside. */
export async function fits(frame, { width, height } = SIZE) {
  const extent = await eventually(async () => {
    const found = await frame.evaluate(() => {
      const { width, height } = document.querySelector("alexnet-lab").shadowRoot.querySelector(".lab").getBoundingClientRect();
      const { scrollWidth, scrollHeight } = document.documentElement;
      return { width, height, scrollWidth, scrollHeight, innerWidth, innerHeight, size: document.querySelector("alexnet-lab").shell.extent.size };
    });
    return found.size === "slide" && found;
  }, "the lab is laid out for a slide");
  assert.deepEqual([extent.innerWidth, extent.innerHeight], [width, height]);
  assert.deepEqual([extent.scrollWidth, extent.scrollHeight], [width, height], "nothing is cropped");
  assert.ok(extent.width <= width && extent.height <= height, JSON.stringify(extent));
}

/** Keys of the lab stay in it, others are told to the host. After a click inside. @param {import("puppeteer-core").Page} page */
export async function keysGoBothWays(page, at, turned) {
  const frame = await frameOf(page, at);
  // A deck scales its slides.
  const element = await frame.frameElement();
  const around = await element.evaluate((element) => (({ x, y, width }) => ({ x, y, width }))(element.getBoundingClientRect()));
  const inside = await frame.evaluate(() => {
    const { x, y, width, height } = document.querySelector("alexnet-lab").shadowRoot.querySelector(".play").getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2, whole: innerWidth };
  });
  const scale = around.width / inside.whole;
  await page.mouse.click(around.x + inside.x * scale, around.y + inside.y * scale);
  const step = await pauses(frame);
  await page.keyboard.press("s");
  await trains(frame, step);
  assert.deepEqual(await keysOf(page), []);
  await page.keyboard.press("PageDown");
  await eventually(async () => (await keysOf(page)).includes("PageDown"), "the host is told of the key");
  if (turned) await eventually(turned, "the key turns the slide");
}
const keysOf = (page) => page.evaluate(() => window.keys);

/** In every page of the host: collects what frames say about keys. */
function listen() {
  window.keys = [];
  addEventListener("message", ({ data }) => data?.event === "key" && window.keys.push(data.detail.key));
}

/** Makes the twenty seconds short after which a lab out of view lets its engine go. */
function hurry() {
  const { setTimeout } = window;
  window.setTimeout = (work, delay, ...args) => setTimeout(work, delay === 20_000 ? 1000 : delay, ...args);
}

/** The lines that the page shows for a host, for lab `at`. @param {keyof HOSTS} host @param {string} lab its address @param {number} at */
export const linesOf = (host, lab, at) => HOSTS[host].lines({ address: `${lab}/`, settings: settings(at), ...SIZE });

/** The deck in Markdown, with the lines of this host. @param {string} host @param {string} lab @param {string} head */
export function markdown(host, lab, head) {
  const slides = Array.from({ length: LABS }, (_, at) => `# Lab ${at + 1}\n\n${linesOf(host, lab, at + 1)}\n`);
  return [`${head}\n# One\n`, ...slides, "# End\n"].join("\n---\n\n");
}

/** Bytes in memory that belong to no file, of all processes of a browser. @param {import("puppeteer-core").Browser} browser */
function memoryOf(browser) {
  const root = browser.process().pid;
  const all = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const number = (key) => Number(status.match(new RegExp(`^${key}:\\s+(\\d+)`, "m"))?.[1] ?? 0);
      all.set(Number(pid), { parent: number("PPid"), bytes: (number("RssAnon") + number("RssShmem")) * 1024 });
    } catch {
      // it has ended
    }
  }
  const below = (pid) => pid === root || (all.has(pid) && below(all.get(pid).parent));
  return [...all].filter(([pid]) => below(pid)).reduce((sum, [, { bytes }]) => sum + bytes, 0);
}

/** The text of each page of a PDF. @param {Uint8Array} pdf */
export function textsOf(pdf, name) {
  const file = join(ROOT, "tests", "out", `${name.replace(/\W+/g, "-")}.pdf`);
  writeFileSync(file, pdf);
  return execFileSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" }).split("\f").slice(0, -1);
}

/** The lab, or a still picture of its network. */
export const PICTURE = /AlexNet Lab[^]*Sigmoid/;

/**
 * @typedef {object} Deck
 * @property {(lab: string) => Promise<{address: string, close: () => void}>} open builds and serves the deck
 * @property {(page: import("puppeteer-core").Page, slide: number) => Promise<unknown>} turn to a slide, counted from 0; lab `at` is on slide `at`
 * @property {(page: import("puppeteer-core").Page) => Promise<number>} [slide] where the deck is
 * @property {boolean} [hears] whether the deck hears keys that the frame passes on, without a script of its own
 * @property {(page: import("puppeteer-core").Page, address: string) => Promise<Uint8Array>} [print] the deck as a PDF
 * @property {string[]} [browsers] that it can be shown in
 * @property {boolean} [moves] whether it moves the frames when it starts, which ends their first loading
 */

/** @param {string} name @param {Deck} deck */
export function deckTests(name, { open, turn, slide, hears = false, print, browsers = NAMES, moves = false }) {
  describe(name, () => {
    let lab, host;
    before(async () => {
      lab = await startElsewhere();
      host = await open(lab.address);
    });
    after(() => {
      host?.close();
      lab?.close();
    });

    for (const browserName of browsers) {
      test(`in ${browserName}: right size, trains, pauses when left, comes back at its step, keys both ways, no complaint`, async (t) => {
        const { browser, close } = await launch(browserName);
        t.after(close);
        const { page, complaints } = await newPage(browser, [host.address, lab.address], { width: 1280, height: 720 });
        page.setDefaultTimeout(PATIENCE);
        await page.evaluateOnNewDocument(listen);
        await page.goto(host.address);
        await turn(page, 1);
        const first = await frameOf(page, 1);
        await trains(first);
        await fits(first);
        await turn(page, 0);
        // Some decks unload the frame.
        const stays = page.frames().includes(first);
        const left = stays ? await pauses(first) : 2;
        await turn(page, 1);
        const again = await frameOf(page, 1);
        await trains(again, left);
        if (stays) assert.equal(again, first, "its run is the same");
        await keysGoBothWays(page, 1, hears && (async () => (await slide(page)) === 2));
        assert.deepEqual(moves ? uncut(complaints) : complaints, []);
      });
    }

    test("in print each lab has a picture", { skip: !print }, async (t) => {
      const { browser, close } = await launch("chromium");
      t.after(close);
      const { page } = await newPage(browser, [host.address, lab.address], { width: 1280, height: 720 });
      const texts = textsOf(await print(page, host.address), name);
      assert.equal(texts.length, LABS + 2, texts.join("\f"));
      for (const [at, text] of texts.slice(1, -1).entries()) assert.match(text, PICTURE, `page ${at + 2}`);
    });

    test("six visited labs take at most 250 MiB", async (t) => {
      const { browser, close } = await launch("chromium");
      t.after(close);
      const { page } = await newPage(browser, [host.address, lab.address], { width: 1280, height: 720 });
      await page.evaluateOnNewDocument(hurry);
      await page.setRequestInterception(true);
      let none = true;
      page.on("request", (request) => (none && request.url().startsWith(lab.address) ? request.respond({ body: "" }) : request.continue()));
      await page.goto(host.address);
      const tour = async (each) => {
        for (let at = 1; at <= LABS; at += 1) {
          await turn(page, at);
          await each(at);
        }
        await turn(page, LABS + 1);
      };
      await tour(() => {});
      const before = memoryOf(browser);
      none = false;
      await page.reload();
      await tour(async (at) => trains(await frameOf(page, at)));
      // Labs out of view let their engines go after a while.
      let most;
      const bounded = () => (most = memoryOf(browser) - before) <= MOST;
      await eventually(bounded, () => `${(most / 2 ** 20).toFixed(0)} MiB`);
      t.diagnostic(`${name}: ${(most / 2 ** 20).toFixed(0)} MiB, ${page.workers().length} workers`);
    });
  });
}
