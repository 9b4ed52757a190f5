// axe-core finds no serious and no critical violation in the page, in every size, theme and tab.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT } from "./servers.mjs";

const AXE = readFileSync(join(ROOT, "node_modules", "axe-core", "axe.min.js"), "utf8");
const SMALL = "v=1&width=0.25&batch=8&test_size=40&test_every=10&backend=cpu&workers=1";
const SIZES = [
  { name: "full", path: "/", viewport: { width: 1440, height: 900 } },
  { name: "phone", path: "/", viewport: { width: 390, height: 844 } },
  { name: "slide", path: "/embed.html", viewport: { width: 640, height: 360 } },
];

/** Opens the lab, trains until every view has something to show, and pauses. */
async function trained({ path, viewport }, settings) {
  const { page, complaints } = await newPage(browser, [lab.address], viewport);
  await page.evaluateOnNewDocument(() => {
    window.steps = 0;
    addEventListener("ready", () => (window.ready = true), true);
    addEventListener("step", () => window.steps++, true);
  });
  await page.goto(`${lab.address}${path}#${SMALL}&${settings}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  await page.evaluate(() => document.querySelector("alexnet-lab").session.play());
  // The clock decides when a snapshot is taken; the first of two is the past.
  const enough = () => window.steps >= 12 && document.querySelector("alexnet-lab").shell.views.timeline.steps.length > 1;
  await page.waitForFunction(enough, { timeout: 120_000 });
  await page.evaluate(() => document.querySelector("alexnet-lab").pause());
  assert.deepEqual(complaints, []); // from here on the page's policy refuses axe-core's own style sheets
  await page.evaluate(AXE);
  return page;
}

/** Serious and critical violations as "rule: selector: why", in the whole page or only in a part of the lab. @param {string} [part] */
const violations = (page, part) =>
  page.evaluate(async (part) => {
    const where = part ? { include: [{ fromShadowDom: ["alexnet-lab", part] }] } : document;
    const { violations: found } = await window.axe.run(where, { resultTypes: ["violations"] });
    return found
      .filter(({ impact }) => ["serious", "critical"].includes(impact))
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.flat().at(-1)}: ${failureSummary.split("\n")[1]?.trim()}`));
  }, part);

for (const size of SIZES) {
  for (const theme of ["light", "dark"]) {
    test(`no serious violation, ${size.name}, ${theme}`, async () => {
      const page = await trained(size, `theme=${theme}`);
      const names = await page.evaluate(() => [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll("[role=tab]")].map((tab) => tab.id));
      assert.deepEqual(await violations(page), []);
      for (const id of names) {
        // A tab changes nothing outside of its panel and its row of tabs.
        await page.evaluate((name) => {
          const { shadowRoot } = document.querySelector("alexnet-lab");
          shadowRoot.querySelector("[data-tested]")?.removeAttribute("data-tested");
          const tab = shadowRoot.getElementById(name);
          tab.click();
          tab.closest(".tabs").setAttribute("data-tested", "");
        }, id);
        assert.deepEqual(await violations(page, "[data-tested]"), [], id);
      }
      await page.close();
    });
  }
}

test("the menu of a component and the help have no serious violation", async () => {
  const page = await trained(SIZES[0], "norm=lrn");
  for (const key of ["n", "d"]) {
    await page.keyboard.press(key);
    assert.ok(await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".menu:popover-open")), `${key} opens a menu`);
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press("Escape");
  }
  await page.keyboard.press("?");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector("dialog[open]"));
  assert.deepEqual(await violations(page), []);
  await page.close();
});

for (const size of SIZES) {
  test(`lessons and recipes have no serious violation, ${size.name}`, async () => {
    const page = await trained(size, "lesson=product-of-weights");
    const panel = () => page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".panel-guide").checkVisibility());
    const steps = [];
    for (;;) {
      const { lesson_step: step } = await page.evaluate(() => document.querySelector("alexnet-lab").getState());
      if (step === steps.at(-1)) break;
      steps.push(step);
      assert.ok(await panel(), step);
      assert.deepEqual(await violations(page), [], step);
      await page.keyboard.press("j");
    }
    assert.deepEqual(steps, ["question", "predict", "run", "saw", "formula", "paper", "noise"]);
    await page.evaluate(() => document.querySelector("alexnet-lab").setAttribute("lesson", "none"));
    await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector("[data-recipe]"));
    assert.deepEqual(await violations(page), [], "the list");
    await page.close();
  });
}

for (const theme of ["light", "dark"]) {
  test(`the past of a run and the recording of a lesson have no serious violation, ${theme}`, async () => {
    const page = await trained(SIZES[0], `theme=${theme}`);
    await page.evaluate(() => document.querySelector("alexnet-lab").shell.views.timeline.scrubber.choose(0));
    assert.ok(await page.evaluate(() => document.querySelector("alexnet-lab").shell.views.timeline.step));
    assert.deepEqual(await violations(page), []);
    await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]); // the recording shows its end at once
    await page.evaluate(async () => {
      const lab = document.querySelector("alexnet-lab");
      await lab.session.set({ lesson: "lrn-competition" });
      const until = (test) =>
        new Promise((resolve) =>
          (function look() {
            test() ? resolve() : setTimeout(look, 50);
          })(),
        );
      await until(() => lab.shell.lesson.panel?.lesson);
      lab.shell.lesson.panel.go(2);
      await lab.shell.lesson.panel.showRecording();
      await until(() => lab.shell.lesson.panel.result);
      lab.shell.lesson.panel.go(3);
    });
    assert.deepEqual(await violations(page), []);
    await page.close();
  });
}

test("the Tab key reaches everything that can be operated, and shows where it is", async () => {
  const page = await trained(SIZES[0], "");
  const wanted = await page.evaluate(() => {
    const { shadowRoot } = document.querySelector("alexnet-lab");
    const able = [...shadowRoot.querySelectorAll("button, input, select, a[href], [tabindex='0']")].filter(
      (node) => node.tabIndex >= 0 && !node.disabled && node.checkVisibility({ visibilityProperty: true }),
    );
    // A group of radio buttons is one tab stop.
    const stops = able.filter((node) => node.type !== "radio" || node.checked);
    stops.forEach((node, index) => (node.dataset.stop = index));
    return stops.map((node) => node.outerHTML.slice(0, 120));
  });
  assert.ok(wanted.length > 40, `only ${wanted.length} stops`);
  const reached = new Set();
  const unseen = [];
  await page.evaluate(() => document.activeElement?.blur());
  for (let press = 0; press < 2 * wanted.length && reached.size < wanted.length; press++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const node = document.querySelector("alexnet-lab").shadowRoot.activeElement;
      if (!node) return null;
      // The outline may be drawn on the element that represents an invisible radio button.
      const shown = [node, node.nextElementSibling, node.closest("label")].some((part) => {
        if (!part) return false;
        const { outlineStyle, boxShadow } = getComputedStyle(part);
        return outlineStyle !== "none" || boxShadow !== "none";
      });
      return { index: node.dataset.stop, shown };
    });
    if (stop?.index === undefined) continue;
    reached.add(Number(stop.index));
    if (!stop.shown) unseen.push(wanted[Number(stop.index)]);
  }
  assert.deepEqual(
    wanted.filter((_, index) => !reached.has(index)),
    [],
    "never reached",
  );
  assert.deepEqual(unseen, [], "no visible focus");
  await page.close();
});

test("a screen reader is not told of every step", async () => {
  const page = await trained(SIZES[0], "norm=lrn");
  const told = await page.evaluate(async () => {
    const host = document.querySelector("alexnet-lab");
    const live = "output, [role=status], [role=alert], [aria-live]:not([aria-live=off])";
    const changes = [];
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const region = (target instanceof Element ? target : target.parentElement)?.closest(live);
        if (region) changes.push(`${region.className}: ${region.textContent.slice(0, 60)}`);
      }
    });
    observer.observe(host.shadowRoot, { subtree: true, childList: true, characterData: true });
    const from = window.steps;
    host.play();
    while (window.steps < from + 30) await new Promise((resolve) => setTimeout(resolve, 50));
    host.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    return changes;
  });
  // Announcements of the training and of the pause.
  assert.ok(told.length >= 1 && told.length <= 4, `${told.length} announcements: ${told.slice(0, 8).join(" | ")}`);
  await page.close();
});
