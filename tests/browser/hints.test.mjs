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

test("an address that says nothing begins narrow on the CPU, says so in words and in the address, and one that says anything is kept", async () => {
  const { page, complaints } = await newPage(browser, [lab.address]);
  const starts = async (fragment) => {
    await page.goto("about:blank");
    await page.goto(`${lab.address}/${fragment}`);
    await page.waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.describe, { timeout: 120_000 });
    await page.evaluate(() => document.querySelector("alexnet-lab").session.settled);
    return page.evaluate(() => document.querySelector("alexnet-lab").session.state.describe.backend.name);
  };
  assert.equal(await starts(""), "cpu", "the software adapter is slower than the CPU");
  await says(page, "a quarter of the channels");
  await page.waitForFunction(() => location.hash === "#v=1&width=0.25");
  const width = () => page.evaluate(() => document.querySelector("alexnet-lab").session.confirmed.lanes[0].describe.config.width);
  assert.equal(await width(), "0.25");
  await starts("#v=1");
  assert.deepEqual([await width(), await page.evaluate(() => location.hash)], ["1", "#v=1"]);
  assert.deepEqual(complaints, []);
  await page.close();
});
