// Architectures other than the default: the drawn network, the picture before the start, and settings that name what they do not have.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";

/** The pooling of each column. */
const POOLS = {
  lenet: ["Avg 2/2", "Avg 2/2"],
  convnet26: ["Max 2/2", "Avg 2/2", "Avg 2/2"],
  convnet18: ["Max 2/2", "Avg 2/2", "Avg 2/2"],
  local: ["Max 2/2", "Max 2/2"],
};

for (const [arch, pools] of Object.entries(POOLS)) {
  test(`${arch} is drawn as it is, and trains`, async () => {
    const { page, complaints } = await newPage(browser, [lab.address]);
    const at = (found) => page.waitForFunction(found);
    await page.goto(
      `${lab.address}/#v=1&lang=en&data=toy&backend=cpu&batch=4&arch=${arch}&pool=paper&overlap=false&norm=lrn&depth=1&layer=conv5&autoplay=true`,
    );
    await at(() => document.querySelector("alexnet-lab")?.session?.state.step > 3);
    const found = await page.evaluate(async () => {
      const { shadowRoot, session } = document.querySelector("alexnet-lab");
      const { blocks, layers } = session.state.describe.network;
      const columns = [...shadowRoot.querySelectorAll(".column[data-block]")];
      const text = (column, kind) => column.querySelector(`.chip[data-kind=${kind}]:not([data-ghost])`)?.innerText.trim();
      return {
        learnt: blocks.map(({ name, layers: { start } }) => [name, layers[start].output.height, layers[start].output.channels]),
        columns: columns.map((column) => column.dataset.block),
        pools: columns.map((column) => text(column, "pool")).filter(Boolean),
        slots: [...columns[0].querySelectorAll(".slot")].map((slot) => slot.className),
        norms: columns.map((column) => text(column, "norm")).filter(Boolean).length,
        notes: session.state.describe.hints,
        options: [...shadowRoot.querySelector(".maps select").options].map(({ value }) => value),
        shown: shadowRoot.querySelector(".maps select").value,
      };
    });
    assert.deepEqual(
      found.columns,
      found.learnt.map(([name]) => name),
    );
    assert.deepEqual(found.pools, pools);
    assert.equal(found.norms, 2);
    const order = arch.startsWith("convnet") ? ["pool", "lrn"] : ["lrn", "pool"];
    assert.deepEqual(
      found.slots,
      ["bn", "activation", ...order].map((name) => `slot slot-${name}`),
    );
    assert.deepEqual([found.options, found.shown], [found.columns, "conv1"]);
    await at(() => document.querySelector("alexnet-lab").shadowRoot.textContent.includes("This architecture has a fixed depth"));
    assert.deepEqual(complaints, []);
    await page.close();
  });
}

for (const [layer, kinds, shown] of [
  ["local4", ["local", "activation"], "Local layer"],
  ["conv2", ["conv", "activation", "lrn", "pool"], "Responses of this channel around the pixel"],
]) {
  test(`the arithmetic inside ${layer} of a network with local layers and LRN within a map is the engine’s`, async () => {
    const { page, complaints } = await newPage(browser, [lab.address]);
    const settings = "data=toy&backend=cpu&batch=4&width=0.25&arch=local&norm=lrn&lrn_region=map&lrn_n=4&lrn_alpha=0.5&autoplay=true";
    await page.goto(`${lab.address}/#v=1&lang=en&${settings}&inside=true&layer=${layer}`);
    // Without the weights of its own position, or with another window, the values would differ.
    await page.waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.step > 5);
    await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".drill-chain:not([hidden]) .drill-value")?.innerText);
    const found = await page.evaluate(() => {
      const cards = [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".drill-card")];
      return {
        kinds: cards.map((card) => card.dataset.kind),
        differ: cards.filter((card) => !card.querySelector(".drill-differs").hidden).map((card) => card.innerText),
        text: cards.map((card) => card.innerText).join("\n"),
      };
    });
    assert.deepEqual(found.kinds, kinds);
    assert.deepEqual(found.differ, []);
    assert.ok(found.text.includes(shown), found.text);
    assert.deepEqual(complaints, []);
    await page.close();
  });
}
