// Settings that cannot learn: the note appears with the change that causes this, and disappears with the one that fixes it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, lab } from "./chromium.mjs";
import { newPage } from "./browsers.mjs";

const words = (page) =>
  page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot?.querySelector(".cards")?.textContent ?? document.querySelector(".cards").textContent);
const says = (page, sentence, expected = true) =>
  page.waitForFunction(
    (part, wanted) => {
      const root = document.querySelector("alexnet-lab").shadowRoot ?? document;
      return root.querySelector(".cards").textContent.includes(part) === wanted;
    },
    { timeout: 120_000 },
    sentence,
    expected,
  );
const set = (page, changes) => page.evaluate((change) => document.querySelector("alexnet-lab").session.set(change), changes);

test("a note on settings that cannot learn comes and goes with the changes", async () => {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.goto(`${lab.address}/#v=1&width=0.25&batch=1&backend=cpu&workers=1&lang=en`);
  await page.waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.describe, { timeout: 120_000 });
  assert.doesNotMatch(await words(page), /learn|gradient/);
  await set(page, { norm: "bn" });
  await says(page, "leaves no gradient for the layers before the last");
  await set(page, { batch: "8" });
  await says(page, "leaves no gradient for the layers before the last", false);
  await set(page, { lr: "0" });
  await says(page, "With a learning rate of 0, no weight changes.");
  // Once closed, it stays away until a different hint has been shown.
  await page.evaluate(() => {
    const root = document.querySelector("alexnet-lab").shadowRoot ?? document;
    root.querySelector(".card-note button").click();
  });
  await says(page, "no weight changes", false);
  await set(page, { momentum: "0.5" });
  assert.doesNotMatch(await words(page), /no weight changes/);
  await set(page, { lr: "0.01" });
  await set(page, { lr: "0" });
  await says(page, "With a learning rate of 0, no weight changes.");
  // The link is valid, so there is no note on it.
  assert.deepEqual(await page.evaluate(() => document.querySelector("alexnet-lab").session.state.notes), []);
  assert.deepEqual(complaints, []);
  await page.close();
});
