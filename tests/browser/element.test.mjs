// <alexnet-lab> in other people's pages, in Chromium on the CPU: commands before it is ready, moved elements, sizes, keys, attributes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { ROOT, startHost } from "./servers.mjs";

/** A network that starts quickly. */
const SMALL = { width: "0.25", batch: "8", backend: "cpu", workers: "1", test_size: "16", test_every: "0" };
const LINK = Object.entries(SMALL)
  .map((pair) => pair.join("="))
  .join("&");
const ATTRIBUTES = Object.entries(SMALL)
  .map(([key, value]) => `${key}="${value}"`)
  .join(" ");
const page = (body) =>
  `<!doctype html><meta charset="utf-8"><title>Host</title><link rel="icon" href="data:,"><script type="module" src="/js/alexnet-lab.js"></script><body>${body}`;

const pages = {
  "/reveal.css": readFileSync(join(ROOT, "node_modules/reveal.js/dist/reveal.css")),
  "/reveal.mjs": readFileSync(join(ROOT, "node_modules/reveal.js/dist/reveal.mjs")),
  "/empty": page(""),
  "/list": page(`<p>One</p><alexnet-lab ${ATTRIBUTES} lane2="activation:tanh"></alexnet-lab><p>Two</p><div id="there"></div>`),
  "/frame": `<!doctype html><title>Host</title><link rel="icon" href="data:,"><body>`,
};
let host;
before(async () => (host = await startHost(pages)));
after(() => host?.close());

/** Opens a page of the host with this body. @param {string} body @param {object} [viewport] */
function visitBody(body, viewport) {
  pages["/body"] = page(body);
  return visit("/body", viewport);
}

const sizes = (page) =>
  page.evaluate(() => {
    const lab = document.querySelector("alexnet-lab");
    const inside = lab.shadowRoot.querySelector(".lab");
    return { size: inside.dataset.size, height: lab.offsetHeight, inside: inside.offsetHeight, width: lab.offsetWidth };
  });

/** Opens a page of the host, or the lab itself. @param {string} path @param {object} [viewport] */
async function visit(path, viewport) {
  const { page, complaints } = await newPage(browser, [lab.address, host.address], viewport);
  await page.evaluateOnNewDocument(() => {
    window.told = [];
    window.failures = [];
    for (const name of ["ready", "step", "lesson"]) addEventListener(name, (event) => window.told.push([name, event.detail]), true);
    addEventListener("error", (event) => window.failures.push(event.message));
    addEventListener("unhandledrejection", (event) => window.failures.push(`rejected: ${JSON.stringify(event.reason)}`));
  });
  if (process.env.SAY) page.on("console", (message) => console.log(message.text()));
  const address = path.startsWith("/#") || path.startsWith("/embed") ? lab.address : host.address;
  await page.goto(address + path);
  const close = async () => {
    assert.deepEqual([complaints, await page.evaluate(() => window.failures)], [[], []]);
    await page.close();
  };
  return { page, close };
}

const call = (page, method, ...args) => page.evaluate((name, rest) => document.querySelector("alexnet-lab")[name](...rest), method, args);
const isReady = (page) => page.waitForFunction(() => window.told.some(([name]) => name === "ready"), { timeout: 120_000 });
const text = (page, selector) =>
  page.evaluate((wanted) => document.querySelector("alexnet-lab").shadowRoot.querySelector(wanted)?.textContent ?? null, selector);

// ---- before the engine is ready ------------------------------------------------------------------------------------

test("a message in the frame's load event applies on top of the link, and is answered with what holds then", async () => {
  const { page, close } = await visit("/frame");
  const state = await page.evaluate(
    (source) =>
      new Promise((resolve) => {
        const frame = document.createElement("iframe");
        addEventListener("message", ({ data }) => data.answer === "getState" && resolve(data.detail));
        frame.addEventListener("load", () => {
          const tell = (message) => frame.contentWindow.postMessage({ alexnetLab: 1, ...message }, "*");
          tell({ command: "set", settings: { norm: "bn" } });
          tell({ command: "set", settings: { lang: "zh-CN", lane2: "norm:none" } });
          tell({ command: "getState", id: 1 });
        });
        frame.src = source;
        document.body.append(frame);
      }),
    `${lab.address}/embed.html#${LINK}&seed=7&activation=tanh`,
  );
  const { seed, activation, width, batch, norm, lang } = state;
  assert.deepEqual({ seed, activation, width, batch, norm, lang }, { seed: "7", activation: "tanh", width: "0.25", batch: "8", norm: "bn", lang: "zh" });
  const frame = page.frames()[1];
  await frame.waitForFunction(() => document.querySelector("alexnet-lab").session.state.fragment.includes("lane2"), { timeout: 120_000 });
  assert.equal(
    await frame.evaluate(() => location.hash),
    "#v=1&activation=tanh&norm=bn&width=0.25&seed=7&batch=8&test_size=16&test_every=0&backend=cpu&workers=1&lang=zh&lane2=norm:none",
  );
  await close();
});

test("attributes and methods count from the first moment, in their order", async () => {
  const { page, close } = await visit("/empty");
  const state = await page.evaluate(async (small) => {
    await customElements.whenDefined("alexnet-lab");
    const lab = document.createElement("alexnet-lab");
    const early = ["getState", "step", "getState"].map((method) => lab[method]());
    for (const [key, value] of Object.entries(small)) lab.setAttribute(key, value);
    document.body.append(lab);
    lab.setAttribute("norm", "bn");
    await new Promise((resolve) => setTimeout(resolve, 20)); // while the engine opens
    lab.setAttribute("activation", "sigmoid");
    lab.setAttribute("lane2", "activation:tanh");
    lab.setAttribute("lane2", "activation:tanh");
    const [before, , after] = await Promise.all(early);
    await lab.session.until(({ lanes }) => lanes.length === 2);
    return {
      before: before.step,
      width: before.width,
      after: after.step,
      now: await lab.getState(),
      lanes: lab.session.state.lanes.map(({ config }) => config.activation),
    };
  }, SMALL);
  assert.deepEqual([state.before, state.width, state.after], [0, "0.25", 1]);
  assert.deepEqual([state.now.norm, state.now.activation, state.lanes], ["bn", "sigmoid", ["sigmoid", "tanh"]]);
  await page.waitForFunction(() => window.told.filter(([name]) => name === "step").length > 0, { timeout: 120_000 });
  await page.evaluate(() => document.querySelector("alexnet-lab").removeAttribute("lane2"));
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.lanes.length === 1, { timeout: 120_000 });
  await close();
});

test("commands that come before it is ready are done in their order, as methods and as messages", async () => {
  const { page, close } = await visit("/frame");
  const answers = await page.evaluate(
    (source) =>
      new Promise((resolve) => {
        const frame = document.createElement("iframe");
        const answers = [];
        addEventListener("message", ({ data }) => data.answer && answers.push([data.answer, data.detail.step, data.detail.lr]) === 6 && resolve(answers));
        frame.addEventListener("load", () => {
          const tell = (command, more) => frame.contentWindow.postMessage({ alexnetLab: 1, command, ...more }, "*");
          for (const command of ["step", "step", "reset", "step"]) tell(command);
          tell("set", { settings: { lr: 0.03 } });
          tell("getState");
        });
        frame.src = source;
        document.body.append(frame);
      }),
    `${lab.address}/embed.html#${LINK}&lr=0.02`,
  );
  assert.deepEqual(
    answers.map(([name]) => name),
    ["step", "step", "reset", "step", "set", "getState"],
  );
  assert.deepEqual(answers.at(-1), ["getState", 1, "0.03"]);
  await close();

  const { page: other, close: done } = await visit("/empty");
  const { order, step } = await other.evaluate(async (small) => {
    await customElements.whenDefined("alexnet-lab");
    const lab = document.createElement("alexnet-lab");
    for (const [key, value] of Object.entries(small)) lab.setAttribute(key, value);
    document.body.append(lab);
    const order = [];
    await Promise.all(["step", "step", "reset", "step", "getState"].map(async (name, at) => (await lab[name](), order.push(at))));
    return { order, step: (await lab.getState()).step };
  }, SMALL);
  assert.deepEqual([order, step], [[0, 1, 2, 3, 4], 1]);
  await done();
});

test("a link that is opened while the first one loads is the one that holds", async () => {
  const { page, close } = await visit(`/#${LINK}&seed=7`);
  await page.evaluate((link) => (location.hash = `${link}&norm=bn&seed=8`), LINK);
  await isReady(page);
  const { seed, norm } = await call(page, "getState");
  assert.deepEqual([seed, norm], ["8", "bn"]);
  await page.waitForFunction(() => location.hash.startsWith("#v=1&norm=bn"), { timeout: 120_000 });
  await close();
});

test("a lesson's keys and commands that come while it loads are not lost", async () => {
  const { page, close } = await visit("/empty");
  await page.evaluate(() => {
    document.body.innerHTML = `<alexnet-lab lesson="norms" backend="cpu" workers="1" style="height: 360px"></alexnet-lab>`;
    document.querySelector("alexnet-lab").next();
  });
  await page.waitForFunction(() => window.told.some(([name, { step }]) => name === "lesson" && step === "predict"), { timeout: 120_000 });
  await close();
});

test("a message that cannot be obeyed is answered with what is wrong, and says nothing in the page", async () => {
  const { page, close } = await visit("/frame");
  const answers = await page.evaluate(
    (source) =>
      new Promise((resolve) => {
        const frame = document.createElement("iframe");
        const answers = [];
        addEventListener("message", ({ data: { answer, id, error } }) => {
          if (answer) answers.push([answer, id, error]);
          if (answer === "getState") resolve(answers);
        });
        frame.addEventListener("load", () => {
          const tell = (message) => frame.contentWindow.postMessage({ alexnetLab: 1, ...message }, "*");
          tell({ command: "dance", id: 1 });
          tell({ command: "toString", id: 2 });
          for (const settings of ["norm=bn", ["x"], 3]) tell({ command: "set", id: 3, settings });
          tell({ command: "set", id: 4 });
          tell({ command: "getState" });
        });
        frame.src = source;
        document.body.append(frame);
      }),
    `${lab.address}/embed.html#${LINK}`,
  );
  assert.deepEqual(
    answers.map((answer) => answer.join(" ")),
    ["dance 1 unknown", "toString 2 unknown", "set 3 settings", "set 3 settings", "set 3 settings", "set 4 ", "getState  "],
  );
  assert.equal(await page.frames()[1].evaluate(() => document.querySelector("alexnet-lab").session.state.notes.length), 0);
  await close();
});

// ---- moved -----------------------------------------------------------------------------------------------------------

/** The ways in which a page moves an element. */
const MOVES = {
  append: (lab) => document.querySelector("#there").append(lab),
  insertBefore: (lab) => document.body.insertBefore(lab, document.body.firstChild),
  moveBefore: (lab) => document.querySelector("#there").moveBefore(lab, null),
  "a keyed list put in another order": (lab) => lab.after(...[...document.body.children].filter((node) => node !== lab)),
  "every child taken out and put back": (lab) => document.querySelector("#there").replaceChildren(...document.querySelector("#there").childNodes, lab),
  "into another element's shadow root": (lab) => document.querySelector("#there").attachShadow({ mode: "open" }).append(lab),
  "taken out and back later": (lab) => (lab.remove(), setTimeout(() => document.body.append(lab), 300)),
};

for (const [name, move] of Object.entries(MOVES)) {
  test(`moved (${name}), it keeps run, switches, networks, curves and lesson, and trains on`, async () => {
    const { page, close } = await visit("/list");
    await isReady(page);
    await page.evaluate(() => (window.lab = document.querySelector("alexnet-lab")));
    await page.evaluate(() => lab.setAttribute("norm", "bn"));
    await page.evaluate(() => lab.play());
    await page.waitForFunction(() => lab.session.state.lanes.every(({ step }) => step >= 5), { timeout: 120_000 });
    await page.evaluate(() => lab.shadowRoot.querySelector(".control[data-key=lr] .number").focus());
    const before = await page.evaluate(() => ({
      step: lab.session.state.step,
      points: lab.shell.views.curves.panes[0].plot.data[0].length,
      session: (window.first = lab.session) && 1,
    }));
    const workers = page.workers().length;
    await page.evaluate(`void (${move})(lab)`);
    await page.waitForFunction((step) => lab.isConnected && lab.session.state.step > step + 5, { timeout: 120_000 }, before.step);
    const after = await page.evaluate(async () => ({
      ...(await lab.getState()),
      points: lab.shell.views.curves.panes[0].plot.data[0].length,
      same: lab.session === window.first,
      lanes: lab.session.state.lanes.length,
      run: lab.session.state.run,
      focus: lab.shadowRoot.activeElement?.closest("[data-key]")?.dataset.key,
    }));
    assert.deepEqual([after.norm, after.lanes, after.same, after.run], ["bn", 2, true, 0]);
    assert.equal(after.focus, "lr");
    assert.ok(after.points >= before.points, `${before.points} points, then ${after.points}`);
    assert.ok((await page.evaluate(() => window.told.filter(([name]) => name === "ready").length)) === 1);
    assert.equal(page.workers().length, workers);
    await close();
  });
}

test("an open lesson, what is scrolled and an open view stay when it is moved", async () => {
  const { page, close } = await visit("/list");
  await isReady(page);
  await page.evaluate(() => (window.lab = document.querySelector("alexnet-lab")));
  await page.evaluate(async () => {
    lab.style.height = "700px";
    lab.setAttribute("lesson", "norms");
    await lab.next();
    lab.shell.lesson.panel.stage.toggle(false); // the whole lab scrolls
    lab.setAttribute("inside", "true");
  });
  await page.waitForFunction(() => lab.shadowRoot.querySelector(".drill")?.open, { timeout: 120_000 });
  await page.waitForFunction(() => lab.shadowRoot.querySelector(".lab[data-fixed]")?.scrollHeight > 900, { timeout: 120_000 });
  await page.evaluate(() => (lab.shadowRoot.querySelector(".lab").scrollTop = 150));
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await page.evaluate(() => document.querySelector("#there").append(lab));
  const after = await page.evaluate(async () => ({
    step: (await lab.getState()).lesson_step,
    top: lab.shadowRoot.querySelector(".lab").scrollTop,
    modal: lab.shadowRoot.querySelector(".drill").matches(":modal"),
  }));
  assert.deepEqual(after, { step: "predict", top: 150, modal: true });
  await close();
});

test("taken away for good, its workers end, a step that was asked for settles, and it can come back", async () => {
  const { page, close } = await visit("/list");
  await isReady(page);
  const settled = await page.evaluate(() => {
    window.lab = document.querySelector("alexnet-lab");
    window.step = Promise.allSettled([lab.step(), lab.step()]).then(([{ status }]) => status);
    lab.remove();
    return window.step;
  });
  assert.equal(settled, "fulfilled");
  for (const end = Date.now() + 120_000; page.workers().length > 0 && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(page.workers().length, 0);
  await page.evaluate(() => {
    window.state = lab.getState();
    document.body.append(lab);
  });
  assert.equal(await page.evaluate(async () => (await window.state).step), 0);
  await close();
});

test("moved into the document of a frame, it begins anew there and trains; what was asked for before is answered", async () => {
  const { page, close } = await visit("/list");
  await isReady(page);
  const step = await page.evaluate(async () => {
    window.lab = document.querySelector("alexnet-lab");
    const frame = document.createElement("iframe");
    frame.width = frame.height = 700;
    document.body.prepend(frame);
    frame.contentDocument.body.append(lab);
    await lab.step();
    return (await lab.getState()).step;
  });
  assert.equal(step, 1);
  await page.waitForFunction(() => getComputedStyle(lab).getPropertyValue("--paper"), { timeout: 120_000 });
  await page.evaluate(() => lab.play());
  await page.waitForFunction(() => lab.session.state.step > 3, { timeout: 120_000 });
  await close();
});

// ---- room ------------------------------------------------------------------------------------------------------------

/** The element's place, how it becomes visible, and its size then: [class, height of the element, height of the lab]. */
const ROOMS = {
  "a tab that was not shown": [
    `<div id="tab" style="display: none"><alexnet-lab style="width: 640px; height: 360px" ${ATTRIBUTES}></alexnet-lab></div>`,
    () => (tab.style.display = ""),
    ["slide", 360, 360],
  ],
  "a slide mounted at 0 x 0": [
    `<div id="tab" style="width: 0; height: 0; overflow: hidden"><alexnet-lab style="display: block; height: 100%" ${ATTRIBUTES}></alexnet-lab></div>`,
    () => (tab.style.cssText = "width: 640px; height: 360px"),
    ["slide", 360, 360],
  ],
  "a height given later": [
    `<alexnet-lab id="tab" ${ATTRIBUTES}></alexnet-lab>`,
    () => (tab.style.height = "240px"),
    ["mini", 240, 240, "tab.style.width = '320px'"],
  ],
  "a height in a style sheet": [`<style>alexnet-lab { height: 50vh }</style><alexnet-lab ${ATTRIBUTES}></alexnet-lab>`, () => {}, ["slide", 450, 450]],
  "a largest height": [`<alexnet-lab style="max-height: 400px" ${ATTRIBUTES}></alexnet-lab>`, () => {}, ["slide", 400, 400]],
  "a largest height in percent": [
    `<div style="height: 800px"><alexnet-lab style="max-height: 50%" ${ATTRIBUTES}></alexnet-lab></div>`,
    () => {},
    ["slide", 400, 400],
  ],
  "a child of a grid": [
    `<div style="display: grid; height: 360px; grid-template: minmax(0, 1fr) / minmax(0, 1fr)"><alexnet-lab ${ATTRIBUTES}></alexnet-lab></div>`,
    () => {},
    ["slide", 360, 360],
  ],
  "a child of a column": [
    `<div style="display: flex; flex-direction: column; height: 500px"><h1>Title</h1><alexnet-lab style="flex: 1; min-height: 0" ${ATTRIBUTES}></alexnet-lab></div>`,
    () => {},
    ["slide", null, null],
  ],
  "between two edges": [
    `<alexnet-lab style="position: absolute; inset: 10px 10px auto; bottom: 490px" ${ATTRIBUTES}></alexnet-lab>`,
    () => {},
    ["slide", 400, 400],
  ],
  "a column that shrinks it": [
    `<div style="display: flex; flex-direction: column; max-height: 420px"><alexnet-lab style="min-height: 0" ${ATTRIBUTES}></alexnet-lab></div>`,
    () => {},
    ["slide", 420, 420],
  ],
};
for (const [name, [body, show, [size, height, inside, more]]] of Object.entries(ROOMS)) {
  test(`it has the size that its room asks for: ${name}`, async () => {
    const { page, close } = await visitBody(body);
    await page.evaluate(`(${show})(); ${more ?? ""}`);
    await page.waitForFunction(
      (wanted) => document.querySelector("alexnet-lab").shadowRoot.querySelector(".lab:not([hidden])")?.dataset.size === wanted,
      { timeout: 120_000 },
      size,
    );
    await isReady(page);
    await page.waitForFunction((h) => !h || document.querySelector("alexnet-lab").offsetHeight === h, { timeout: 120_000 }, height);
    const now = await sizes(page);
    assert.equal(now.size, size);
    assert.equal(now.inside, inside ?? now.height);
    await close();
  });
}

test("without a height it is as high as the whole lab, also after it had one, and has a width wherever it stands", async () => {
  const { page, close } = await visitBody(`<div style="display: flex"><alexnet-lab ${ATTRIBUTES}></alexnet-lab></div>`);
  await isReady(page);
  const tall = async () =>
    page.waitForFunction(
      () => {
        const lab = document.querySelector("alexnet-lab");
        const inside = lab.shadowRoot.querySelector(".lab");
        return (
          inside.dataset.size === "full" &&
          !inside.hasAttribute("data-fixed") &&
          lab.offsetHeight > 700 &&
          lab.offsetHeight === inside.offsetHeight &&
          lab.offsetWidth > 600
        );
      },
      { timeout: 120_000 },
    );
  await tall();
  for (const style of ["height: 300px", "max-height: 300px", "display: none", "height: 200px; width: 300px"]) {
    await page.evaluate((css) => (document.querySelector("alexnet-lab").style.cssText = css), style);
    if (style !== "display: none")
      await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".lab").dataset.size !== "full", { timeout: 120_000 });
    await page.evaluate(() => (document.querySelector("alexnet-lab").style.cssText = ""));
    await tall();
  }
  await close();
});

// ---- keys ------------------------------------------------------------------------------------------------------------

/** Records the keys that the embedding page receives, as a slide deck would listen. */
const HEAR = () => {
  window.heard = [];
  for (const name of ["keydown", "keyup"]) document.addEventListener(name, ({ key }) => window.heard.push(`${name} ${key}`));
};
const focus = async (page, selector) =>
  (await page.waitForFunction((wanted) => document.querySelector("alexnet-lab").shadowRoot.querySelector(wanted), { timeout: 120_000 }, selector)).evaluate(
    (node) => node.focus(),
  );
/** Presses a key; returns what the page received of it, and whether the lab is to train. */
async function press(page, key) {
  await page.evaluate(() => (window.heard = []));
  await page.keyboard.press(key);
  return page.evaluate(() => [window.heard.length > 0, document.querySelector("alexnet-lab").session.state.wanted]);
}

test("on another page, keys without a focus in the lab are the page's", async () => {
  const { page, close } = await visitBody(`<alexnet-lab style="height: 360px" ${ATTRIBUTES}></alexnet-lab><div style="height: 3000px"></div>`);
  await page.evaluate(HEAR);
  await isReady(page);
  for (const key of [" ", "s", "p", "?", "g"]) assert.deepEqual(await press(page, key), [true, false], key);
  await page.waitForFunction(() => scrollY > 0, { timeout: 120_000 }); // the space bar scrolls
  const open = await page.evaluate(
    () => document.querySelector("alexnet-lab").shadowRoot.querySelector(":popover-open, dialog[open], .panel-guide:not([hidden])") !== null,
  );
  assert.equal(open, false);
  assert.equal((await call(page, "getState")).step, 0);
  await close();
});

test("with the focus in the lab its keys are its own, what it does not use is the page's, and what is typed is nobody else's", async () => {
  const { page, close } = await visitBody(`<alexnet-lab style="height: 900px" ${ATTRIBUTES}></alexnet-lab>`);
  await page.evaluate(HEAR);
  await isReady(page);
  await focus(page, ".play");
  assert.deepEqual(await press(page, " "), [false, true]); // the button
  assert.deepEqual(await press(page, "Enter"), [false, false]);
  for (const key of ["ArrowRight", "PageDown", "Escape", "x", "f"]) assert.deepEqual(await press(page, key), [true, false], key);
  assert.equal((await press(page, "p"))[0], false); // opens a menu
  assert.equal((await press(page, "Escape"))[0], false); // closes it
  assert.equal((await press(page, "Escape"))[0], true);
  await focus(page, ".control[data-key=lr] .number");
  for (const key of ["n", "b", "1", ".", "ArrowLeft", "Escape", " ", "?"]) assert.deepEqual(await press(page, key), [false, false], key);
  await focus(page, ".control[data-key=schedule] input");
  assert.equal((await press(page, "ArrowRight"))[0], false);
  await focus(page, "[role=tab]");
  assert.equal((await press(page, "ArrowRight"))[0], false);
  await close();
});

test("where the lab is the page, its keys need no focus", async () => {
  for (const path of ["/#", "/embed.html#"]) {
    const { page, close } = await visit(path + LINK);
    await isReady(page);
    await page.evaluate(HEAR);
    assert.equal((await press(page, " "))[1], true);
    assert.equal((await press(page, " "))[1], false);
    await close();
  }
});

test("in a slide of reveal.js, typing turns no slide, and the deck's keys do where the lab does not need them", async () => {
  const { page, close } =
    await visitBody(`<link rel="stylesheet" href="/reveal.css"><div class="reveal"><div class="slides"><section><alexnet-lab style="height: 620px" ${ATTRIBUTES}></alexnet-lab></section><section>Two</section></div></div>
    <script type="module">import Reveal from "/reveal.mjs"; window.deck = new Reveal({ transition: "none" }); await deck.initialize();</script>`);
  await isReady(page);
  const slide = () => page.evaluate(() => window.deck.getState().indexh);
  await focus(page, ".control[data-key=lr] .number");
  for (const key of ["n", "p", " ", "End", "ArrowRight", "b", "o"]) await page.keyboard.press(key);
  assert.deepEqual([await slide(), await page.evaluate(() => [window.deck.isOverview(), window.deck.isPaused()])], [0, [false, false]]);
  await focus(page, ".tool");
  await page.keyboard.press("ArrowRight");
  assert.equal(await slide(), 1);
  await close();
});

// ---- attributes and addresses ----------------------------------------------------------------------------------------

/** Attributes that frameworks, authors and assistive markup add to elements. */
const FOREIGN = `data-v-7ba5bd90 data-fragment-index="2" data-id="lab" role="application" aria-label="Lab" part="lab" exportparts="a" height="360" class="fragment fade-in" style="height: 900px"
  key="1" ref="x" v-cloak :norm="x" @step="y" ng-version="17" _ngcontent-abc x-data contenteditable="false" draggable="true" translate="no" is="x" slot="s" title="t" tabindex="0" dir="ltr" nonce="n" onclick="" autofocus controls theme="" allowfullscreen frameborder="0" loading="lazy" src="x" normm="bn"`;

test("attributes that are not settings say nothing, those that are count, and a wrong value is named", async () => {
  const cards = (page) => page.evaluate(() => document.querySelector("alexnet-lab").session.state.notes.map(({ code, key }) => `${code} ${key}`));
  for (const [attributes, expected, notes] of [
    [`${FOREIGN} width="640" lang="zh-CN" norm="bn"`, { width: "1", lang: "zh", norm: "bn" }, []],
    [`width="100%" lang="de" autoplay="false"`, { width: "1", lang: "auto", autoplay: "false" }, []],
    [`width="0.25" lang="zh_TW" LANE2="norm:bn"`, { width: "0.25", lang: "zh" }, []],
    [`width="3" lang="en-GB" norm="batch"`, { width: "1", lang: "en", norm: "lrn" }, ["not_understood width", "not_understood norm"]],
  ]) {
    const { page, close } = await visitBody(`<alexnet-lab backend="cpu" workers="1" batch="8" ${attributes}></alexnet-lab>`);
    await isReady(page);
    const state = await call(page, "getState");
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, state[key]])), expected);
    assert.deepEqual(await cards(page), notes);
    await close();
  }
  // At run time frameworks add, repeat and remove attributes.
  const { page, close } = await visitBody(`<alexnet-lab ${ATTRIBUTES} norm="bn"></alexnet-lab>`);
  await isReady(page);
  await page.evaluate(async () => {
    const lab = document.querySelector("alexnet-lab");
    await lab.session.set({ norm: "none" }); // by the user
    lab.setAttribute("norm", "bn"); // the unchanged value again
    for (const [key, value] of [
      ["data-x", "1"],
      ["height", "300"],
      ["role", "img"],
      ["lang", "zh-Hans"],
    ])
      lab.setAttribute(key, value);
    lab.removeAttribute("data-x");
    lab.removeAttribute("batch");
  });
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.config.batch === "32", { timeout: 120_000 });
  const { norm, lang, width } = await call(page, "getState");
  assert.deepEqual([norm, lang, width, await cards(page)], ["none", "zh", "0.25", []]);
  await close();
});

test("a value that is not understood leaves the one that holds, and what was said of it goes with a better one", async () => {
  const { page, close } = await visitBody(`<alexnet-lab ${ATTRIBUTES} lr="0.3" lane2="norm:bn"></alexnet-lab>`);
  await isReady(page);
  const write = (key, value) => page.evaluate((name, text) => document.querySelector("alexnet-lab").setAttribute(name, text), key, value);
  const notes = (wanted) =>
    page.waitForFunction(
      (codes) =>
        document
          .querySelector("alexnet-lab")
          .session.state.notes.map(({ code, key, used }) => [code, key, used].join(" ").trim())
          .join() === codes,
      { timeout: 120_000 },
      wanted,
    );
  await page.evaluate(() => document.querySelector("alexnet-lab").session.patch({ notes: [{ code: "begins_again" }] }));
  await write("lr", "abc");
  await notes("begins_again,not_understood lr 0.3");
  assert.deepEqual(await page.evaluate(() => document.querySelector("alexnet-lab").session.state.lanes.map(({ config }) => config.lr)), ["0.3", "0.3"]);
  await write("lr", "0.3");
  await notes("begins_again");
  await close();
});

test("an address that was not understood stays until a setting is changed by hand, and the way back leads to it", async () => {
  const hash = (page) => page.evaluate(() => location.hash);
  const { page, close } = await visit(`/#${LINK}&norm=batch&colour=red`);
  const link = await hash(page);
  await isReady(page);
  assert.equal(await hash(page), link);
  await page.evaluate(() => document.querySelector("alexnet-lab").step());
  assert.equal(await hash(page), link);
  const changed = `#v=1&norm=bn&${LINK.replace(/^(.*)&(backend=cpu&workers=1)&(.*)$/, "$1&$3&$2")}`;
  await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ norm: "bn" }));
  await page.waitForFunction((wanted) => location.hash === wanted, { timeout: 120_000 }, changed);
  // The next link is opened in the same page.
  const next = `#${LINK}&nonsense`;
  await page.evaluate((fragment) => (location.hash = fragment), next);
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.config.norm === "lrn", { timeout: 120_000 });
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.changing === 0, { timeout: 120_000 });
  assert.equal(await hash(page), next);
  await page.goBack();
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.config.norm === "bn", { timeout: 120_000 });
  await page.goBack();
  await page.waitForFunction((wanted) => location.hash === wanted, { timeout: 120_000 }, link);
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.config.norm === "lrn", { timeout: 120_000 });
  assert.equal(await hash(page), link);
  await close();
});

// ---- visible, typed, left --------------------------------------------------------------------------------------------

test("it trains while style sheets let it be seen, its own page's and those of the pages around, and pauses meanwhile", async () => {
  const inside = `<alexnet-lab style="height: 360px" ${ATTRIBUTES}></alexnet-lab>`;
  pages["/inside"] = page(inside);
  for (const body of [`<section>${inside}</section>`, `<section><iframe src="/inside" width="640" height="400"></iframe></section>`]) {
    const { page, close } = await visitBody(body);
    const at = () => page.frames().at(-1);
    await at().waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.describe?.data.train_arrived > 0, { timeout: 120_000 });
    await at().evaluate(() => document.querySelector("alexnet-lab").play());
    const phase = (wanted) =>
      at().waitForFunction((name) => document.querySelector("alexnet-lab").session.state.phase === name, { timeout: 120_000, polling: 50 }, wanted);
    await phase("running");
    for (const style of ["opacity: 0", "visibility: hidden", "display: none", "height: 0; overflow: hidden", "clip-path: inset(100%)"]) {
      await page.evaluate((css) => (document.querySelector("section").style.cssText = css), style);
      await phase("paused");
      await page.evaluate(() => (document.querySelector("section").style.cssText = ""));
      await phase("running");
    }
    await close();
  }
});

test("a decimal comma is read in every number field, and what can be two numbers is asked about", async () => {
  const { page, close } = await visit(`/#${LINK}&lang=en`);
  await isReady(page);
  const type = async (selector, typed) => {
    await focus(page, selector);
    await page.evaluate((wanted) => document.querySelector("alexnet-lab").shadowRoot.querySelector(wanted).select(), selector);
    await page.keyboard.type(typed);
    await page.keyboard.press("Enter");
  };
  const config = (key, value) =>
    page.waitForFunction(
      (name, wanted) =>
        document.querySelector("alexnet-lab").session.state.config[name] === wanted && document.querySelector("alexnet-lab").session.changing === 0,
      { timeout: 120_000 },
      key,
      value,
    );
  const field = (key) => `.control[data-key=${key}] .number`;
  for (const [key, typed, value] of [
    ["lr", "0,02", "0.02"],
    ["lr", "０．０３", "0.03"],
    ["momentum", "0,5", "0.5"],
    ["train_size", "2.000", "2000"],
    ["seed", "1,234,567", "1234567"],
  ]) {
    await type(field(key), typed);
    await config(key, value);
  }
  await type(field("lr"), "1,000");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".card-bad"), { timeout: 120_000 });
  assert.match(await text(page, ".card-bad"), /“1,000” can mean 1000 or 1\. Enter one of these\./);
  await type(field("lr"), "fast");
  await page.waitForFunction(() => /fast/.test(document.querySelector("alexnet-lab").shadowRoot.querySelector(".card-bad").textContent), { timeout: 120_000 });
  assert.equal((await call(page, "getState")).lr, "0.03"); // the old value
  await page.keyboard.press("Escape");
  // In a menu, and in the view into a layer.
  await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector('.chip[data-kind="norm"]').click());
  await type(`.menu ${field("lrn_beta")}`, "0,5");
  await config("lrn_beta", "0.5");
  await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ inside: "true" }));
  await type(".drill-step-image .number", "１２");
  await config("image", "12");
  await page.keyboard.press("ArrowUp");
  await config("image", "13");
  await close();
});

test("leaving asks while a run goes on, and not before, after, or in a frame", async () => {
  const { page, close } = await visit(`/#${LINK}`);
  await isReady(page);
  const asked = [];
  page.on("dialog", (dialog) => asked.push(dialog.type()));
  const reload = async () => {
    await page.mouse.click(5, 500); // browsers ask only after a user action
    await page.reload();
    await page.waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.describe?.data.train_arrived > 0, { timeout: 120_000 });
  };
  await reload();
  assert.deepEqual(asked, []);
  await call(page, "play");
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.step > 0, { timeout: 120_000 });
  await reload();
  assert.deepEqual(asked, ["beforeunload"]);
  await call(page, "step");
  await reload();
  assert.equal(asked.length, 1);
  // A paused run that took long also asks.
  await call(page, "step");
  await page.evaluate(() => {
    const { session } = document.querySelector("alexnet-lab");
    session.state.milliseconds = 61_000;
    session.emit("state");
  });
  await reload();
  assert.equal(asked.length, 2);
  await close();

  const { page: around, close: done } = await visitBody(`<iframe src="/embed.html#${LINK}&autoplay=true" width="640" height="400"></iframe>`);
  around.on("dialog", (dialog) => asked.push(dialog.type()));
  await around.frames()[1].waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.step > 0, { timeout: 120_000 });
  await around.mouse.click(300, 300);
  await around.reload();
  assert.equal(asked.length, 2);
  await done();
});
