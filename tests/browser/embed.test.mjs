// The dialog that writes lines for other pages. Chromium, and once Firefox, on the CPU.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { NAMES, PATIENCE, launch, newPage } from "./browsers.mjs";
import { ROOT, startShortLab } from "./servers.mjs";
import { EXAMPLE, HOSTS } from "../../www/js/embed/hosts.js";

const AXE = readFileSync(join(ROOT, "node_modules", "axe-core", "axe.min.js"), "utf8");
const SMALL = { width: "0.25", batch: "8", test_size: "40", backend: "cpu", workers: "1" };
const PATIENT = { timeout: PATIENCE };
const texts = (file) => JSON.parse(readFileSync(join(ROOT, "www", "i18n", `${file}.json`), "utf8"));

let lab, browser, close;
before(async () => {
  lab = await startShortLab();
  ({ browser, close } = await launch("chromium", { chromium: ["--host-resolver-rules=MAP lab.example 127.0.0.1"] }));
});
after(async () => {
  await close?.();
  lab?.close();
});

/** Opens the lab, and the dialog by its button. */
async function open(settings, { viewport, address = lab.address, dialog = true, within = browser } = {}) {
  const { page, complaints } = await newPage(within, [new URL(address).origin, "null"], viewport);
  await page.goto(`${address}${address.endsWith(".html") ? "" : "/"}#v=1&${new URLSearchParams({ ...SMALL, ...settings })}`);
  await page.waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.describe?.data.train_arrived > 0, PATIENT);
  if (dialog) await opened(page);
  return { page, complaints };
}
const root = (page, css) => page.evaluateHandle((css) => document.querySelector("alexnet-lab").shadowRoot.querySelector(css), css);
async function opened(page) {
  const { title } = await page.evaluate(() => ({ title: document.querySelector("alexnet-lab").shell.context.t("actions.embed_title") }));
  await (await root(page, `.tools [title="${title}"]`)).asElement().click();
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.embed.panel?.dialog.open, PATIENT);
}
/** Chooses in the field with this label, as a user does. */
async function choose(page, label, value) {
  const field = await page.evaluateHandle((label) => {
    const rows = [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".embed-row")];
    return rows.find((row) => row.innerText.split("\n")[0] === label).querySelector("select, input");
  }, label);
  if (await field.evaluate((field) => field.matches("select"))) return field.asElement().select(value);
  if (await field.evaluate((field) => field.matches("[role=switch]"))) return field.asElement().click();
  await field.asElement().click({ count: 3 });
  await field.asElement().type(value);
  await page.keyboard.press("Tab");
}
const lines = (page) => page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".embed-lines").value);
/** The preview whose address contains this. */
async function trial(page, part = "") {
  const shown = (part) => {
    const frame = document.querySelector("alexnet-lab").shadowRoot.querySelector(".embed-stage iframe");
    return frame?.src.includes(part) ? frame : null;
  };
  return (await page.waitForFunction(shown, PATIENT, part)).asElement().contentFrame();
}
/** A choice may end a preview that is still loading. */
const honest = (complaints) => complaints.filter((complaint) => !/(net::ERR_ABORTED|NS_BINDING_ABORTED|context already closed\.)$/.test(complaint));
const state = (frame) => frame.evaluate(async () => document.querySelector("alexnet-lab").getState());
const trained = (frame, steps) => frame.waitForFunction((steps) => document.querySelector("alexnet-lab")?.session?.state.step >= steps, PATIENT, steps);
const address = (frame) => frame.evaluate(() => location.href);

for (const language of ["en", "zh"]) {
  test(`the lines of every host are those of the table, in the page of language ${language}`, async () => {
    const say = texts(`embed.${language}`);
    const { page, complaints } = await open({ lang: language, norm: "bn" });
    const place = { ...EXAMPLE, settings: { norm: "bn", ...SMALL, lang: language } };
    const sorted = (text) => text.replace(/#v=1[^"\s]*/, (link) => link.slice(1).split("&").toSorted().join("&"));
    for (const [name, host] of Object.entries(HOSTS)) {
      await choose(page, say.where, name);
      const [shown, wanted] = [await lines(page), host.lines(place)];
      if (name === "element") assert.deepEqual(shown.split(/\s/).toSorted(), wanted.split(/\s/).toSorted());
      else assert.equal(sorted(shown), sorted(wanted), name);
      const notes = await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".embed-notes").innerText);
      assert.ok(notes.includes(say.notes[name]), notes);
      // The lab of this test is on this machine.
      assert.equal(notes.includes(say.local), name !== "file");
    }
    assert.deepEqual(honest(complaints), []);
    await page.close();
  });
}

test("sizes, a lesson and the controls go into the lines, and the preview loads exactly their address", async () => {
  const say = texts("embed.en");
  const { page, complaints } = await open({ lang: "en", activation: "sigmoid" });
  const frameOf = async () => (await lines(page)).match(/src="[^#]*#([^"]*)" width="(\d+)" height="(\d+)"/).slice(1);
  await choose(page, say.size, "mini");
  assert.deepEqual((await frameOf()).slice(1), ["320", "240"]);
  assert.deepEqual(await (await trial(page)).evaluate(() => [innerWidth, innerHeight]), [320, 240]);
  await choose(page, say.size, "own");
  await choose(page, say.width, "500");
  await choose(page, say.height, "9");
  assert.deepEqual((await frameOf()).slice(1), ["500", "120"]);
  await choose(page, "Controls", "mini");
  assert.match((await frameOf())[0], /activation=sigmoid.*&controls=mini$/);
  await choose(page, say.shows, "norms");
  const [fragment] = await frameOf();
  assert.deepEqual(fragment.split("&").toSorted(), ["v=1", "backend=cpu", "workers=1", "lang=en", "lesson=norms", "controls=mini"].toSorted());
  const frame = await trial(page, "lesson=norms");
  assert.equal((await address(frame)).split("#")[1], fragment);
  assert.equal((await address(frame)).split("#")[0], `${lab.address}/embed.html`);
  assert.deepEqual(honest(complaints), []);
  await page.close();
});

for (const name of NAMES) {
  test(`the preview trains at its size while the lab behind rests, and its run is not kept, ${name}`, async (t) => {
    const own = name === "chromium" ? null : await launch(name);
    t.after(() => own?.close());
    const { page, complaints } = await open({ lang: "en" }, { dialog: false, within: own?.browser });
    await page.evaluate(() => document.querySelector("alexnet-lab").play());
    await trained(page, 2);
    await opened(page);
    await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "paused", PATIENT);
    await choose(page, texts("embed.en").size, "large");
    await choose(page, "Autoplay", "");
    const frame = await trial(page, "autoplay=true");
    await trained(frame, 10);
    assert.deepEqual(await frame.evaluate(() => [innerWidth, innerHeight]), [960, 540]);
    assert.equal((await state(frame)).size, "slide");
    // The steps that were being computed have ended by now.
    const rests = (await state(page)).step;
    // Twice as long as a frame waits before it keeps its run.
    await frame.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2500)));
    const kept = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
    assert.deepEqual(kept, []);
    assert.equal((await state(page)).step, rests);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "running", PATIENT);
    assert.equal(page.frames().length, 1);
    assert.deepEqual(honest(complaints), []);
    await page.close();
  });
}

test("the lines are copied; where that is forbidden, they are selected and a sentence says so", async () => {
  const say = texts("embed.en");
  const { page } = await open({ lang: "en" });
  const allow = (state) => page.browserContext().setPermission(lab.address, { permission: { name: "clipboard-write" }, state });
  const press = async () => (await root(page, ".embed-copy button")).asElement().click();
  const said = (text) =>
    page.waitForFunction(
      (text) => document.querySelector("alexnet-lab").shadowRoot.querySelector(".embed-copy [role=status]").textContent === text,
      PATIENT,
      text,
    );
  await allow("granted");
  await page.evaluate(() => {
    const { clipboard } = navigator;
    const write = clipboard.writeText.bind(clipboard);
    clipboard.writeText = (text) => write(text).then(() => (window.copied = text));
  });
  await press();
  await said(say.copied);
  assert.equal(await page.evaluate(() => window.copied), await lines(page));
  await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new DOMException("", "NotAllowedError"))));
  await press();
  await said(say.refused);
  const selected = await page.evaluate(() => {
    const { activeElement } = document.querySelector("alexnet-lab").shadowRoot;
    return activeElement.value.slice(activeElement.selectionStart, activeElement.selectionEnd);
  });
  assert.equal(selected, await lines(page));
  await page.close();
});

test("it works by keyboard: no key reaches the lab, and Escape closes it, also from the preview", async () => {
  const { page, complaints } = await open({ lang: "en" });
  const focused = () => page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.activeElement?.closest("label, button, a, div")?.innerText ?? "");
  assert.match(await focused(), /^Where/);
  await page.keyboard.press("Tab");
  assert.match(await focused(), /^Size/);
  await (await root(page, ".embed-copy button")).asElement().focus();
  for (const key of ["n", "j", "?", "t"]) await page.keyboard.press(key);
  const open_ = await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(":popover-open, dialog[open]").length);
  assert.equal(open_, 1);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("alexnet-lab").shell.embed.covers, PATIENT);
  assert.match(await focused(), /^Embed/);
  await page.keyboard.press("Enter");
  const frame = await trial(page);
  await frame.waitForFunction(() => document.querySelector("alexnet-lab")?.shadowRoot?.querySelector(".play"), PATIENT);
  await frame.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".play").focus());
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("alexnet-lab").shell.embed.covers, PATIENT);
  assert.deepEqual(honest(complaints), []);
  await page.close();
});

test("on a server that others reach, the lines have its address; as one file, the lab offers itself", async () => {
  const say = texts("embed.en");
  const there = await open({ lang: "en" }, { address: lab.address.replace("127.0.0.1", "lab.example") });
  await choose(there.page, say.where, "powerpoint");
  assert.ok((await lines(there.page)).startsWith(`http://lab.example:${new URL(lab.address).port}/embed.html#v=1&`), await lines(there.page));
  assert.ok((await there.page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".embed-notes").innerText)).includes(say.insecure));
  assert.ok(!(await there.page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".embed-notes").innerText)).includes(say.local));
  await there.page.close();
  const { page, complaints } = await open({ lang: "en", data: "toy", autoplay: "true" }, { address: pathToFileURL(join(ROOT, "dist", "lab.html")).href });
  assert.match(await lines(page), /^<iframe src="lab\.html#v=1&[^"]*data=toy/);
  await choose(page, "Autoplay", "");
  await trained(await trial(page, "autoplay=true"), 2);
  assert.deepEqual(honest(complaints), []);
  await page.close();
});

for (const [size, viewport] of Object.entries({ full: { width: 1440, height: 900 }, phone: { width: 390, height: 844 }, low: { width: 640, height: 360 } })) {
  for (const theme of ["light", "dark"]) {
    test(`it has no serious violation and nothing is cut off, ${size}, ${theme}`, async () => {
      const { page, complaints } = await open({ lang: size === "phone" ? "zh" : "en", theme }, { viewport });
      const overflows = await page.evaluate(() => {
        const { dialog } = document.querySelector("alexnet-lab").shell.embed.panel;
        return [...dialog.querySelectorAll("*")]
          .filter((part) => part.getBoundingClientRect().right > dialog.getBoundingClientRect().right)
          .map((part) => part.className);
      });
      assert.deepEqual(overflows, []);
      // Its header stays one row beside the name.
      if (size === "phone") {
        const rows = await page.evaluate(() =>
          [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".brand, .tools")].map((part) => part.getBoundingClientRect().toJSON()),
        );
        assert.ok(rows[1].top < rows[0].bottom, JSON.stringify(rows));
      }
      assert.deepEqual(honest(complaints), []); // from here on the page's policy refuses axe-core's own style sheets
      await page.evaluate(AXE);
      const found = await page.evaluate(async () => {
        const { violations } = await window.axe.run(document, { resultTypes: ["violations"], iframes: false });
        return violations
          .filter(({ impact }) => ["serious", "critical"].includes(impact))
          .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.flat().at(-1)}`));
      });
      assert.deepEqual(found, []);
      await page.close();
    });
  }
}
