// The lab in a deck: a real one of reveal.js on another origin. Chromium, on the CPU.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { PATIENT, SETTINGS, deck, frame, helping, host, labs, pages, phase, said, slowly, stillOf, visit } from "./embedding.mjs";
import { bare } from "./servers.mjs";

test("on a deck's first slide it trains, though the deck says so before the frame has loaded", async () => {
  const { page, complaints } = await visit(deck([frame(`/embed.html#${SETTINGS}`), "<h2>Two</h2>"]));
  await said(page, "step", 3);
  await page.evaluate(() => window.deck.next());
  const [inside] = labs(page);
  const reach = (wanted) => inside.waitForFunction((wanted) => document.querySelector("alexnet-lab").session.state.phase === wanted, PATIENT, wanted);
  await reach("paused");
  // The slide is hidden by opacity, which a frame of another origin cannot see. The deck has said that it has left it.
  const visible = () => inside.evaluate(() => document.querySelector("alexnet-lab").session.state.visible);
  assert.equal(await visible(), false);
  await page.evaluate(() => window.deck.prev());
  await reach("running");
  // A host may send `slide:stop` while the lab is in view.
  await page.evaluate(() => document.querySelector("iframe").contentWindow.postMessage("slide:stop", "*"));
  await reach("paused");
  await inside.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".play").click());
  await reach("running");
  assert.deepEqual(complaints, []);
  await page.close();
});

test("after a click inside the frame, the deck hears the keys that the lab does not use", async () => {
  const { page, complaints } = await visit(deck([frame(`/embed.html#${SETTINGS}`), "<h2>Two</h2>"]));
  await said(page, "step", 1);
  const [inside] = labs(page);
  await (await inside.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".play"))).asElement().click();
  const deckState = () => page.evaluate(() => [window.deck.getState().indexh, window.deck.isPaused()]);
  for (const key of ["n", "Escape", "s", "r", "Tab"]) await page.keyboard.press(key);
  assert.deepEqual(await deckState(), [0, false]);
  const paused = (wanted) => page.waitForFunction((wanted) => window.deck.isPaused() === wanted, PATIENT, wanted);
  await page.keyboard.press("b");
  await paused(true);
  await page.keyboard.press("b");
  await paused(false);
  await page.keyboard.press("PageDown");
  await page.waitForFunction(() => window.deck.getState().indexh === 1, PATIENT);
  const keys = await page.evaluate(() => window.events.filter(({ event }) => event === "key").map(({ detail }) => detail.code));
  assert.deepEqual(keys, ["KeyB", "KeyB", "PageDown"]);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("six labs in a deck: only what was seen has an engine, and the others show their settings", async () => {
  const kinds = ["relu", "sigmoid", "tanh", "leaky_relu", "relu", "sigmoid"];
  const { page, complaints } = await visit(deck(["<h2>Title</h2>", ...kinds.map((kind) => frame(`/embed.html#${SETTINGS}&activation=${kind}`))]));
  await page.waitForFunction(() => document.querySelectorAll("iframe").length === 6, PATIENT);
  // Hidden frames draw no frames, so the wait looks by the clock.
  const drawn = (frame) =>
    frame.waitForFunction(() => document.querySelector("alexnet-lab")?.shadowRoot?.querySelector(".still"), { ...PATIENT, polling: 100 });
  await Promise.all(labs(page).map(drawn));
  assert.equal(page.workers().length, 0);
  const [, second] = labs(page);
  assert.match(await stillOf(second), /AlexNet Lab[^]*conv1[^]*fc8[^]*Activation: Sigmoid[^]*open in a browser/);
  await page.evaluate(() => window.deck.slide(2));
  await said(page, "step", 3);
  assert.deepEqual(await Promise.all(labs(page).map(phase)), ["asleep", "running", ...Array(4).fill("asleep")]);
  assert.equal(await stillOf(second), "");
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a run of two networks goes on where it was when the deck unloads its frame, and when the deck is reloaded in its tab; another tab begins anew", async () => {
  const settings = `${SETTINGS}&workers=1&norm=bn&lane2=norm:none,lr:0.02&test_every=5`;
  const slides = deck([
    "<h2>One</h2>",
    frame("", "").replace(' src="', ' data-src="').replace(lab.address, `${lab.address}/embed.html#${settings}`),
    "<h2>Three</h2>",
  ]);
  const { page, complaints } = await visit(slides);
  const steps = () => page.evaluate(() => window.events.filter(({ event }) => event === "step").map(({ detail }) => [detail.step, detail.loss, detail.lane]));
  const trained = (more) => page.waitForFunction((count) => window.events.filter(({ event }) => event === "step").length >= count, PATIENT, more);
  /** Waits for a copy with the changed switch and an evaluation, from this step or later. */
  const kept = (step) =>
    labs(page)[0].waitForFunction(
      async (step) => {
        return (await window.keptRuns()).some(
          ({ fragment, lanes, charts }) =>
            fragment?.includes("lr=0.002") && lanes.every(({ saved }) => saved.step >= step) && charts.curves.every(({ test }) => test.rows.length > 0),
        );
      },
      PATIENT,
      step,
    );
  const read = () =>
    labs(page)[0].evaluate(() => {
      const { session, shell } = document.querySelector("alexnet-lab");
      shell.update(); // the charts take up what has been reported since their last frame
      const [{ training, test }, other] = shell.views.curves.records;
      return {
        lr: session.state.config.lr,
        step: session.state.step,
        first: training.values[0],
        rows: training.count,
        tests: Math.min(test.count, other.test.count),
        other: { changes: session.state.lanes[1].changes, first: other.training.values[0], lag: session.state.step - other.training.count },
        looks: shell.views.timeline.of(0).steps,
        marks: shell.views.timeline.marks.map(({ step, label }) => `${label} ${step}`),
        notes: session.state.notes,
      };
    });
  await page.evaluate(() => window.deck.next());
  await trained(12);
  await labs(page)[0].evaluate(() => document.querySelector("alexnet-lab").session.set({ lr: "0.002" }));
  await labs(page)[0].waitForFunction(() => document.querySelector("alexnet-lab").session.state.evaluation, PATIENT);
  await labs(page)[0].waitForFunction(() => document.querySelector("alexnet-lab").shell.views.timeline.of(0).steps.length > 0, PATIENT);
  const { looks, marks, step: seen } = await read();
  await kept(seen);
  await page.evaluate(() => window.deck.next());
  await page.waitForFunction(() => !document.querySelector("iframe").hasAttribute("src"), PATIENT);
  const before = await steps();
  await page.evaluate(() => window.deck.prev());
  await trained(before.length + 6);
  const [[resumed]] = (await steps()).slice(before.length);
  assert.ok(resumed > 6 && resumed <= before.at(-1)[0] + 1, `${resumed} after ${before.at(-1)[0]}`);
  const after = await read();
  assert.deepEqual([after.lr, after.first, after.notes], ["0.002", 1, []]);
  const { lag, ...second } = after.other;
  assert.deepEqual(second, { changes: { norm: "none", lr: "0.02" }, first: 1 });
  assert.ok(Math.abs(lag) <= 2, `the second network is ${lag} steps behind`);
  assert.deepEqual(after.marks, marks);
  assert.equal(marks.length, 1);
  assert.deepEqual(after.looks.slice(0, looks.length), looks);
  assert.ok(after.rows >= resumed - 1 && after.tests > 0, JSON.stringify(after));
  // What was trained twice came out the same, bit for bit.
  const again = Object.fromEntries(before.map(([step, loss, lane]) => [`${lane} ${step}`, loss]));
  for (const [step, loss, lane] of (await steps()).slice(before.length))
    if (`${lane} ${step}` in again) assert.equal(loss, again[`${lane} ${step}`], `step ${step} of network ${lane}`);

  const { step } = after;
  await new Promise((resolve) => setTimeout(resolve, 1500)); // a copy
  await page.reload();
  await page.evaluate(() => window.deck.slide(1));
  await trained(2);
  assert.ok((await steps())[0][0] > step / 2, `${(await steps())[0][0]} after ${step}`);
  assert.deepEqual(complaints, []);
  await page.close();

  const other = await visit(slides);
  await other.page.evaluate(() => window.deck.slide(1));
  await said(other.page, "step", 2);
  assert.equal(await other.page.evaluate(() => window.events.find(({ event }) => event === "step").detail.step), 1);
  await other.page.close();
});

test("a run in a sandbox goes on where its page helps; otherwise it tells nothing of its run, and begins anew", async () => {
  const settings = `${SETTINGS}&workers=1&norm=bn&lane2=norm:none&test_every=5`;
  const frames = frame(`/embed.html#${settings}`, 'sandbox="allow-scripts"').replace(' src="', ' data-src="');
  for (const helps of [true, false]) {
    const { page, complaints } = await visit(deck(["<h2>One</h2>", frames, "<h2>Three</h2>"]) + (helps ? helping() : ""));
    const steps = () =>
      page.evaluate(() => window.events.filter(({ event }) => event === "step").map(({ detail: { step, lane, loss } }) => [`${lane} ${step}`, loss, step]));
    const trained = (more) => page.waitForFunction((count) => window.events.filter(({ event }) => event === "step").length >= count, PATIENT, more);
    await page.evaluate(() => window.deck.next());
    await trained(12);
    if (helps)
      await page.waitForFunction(
        () => window.events.some(({ event, detail }) => event === "keep" && detail.run?.lanes.length === 2 && detail.run.lanes[0].saved.step >= 6),
        PATIENT,
      );
    await page.evaluate(() => window.deck.next());
    await page.waitForFunction(() => !document.querySelector("iframe").hasAttribute("src"), PATIENT);
    const before = await steps();
    await page.evaluate(() => window.deck.prev());
    await trained(before.length + 6);
    const after = (await steps()).slice(before.length);
    const [[, , resumed]] = after;
    if (helps) assert.ok(resumed > 6 && resumed <= before.at(-1)[2] + 1, `${resumed} after ${before.at(-1)[2]}`);
    else assert.deepEqual([resumed, await page.evaluate(() => window.events.filter(({ event }) => event === "keep").length)], [1, 0]);
    // What was trained twice came out the same, bit for bit, in both networks.
    const again = Object.fromEntries(before);
    for (const [at, loss] of after) if (at in again) assert.equal(loss, again[at], at);
    assert.deepEqual(complaints, []);
    await page.close();
  }
});

test("a lesson goes on at its step when the deck unloads its frame; a run that was not over begins again", async () => {
  const lesson = frame("", "").replace(' src="', ' data-src="').replace(lab.address, `${lab.address}/embed.html#${SETTINGS}&workers=1&lesson=norms`);
  const { page, complaints } = await visit(deck(["<h2>One</h2>", lesson, "<h2>Three</h2>"]));
  const open = () => page.waitForFrame((frame) => frame.url().startsWith(lab.address), PATIENT);
  const panel = async (check, ...given) => (await open()).waitForFunction(check, PATIENT, ...given);
  const at = (step) => panel((step) => document.querySelector("alexnet-lab")?.shell?.lesson.panel?.step === step, step);
  const kept = (wanted) =>
    panel(async (wanted) => {
      return (await window.keptRuns()).some(({ lesson }) => lesson && JSON.stringify([lesson.at, lesson.going, [...lesson.choices]]) === wanted);
    }, JSON.stringify(wanted));
  const leave = async () => {
    await page.evaluate(() => window.deck.next());
    await page.waitForFunction(() => !document.querySelector("iframe").hasAttribute("src"), PATIENT);
    await page.evaluate(() => window.deck.prev());
  };
  await page.evaluate(() => window.deck.next());
  await at("question");
  await labs(page)[0].evaluate(() => document.querySelector("alexnet-lab").next());
  await at("predict");
  const choice = await labs(page)[0].evaluate(() => {
    const { panel } = document.querySelector("alexnet-lab").shell.lesson;
    panel.body.querySelector(".choice").click();
    return [...panel.choices];
  });
  assert.equal(choice.length, 1);
  await kept([1, false, choice]);
  await leave();
  await at("predict");
  assert.ok(await labs(page)[0].evaluate(() => document.querySelector("alexnet-lab").shell.lesson.panel.body.querySelector(".choice").ariaPressed === "true"));
  await labs(page)[0].evaluate(() => document.querySelector("alexnet-lab").play());
  await panel(() => document.querySelector("alexnet-lab").session.state.step > 2);
  await kept([2, true, choice]);
  await leave();
  await at("run");
  await panel(() => document.querySelector("alexnet-lab").shell.lesson.panel.recording?.outcome === "going");
  await panel(() => document.querySelector("alexnet-lab").session.state.step > 2);
  assert.deepEqual(complaints, []);
  await page.close();
});

for (const own of [true, false]) {
  test(`below a deck's black screen it pauses, and goes on after it; ${own ? "its own origin" : "another origin, whose page helps"}`, async () => {
    const slide = frame(`/embed.html#${SETTINGS}`).replace(lab.address, own ? host.address : lab.address);
    const { page, complaints } = await visit(deck([slide, "<h2>Two</h2>"]) + (own ? "" : helping()));
    await said(page, "step", 2);
    const [, inside] = page.frames();
    const reach = (phase) => inside.waitForFunction((phase) => document.querySelector("alexnet-lab").session.state.phase === phase, PATIENT, phase);
    for (let round = 0; round < 2; round += 1) {
      await page.keyboard.press("b");
      await reach("paused");
      assert.ok(await page.evaluate(() => window.deck.isPaused()));
      await page.keyboard.press("b");
      await reach("running");
    }
    assert.deepEqual(complaints, []);
    await page.close();
  });
}

test("what covers a part of it, lets it through, or distorts it, does not pause it for long", async () => {
  const { page, complaints } = await visit(
    bare(`<div id="around" style="filter: brightness(0.9); transform-origin: 0 0">${frame(`/embed.html#${SETTINGS}&autoplay=true`)}</div>
      <div id="over" style="position: absolute; top: 0; left: 0; height: 720px"></div>`),
  );
  await said(page, "step", 2);
  await slowly(page);
  const [inside] = labs(page);
  const step = () => inside.evaluate(() => document.querySelector("alexnet-lab").session.state.step);
  const style = (id, style) => page.evaluate((id, style) => void Object.assign(document.getElementById(id).style, style), id, style);
  /** Longer than a cover has to last. */
  const goesOn = async (what) => {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const { wanted, visible } = await inside.evaluate(() => document.querySelector("alexnet-lab").session.state);
    assert.deepEqual({ wanted, visible }, { wanted: true, visible: true }, what);
    const before = await step();
    await inside.waitForFunction((before) => document.querySelector("alexnet-lab").session.state.step > before, PATIENT, before);
  };
  await goesOn("a filter around it");
  await style("over", { width: "1280px" });
  await goesOn("a filter around it, and a cover: nothing says that the lab was ever seen");
  await style("over", { width: "0" });
  await style("around", { filter: "" });
  await goesOn("nothing");
  await style("over", { width: "320px", background: "black" });
  await goesOn("a cover of its half");
  await style("over", { width: "0" });
  await style("around", { transform: "scale(0.9)" });
  await inside.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "paused", PATIENT);
  await page.mouse.move(100, 100);
  await goesOn("a smaller scale, once the reader has the pointer in the lab");
  await style("around", { transform: "scale(1.2)" });
  await goesOn("a larger scale");
  await style("over", { width: "1280px" });
  await inside.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "paused", PATIENT);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("an element in a page pauses only where opaque elements lie over all of it", async () => {
  const { page, complaints } = await visit(
    bare(`<script type="module" src="${lab.address}/js/alexnet-lab.js"></script>
      <alexnet-lab ${SETTINGS.replace("v=1&", "").replace(/&|$/g, " ")} autoplay="true" style="height: 360px"></alexnet-lab>
      <div id="over" style="position: absolute; inset: 0; display: none"></div><dialog style="background: white">A dialog</dialog>`),
  );
  await page.waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.step >= 2, PATIENT);
  await slowly(page);
  const visible = () => page.evaluate(() => document.querySelector("alexnet-lab").session.state.visible);
  const over = (style) => page.evaluate((style) => void Object.assign(document.getElementById("over").style, style), style);
  const stays = async (what) => {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    assert.equal(await visible(), true, what);
  };
  await over({ display: "block" });
  await stays("a transparent cover");
  await over({ background: "rgb(0 0 0 / 0.5)" });
  await stays("a half transparent cover");
  await over({ background: "black", right: "50%" });
  await stays("a cover of its half");
  await over({ right: "0" });
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "paused", PATIENT);
  await over({ display: "none" });
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "running", PATIENT);
  await page.evaluate(() => document.querySelector("dialog").showModal());
  await stays("a dialog over a part of it");
  assert.deepEqual(complaints, []);
  await page.close();
});

test("in the presenter's view the previews show a picture, and start nothing", async () => {
  const { page, complaints } = await visit(
    deck([frame(`/embed.html#${SETTINGS}&activation=sigmoid`), frame(`/embed.html#${SETTINGS}`)])
      .replace("import Reveal", 'import Notes from "/notes.mjs"; import Reveal')
      .replace("new Reveal()", "new Reveal({ plugins: [Notes] })"),
  );
  await said(page, "step", 1);
  const opened = new Promise((resolve) => page.once("popup", resolve));
  await page.evaluate(() => window.deck.getPlugin("notes").open());
  const view = await opened;
  const previews = () => view.frames().filter((frame) => frame.url().startsWith(lab.address));
  for (const end = Date.now() + PATIENCE; previews().length < 4; await new Promise((resolve) => setTimeout(resolve, 100)))
    assert.ok(Date.now() < end, `${previews().length} frames`);
  const stills = async () => (await Promise.all(previews().map((frame) => stillOf(frame).catch(() => "")))).filter((text) => text.includes("AlexNet Lab"));
  for (const end = Date.now() + PATIENCE; (await stills()).length < 4; await new Promise((resolve) => setTimeout(resolve, 100))) assert.ok(Date.now() < end);
  await new Promise((resolve) => setTimeout(resolve, 1500)); // longer than a lab in view waits
  assert.equal((await stills()).length, 4);
  assert.equal(view.workers().length, 0);
  const [preview] = previews();
  await preview.evaluate(() => document.querySelector("alexnet-lab").click());
  await preview.waitForFunction(() => document.querySelector("alexnet-lab").session.state.describe, { ...PATIENT, polling: 100 });
  assert.deepEqual(complaints, []);
  await view.close();
  await page.close();
});

test("in print every lab is there: what trained as it was, the others as a picture of their settings", async () => {
  const kinds = ["relu", "sigmoid", "tanh", "leaky_relu"];
  pages["/host.html"] = deck(kinds.map((kind) => frame(`/embed.html#${SETTINGS}&activation=${kind}`)));
  const { page, complaints } = await newPage(browser, [host.address, lab.address], { width: 1280, height: 720 });
  await page.goto(`${host.address}/host.html?print-pdf`);
  const shown = async () => {
    const texts = labs(page).map((frame) => frame.evaluate(() => document.querySelector("alexnet-lab")?.shadowRoot?.querySelector(".lab")?.innerText ?? ""));
    return (await Promise.all(texts)).filter((text) => text.includes("AlexNet Lab"));
  };
  const all = async () => {
    for (const end = Date.now() + PATIENCE; (await shown()).length < 4; await new Promise((resolve) => setTimeout(resolve, 100))) assert.ok(Date.now() < end);
  };
  await page.waitForFunction(() => document.querySelectorAll(".pdf-page iframe").length === 4, PATIENT);
  await all();
  const pdf = Buffer.from(await page.pdf({ preferCSSPageSize: true })).toString("latin1");
  assert.equal(pdf.match(/\/Type \/Page\b/g).length, 4);
  await all(); // printing draws the frames anew
  const texts = await shown();
  assert.deepEqual(
    texts.filter((text) => /options\.|short\.|undefined/.test(text)),
    [],
  );
  assert.equal(texts.length, 4);
  // reveal.js moves each slide to a page of its own, which loads its frame again.
  assert.deepEqual(
    complaints.filter((complaint) => !complaint.endsWith("net::ERR_ABORTED")),
    [],
  );
  await page.close();
});
