// A change with networks side by side: which networks it affects, their new names, and the new link. In Chromium on the CPU.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";

const SMALL = "v=1&lang=en&backend=cpu&workers=1&width=0.25&batch=8&test_every=0";

/** Opens the lab, or another page of the host. `inLab(run, ...args)` runs `run(element, ...args)` there. */
async function open(fragment, path = "/") {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluateOnNewDocument(() => addEventListener("ready", () => (window.ready = true), true));
  await page.goto(`${lab.address}${path}#${fragment}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  const element = await page.evaluateHandle(() => document.querySelector("alexnet-lab"));
  const inLab = (run, ...args) => element.evaluate(run, ...args);
  const settled = async () => {
    for (let quiet = 0; quiet < 3;) {
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
      quiet = (await inLab(({ session }) => session.changing === 0 && !session.state.busy)) ? quiet + 1 : 0;
    }
  };
  const seen = async () => {
    await settled();
    return inLab(({ session, shadowRoot, shell }) => ({
      link: session.state.fragment.match(/&lane.*/)?.[0] ?? "",
      names: [...shadowRoot.querySelectorAll(".lane-show")].map((button) => button.textContent),
      marks: shell.views.curves.events.map(({ label }) => label),
      activation: session.state.lanes.map(({ config }) => config.activation),
      norm: session.state.lanes.map(({ config }) => config.norm),
      engine: session.confirmed.lanes.map(({ describe: { config } }) => [config.activation, config.norm, config.lr].join()),
    }));
  };
  return { page, complaints, inLab, seen };
}

/** As a user does: the chip's menu, and a choice in it. */
const choose = (kind, value) => [
  ({ shadowRoot }, kind, value) => {
    shadowRoot.querySelector(`.chip[data-kind="${kind}"]`).click();
    shadowRoot.querySelector(`.menu input[value="${value}"]`).click();
    shadowRoot.querySelector(".menu").hidePopover();
  },
  kind,
  value,
];

/** In the tab of settings. */
const type = (key, value) => [
  ({ shadowRoot }, key, value) => {
    const field = shadowRoot.querySelector(`.settings [data-key="${key}"] input.number`);
    field.value = value;
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name));
  },
  key,
  value,
];

test("a change of network 1 is its own: chip, key and settings; names, marks and link say it", async () => {
  const { page, complaints, inLab, seen } = await open(`${SMALL}&norm=none&lane2=norm:bn`);
  await inLab((lab) => lab.step());
  await inLab(...choose("activation", "sigmoid"));
  let found = await seen();
  assert.deepEqual(found.activation, ["sigmoid", "relu"]);
  assert.deepEqual(found.engine, ["sigmoid,none,0.01", "relu,bn,0.01"]);
  assert.equal(found.link, "&lane2=activation:relu,norm:bn");
  assert.deepEqual(found.names, ["1 Sigmoid, No norm", "2 ReLU, BN"]);
  assert.deepEqual(found.marks, ["1 Sigmoid"], "the mark is of the network that was changed");
  // By keys: the menu of activation functions, and up to ReLU.
  await page.keyboard.press("a");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  found = await seen();
  assert.deepEqual([found.link, found.names], ["&lane2=norm:bn", ["1 No norm", "2 BN"]]);
  await inLab(...choose("norm", "bn"));
  found = await seen();
  assert.deepEqual([found.link, found.names, found.norm], ["&lane2=", ["1", "2 same as 1"], ["bn", "bn"]]);
  await inLab(...type("lr", "0.05"));
  found = await seen();
  assert.deepEqual([found.link, found.names], ["&lane2=lr:0.01", ["1 Learning rate 0.05", "2 Learning rate 0.01"]]);
  assert.equal(found.marks.at(-1), "1 Learning rate 0.05");
  // The link opens the same two networks.
  const again = await open(await inLab(({ session }) => session.state.fragment));
  const linked = await again.seen();
  assert.deepEqual([linked.engine, linked.names], [found.engine, found.names]);
  assert.deepEqual([complaints, again.complaints], [[], []]);
  await again.page.close();
  await page.close();
});

test("what is changed for all is changed in all, whichever is shown; what they have in common always is", async () => {
  const { page, complaints, inLab, seen } = await open(`${SMALL}&norm=none&lane2=norm:bn&lane3=lr:0.1`);
  await inLab((lab) => lab.step());
  await inLab(({ session }) => session.show(1));
  await inLab(({ shadowRoot }) => shadowRoot.querySelector(".lane-all input").click());
  await inLab(...type("lr", "0.002"));
  let found = await seen();
  assert.deepEqual(found.engine, ["relu,none,0.002", "relu,bn,0.002", "relu,none,0.002"]);
  assert.deepEqual([found.link, found.names], ["&lane2=norm:bn&lane3=", ["1 No norm", "2 BN", "3 same as 1"]]);
  assert.deepEqual(found.marks, ["Learning rate 0.002"], "of all, so it needs no number");
  await inLab(({ shadowRoot }) => shadowRoot.querySelector(".lane-all input").click());
  await inLab(...choose("activation", "tanh"));
  found = await seen();
  assert.deepEqual(found.activation, ["relu", "tanh", "relu"]);
  assert.equal(found.marks.at(-1), "2 Tanh");
  await inLab(({ shell }) => shell.change({ test_every: "7" }));
  await seen();
  assert.deepEqual(await inLab(({ session }) => session.confirmed.lanes.map(({ describe }) => describe.config.test_every)), ["7", "7", "7"]);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("one of two equal networks that is taken away takes its own record along", async () => {
  const { page, complaints, inLab, seen } = await open(`${SMALL}&norm=none&lane2=lr:0.1&lane3=activation:sigmoid`);
  await inLab((lab) => lab.step());
  for (const [lane, changes] of [
    [1, { lr: "0.01" }],
    [2, { activation: "relu" }],
  ])
    await inLab(({ session }, lane, changes) => session.set(changes, false, lane), lane, changes);
  assert.deepEqual((await seen()).names, ["1", "2 same as 1", "3 same as 1"]);
  const losses = ({ shell }) => shell.views.curves.records.map(({ training }) => [...training.rows].filter((_, at) => at % 3 === 1));
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shell.views.curves.records.length === 3);
  const before = await inLab(losses);
  await inLab(({ session }) => session.removeLane(1));
  assert.deepEqual((await seen()).names, ["1", "2 same as 1"]);
  assert.notDeepEqual(before[1], before[2]);
  assert.deepEqual(await inLab(losses), [before[0], before[2]]);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("attributes and a host's `set` are of the link's first network, `all` of every one, and `lane2` of the second", async () => {
  const { page, complaints } = await newPage(browser, [lab.address]);
  await page.evaluate((address) => {
    window.answers = [];
    addEventListener(
      "message",
      ({ data }) => data?.alexnetLab && (data.event === "ready" ? (window.ready = true) : data.answer && window.answers.push(data.answer)),
    );
    const frame = Object.assign(document.createElement("iframe"), { src: address, width: 900, height: 700 });
    document.body.replaceChildren(frame);
  }, `${lab.address}/embed.html#${SMALL}&norm=none&lane2=norm:bn`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  const frame = page.frames().find((each) => each.url().startsWith(lab.address));
  const set = async (message) => {
    const before = await page.evaluate(() => window.answers.length);
    await page.evaluate((message) => document.querySelector("iframe").contentWindow.postMessage({ alexnetLab: 1, command: "set", ...message }, "*"), message);
    await page.waitForFunction((count) => window.answers.length > count, { timeout: 120_000 }, before);
    return frame.evaluate(() =>
      document.querySelector("alexnet-lab").session.confirmed.lanes.map(({ describe: { config } }) => [config.activation, config.norm, config.lr].join()),
    );
  };
  await frame.evaluate(() => document.querySelector("alexnet-lab").session.show(1));
  assert.deepEqual(await set({ settings: { activation: "tanh" } }), ["tanh,none,0.01", "relu,bn,0.01"], "the first one, though the second is shown");
  assert.deepEqual(await set({ settings: { lr: 0.1 }, all: true }), ["tanh,none,0.1", "relu,bn,0.1"]);
  assert.deepEqual(await set({ settings: { lane2: "norm:lrn" } }), ["tanh,none,0.1", "tanh,lrn,0.1"], "as in a link: what it changes");
  await frame.evaluate(() => document.querySelector("alexnet-lab").setAttribute("activation", "sigmoid"));
  assert.deepEqual(await set({ settings: {} }), ["sigmoid,none,0.1", "tanh,lrn,0.1"]);
  assert.deepEqual(complaints, []);
  await page.close();
});
