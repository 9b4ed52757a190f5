// The lab in other people's pages: far down a page, in a notebook, out of a package. Chromium, on the CPU.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { PATIENCE, newPage } from "./browsers.mjs";
import { browser, lab } from "./chromium.mjs";
import { PATIENT, SETTINGS, frame, helping, host, labs, pages, phase, said, visit } from "./embedding.mjs";
import { ROOT, bare } from "./servers.mjs";

const ATTRIBUTES = 'lang="en" backend="cpu" workers="1" width="0.25" batch="8" test_size="40"';
const folder = mkdtempSync(join(tmpdir(), "alexnet-lab-npm-"));
before(() => {
  execFileSync(join(ROOT, "target", "release", "alexnet-lab"), ["build", "--npm", join(folder, "made")], { cwd: ROOT, stdio: "ignore" });
  pages["/widget.js"] = readFileSync(join(folder, "made", "widget.js"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("of two labs in view one trains: the first, until its reader starts the other; with background=true both do", async () => {
  const autoplay = `/embed.html#${SETTINGS}&autoplay=true`;
  const { page, complaints } = await visit(bare(frame(autoplay) + frame(`${autoplay}&norm=bn`)));
  await said(page, "step", 2);
  const text = (frame) => frame.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".status").textContent);
  const reach = (frame, wanted) => frame.waitForFunction((wanted) => document.querySelector("alexnet-lab").session?.state.turn === wanted, PATIENT, wanted);
  const frames = labs(page);
  for (const frame of frames) await frame.waitForFunction(() => ["mine", "other"].includes(document.querySelector("alexnet-lab").session?.state.turn), PATIENT);
  const turns = await Promise.all(frames.map((frame) => frame.evaluate(() => document.querySelector("alexnet-lab").session.state.turn)));
  assert.deepEqual(turns.toSorted(), ["mine", "other"]);
  const [first, second] = turns[0] === "mine" ? frames : frames.toReversed();
  const stepOf = (frame) => frame.evaluate(() => document.querySelector("alexnet-lab").session.state.step);
  assert.equal(await stepOf(second), 0);
  assert.match(await text(second), /Waits while another lab/);
  await second.evaluate(() => document.querySelector("alexnet-lab").play());
  await reach(first, "other");
  await second.waitForFunction(() => document.querySelector("alexnet-lab").session.state.step > 1, PATIENT);
  const before = await stepOf(first);
  assert.equal(await phase(first), "paused");
  await second.evaluate(() => document.querySelector("alexnet-lab").pause());
  await first.waitForFunction((before) => document.querySelector("alexnet-lab").session.state.step > before, PATIENT, before);
  assert.equal(await phase(second), "paused");
  await second.evaluate(() => document.querySelector("alexnet-lab").session.set({ background: "true" }));
  const paused = await stepOf(second);
  await second.evaluate(() => document.querySelector("alexnet-lab").play());
  await second.waitForFunction((paused) => document.querySelector("alexnet-lab").session.state.step > paused + 1, PATIENT, paused);
  assert.deepEqual(await Promise.all([first, second].map(phase)), ["running", "running"]);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("an element far down the page is asleep until it is seen or commanded; pausing does not wake it", async () => {
  const { page, complaints } = await visit(
    bare(`<script type="module" src="${lab.address}/js/alexnet-lab.js"></script><div style="height: 5000px"></div>
      <alexnet-lab id="seen" ${ATTRIBUTES} norm="bn" autoplay="true" style="height: 360px"></alexnet-lab><div style="height: 5000px"></div>
      <alexnet-lab id="commanded" ${ATTRIBUTES} style="height: 360px"></alexnet-lab>`),
  );
  await page.waitForFunction(() => seen.shadowRoot?.querySelector(".still") && commanded.shadowRoot?.querySelector(".still"), PATIENT);
  await page.evaluate(() => (commanded.pause(), seen.pause()));
  assert.deepEqual(await page.evaluate(() => [seen, commanded].map((lab) => lab.session.state.phase)), ["asleep", "asleep"]);
  assert.equal(await page.evaluate(async () => (await commanded.getState()).batch), "8");
  assert.equal(await page.evaluate(() => seen.session.state.phase), "asleep");
  await page.evaluate(() => seen.scrollIntoView());
  await page.waitForFunction(() => seen.session.state.step >= 2, PATIENT);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a query carries settings, as the fragment does, which counts more; foreign parts of the query stay", async () => {
  const { page, complaints } = await newPage(browser, [lab.address]);
  const state = () => page.evaluate(async () => (await document.querySelector("alexnet-lab").getState()) ?? {});
  await page.goto(`${lab.address}/embed.html?activation=sigmoid&norm=bn&utm_source=course&${SETTINGS}#v=1&norm=none`);
  const { activation, norm, batch } = await state();
  assert.deepEqual([activation, norm, batch], ["sigmoid", "none", "8"]);
  await page.evaluate(() => document.querySelector("alexnet-lab").session.set({ activation: "tanh" }));
  await page.waitForFunction(() => location.hash.includes("tanh"), PATIENT);
  const { search, hash } = await page.evaluate(() => ({ search: location.search, hash: location.hash }));
  assert.equal(search, "?utm_source=course");
  assert.ok(hash.includes("norm=none") && hash.includes("batch=8"), hash);
  assert.deepEqual(await page.evaluate(() => document.querySelector("alexnet-lab").session.state.notes), []);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("in a frame, settings may stand in the query, and behind the fragment, where notebooks write them", async () => {
  const [first, ...rest] = SETTINGS.split("&");
  for (const path of [
    `/embed.html?${rest.join("&")}&activation=sigmoid&lane2=norm:bn&autoplay=true`,
    `/embed.html#${first}&activation=relu&lane2=norm:bn?${rest.join("&")}&activation=sigmoid&autoplay=true`,
  ]) {
    const { page, complaints } = await visit(bare(frame(path)));
    await said(page, "step", 2);
    const [inside] = labs(page);
    const { config, lanes, notes } = await inside.evaluate(() => document.querySelector("alexnet-lab").session.state);
    assert.deepEqual([config.activation, config.batch, lanes.map(({ changes }) => changes), notes], ["sigmoid", "8", [{}, { norm: "bn" }], []], path);
    assert.deepEqual(complaints, []);
    await page.close();
  }
});

test("commands are answered, ready again on request, and a failure with an error; the size is told", async () => {
  const { page, complaints } = await visit(bare(frame(`/embed.html#${SETTINGS}`)));
  await said(page, "ready");
  const ask = async (message) => {
    await page.evaluate((message) => document.querySelector("iframe").contentWindow.postMessage({ alexnetLab: 1, ...message }, "*"), message);
    const answer = await page.waitForFunction((id) => window.events.find((data) => data.answer && data.id === id), PATIENT, message.id);
    return answer.jsonValue();
  };
  assert.equal((await ask({ command: "ready", id: 1 })).detail.phase, "ready");
  assert.equal((await ask({ command: "dance", id: 2 })).error, "unknown");
  assert.equal((await ask({ command: "step", id: 3 })).detail.step, 1);
  const { size, natural_height } = (await ask({ command: "getState", id: 4 })).detail;
  assert.ok(size === "slide" && natural_height > 900, `${size} ${natural_height}`);
  await page.evaluate((height) => (document.querySelector("iframe").style.height = `${height}px`), natural_height);
  await page.waitForFunction(() => window.events.some(({ event, detail }) => event === "size" && detail.size === "full"), PATIENT);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a hidden tab trains on only where it was asked to", async () => {
  for (const background of [false, true]) {
    const { page } = await newPage(browser, [lab.address]);
    await page.goto(`${lab.address}/#${SETTINGS}&autoplay=true&background=${background}`);
    const step = () => page.evaluate(() => document.querySelector("alexnet-lab").session.state.step);
    await page.waitForFunction(() => document.querySelector("alexnet-lab").session?.state.step > 2, PATIENT);
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden" });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    const far = (await step()) + 5;
    const further = page.waitForFunction((far) => document.querySelector("alexnet-lab").session.state.step > far, { ...PATIENT, polling: 100 }, far);
    const paused = page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "paused", { ...PATIENT, polling: 100 });
    paused.catch(() => {}); // its page is closed first
    further.catch(() => {});
    await (background ? further : paused);
    await page.close();
  }
});

test("styles of the page around do not leak in", async () => {
  const { page, complaints } = await visit(
    bare(`<script type="module" src="${lab.address}/js/alexnet-lab.js"></script>
      <div dir="rtl" style="text-align: center; letter-spacing: 3px; white-space: pre; text-transform: uppercase; font-style: italic; word-spacing: 9px">
      <alexnet-lab ${ATTRIBUTES} style="height: 600px"></alexnet-lab></div>`),
  );
  await page.waitForFunction(() => document.querySelector("alexnet-lab")?.shadowRoot?.querySelector(".status-text"), PATIENT);
  const found = await page.evaluate(() => {
    const style = getComputedStyle(document.querySelector("alexnet-lab").shadowRoot.querySelector(".status-text"));
    return ["direction", "textAlign", "letterSpacing", "whiteSpace", "textTransform", "fontStyle", "wordSpacing"].map((name) => style[name]);
  });
  assert.deepEqual(found, ["ltr", "start", "normal", "normal", "none", "normal", "0px"]);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("in a frame that its page enlarges, canvases have the pixels of the screen, also after a change and while paused", async () => {
  for (const [own, helps] of [
    [true, false],
    [false, false],
    [false, true],
  ]) {
    const around = frame(`/embed.html#${SETTINGS}&autoplay=true`).replace(lab.address, own ? host.address : lab.address);
    const { page, complaints } = await visit(bare(`<div id="around" style="transform-origin: 0 0">${around}</div>${helps ? helping() : ""}`));
    await said(page, "step", 2);
    const [, inside] = page.frames();
    /** The page shows the frame in this style: waits until each canvas has as many pixels as the screen, at the least, or so many times them, at the most. */
    const sharp = async (style, scale, most) => {
      await page.evaluate((style) => Object.assign(document.querySelector("#around").style, { transform: "", zoom: "", ...style }), style);
      const check = (scale, most) => {
        const canvases = [...document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".chart:not(.chart-predictions) canvas")].filter(
          ({ offsetWidth }) => offsetWidth > 0,
        );
        const ratios = canvases.map(({ width, offsetWidth }) => width / offsetWidth);
        return ratios.length > 1 && ratios.every((ratio) => ratio > scale - 0.02 && ratio < scale * most + 0.02);
      };
      await inside.waitForFunction(check, PATIENT, scale, most);
    };
    // Nothing tells a frame of another origin how large it is shown, unless its page does.
    const known = own || helps;
    const most = (scale) => (known ? 1 : 2 / Math.min(scale, 2));
    for (const scale of [1.48, 1, 1.9]) await sharp({ transform: `scale(${scale})` }, scale, most(scale));
    await inside.evaluate(() => document.querySelector("alexnet-lab").pause());
    await inside.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "paused", PATIENT);
    await sharp({ transform: "scale(1.3)" }, 1.3, most(1.3));
    await sharp({ zoom: 1.5 }, 1.5, known ? 1 : 2);
    await sharp({}, 1, most(1));
    // A large frame does not pay for what nobody knows.
    await page.evaluate(() => Object.assign(document.querySelector("iframe"), { width: 2560, height: 1440 }));
    await sharp({}, 1, 1);
    assert.deepEqual(complaints, []);
    await page.close();
  }
});

test("a page that helps keeps at most 64 MB of runs, the oldest go first; only its frames are heard", async () => {
  const { page, complaints } = await visit(bare(`<iframe srcdoc="<!doctype html>"></iframe>${helping()}`));
  const inside = () => page.frames()[1];
  await inside().evaluate(() => {
    window.post = (event, detail) => window.parent.postMessage({ alexnetLab: 1, event, detail }, "*");
    window.answers = {};
    addEventListener("message", ({ data: { command, key, run } }) => command === "recall" && (window.answers[key] = run));
  });
  const recalled = async (...keys) => {
    await inside().evaluate((keys) => keys.forEach((key) => window.post("recall", { key })), keys);
    const answers = await inside().waitForFunction((keys) => keys.every((key) => key in window.answers) && window.answers, PATIENT, keys);
    const found = await answers.jsonValue();
    await inside().evaluate(() => (window.answers = {}));
    return keys.filter((key) => found[key]?.is === key);
  };
  const keep = (key, size) => inside().evaluate((key, size) => window.post("keep", { key, size, run: size ? { is: key } : null }), key, size);
  // The page listens once it answers.
  for (let listens = false; !listens;)
    listens = await inside().evaluate(async () => {
      window.post("recall", { key: "first" });
      await new Promise((resolve) => setTimeout(resolve, 100));
      return "first" in window.answers;
    });
  for (const [key, size] of Object.entries({ a: 30e6, b: 20e6, c: 10e6 })) await keep(key, size);
  assert.deepEqual(await recalled("a", "b", "c"), ["a", "b", "c"]);
  await keep("a", 30e6); // newer now
  await keep("d", 20e6);
  assert.deepEqual(await recalled("a", "b", "c", "d"), ["a", "c", "d"]);
  await keep("c", 0);
  await keep("e", 70e6);
  assert.deepEqual(await recalled("a", "c", "d", "e"), []);
  await page.evaluate(() => window.postMessage({ alexnetLab: 1, event: "keep", detail: { key: "f", size: 1, run: { is: "f" } } }, "*"));
  assert.deepEqual(await recalled("f"), []);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a page that embeds only what agrees to it can embed the lab", async () => {
  const strict = { "cross-origin-embedder-policy": "require-corp", "cross-origin-opener-policy": "same-origin" };
  const { fault } = host;
  host.fault = (path) => (path === "/isolated.html" ? { body: bare(frame(`/embed.html#${SETTINGS}&autoplay=true`)), headers: strict } : fault(path));
  const { page, complaints } = await newPage(browser, [host.address, lab.address]);
  await page.evaluateOnNewDocument(() => addEventListener("message", ({ data }) => data?.event === "step" && (window.trained = true)));
  await page.goto(`${host.address}/isolated.html`);
  await page.waitForFunction(() => window.trained && crossOriginIsolated, PATIENT);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("in a notebook, settings go both ways and the state follows", async () => {
  const { page, complaints } = await visit(
    bare(`<div id="cell"></div><script type="module">
      import widget from "/widget.js";
      const traits = { settings: { activation: "sigmoid", backend: "cpu", workers: 1, width: "0.25", batch: 8, autoplay: true }, state: {}, height: 400 };
      const hears = {};
      window.model = { get: (trait) => traits[trait], set: (trait, value) => (traits[trait] = value), save_changes() {},
        on: (event, hear) => (hears[event] = hear), off: (event) => delete hears[event] };
      window.python = (trait, value) => { traits[trait] = value; hears["change:" + trait](); };
      window.tell = (message) => hears["msg:custom"](message);
      window.end = widget.render({ model, el: cell });
      window.left = () => Object.keys(hears);
    </script>`),
  );
  await page.waitForFunction(() => window.model?.get("state").step > 2, PATIENT);
  assert.equal((await page.evaluate(() => window.model.get("settings"))).activation, "sigmoid");
  const [, inside] = page.frames();
  await page.evaluate(() => window.python("settings", { ...window.model.get("settings"), norm: "bn" }));
  await inside.waitForFunction(() => document.querySelector("alexnet-lab").session.state.config.norm === "bn", PATIENT);
  await inside.evaluate(() => document.querySelector("alexnet-lab").session.set({ pool: "avg" }));
  await page.waitForFunction(() => window.model.get("settings").pool === "avg", PATIENT);
  await page.evaluate(() => window.tell({ command: "pause" }));
  await inside.waitForFunction(() => document.querySelector("alexnet-lab").session.state.phase === "paused", PATIENT);
  assert.equal(await page.evaluate(() => (window.python("height", 500), document.querySelector("iframe").clientHeight)), 500);
  assert.deepEqual(await page.evaluate(() => (window.end(), window.left())), []);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("the packed package, installed elsewhere, serves the lab and has types; nothing else is overwritten", async () => {
  const [{ filename, size }] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: join(folder, "made"), encoding: "utf8" }),
  );
  assert.ok(size < 40e6, `${size} bytes`);
  const place = join(folder, "place");
  execFileSync("npm", ["install", "--prefix", place, "--offline", "--no-audit", "--no-fund", join(folder, filename)], { stdio: "ignore" });
  const package_ = join(place, "node_modules", "alexnet-lab");
  assert.match(readFileSync(join(package_, "package.json"), "utf8"), /"version": "\d+\.\d+\.\d+"/);
  assert.match(readFileSync(join(package_, "alexnet-lab.d.ts"), "utf8"), /getState\(\)/);
  const server = spawn(join(place, "node_modules", ".bin", "alexnet-lab"), ["0"], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise((resolve) => createInterface({ input: server.stdout }).once("line", resolve));
  const [address] = line.match(/http:\/\/127\.0\.0\.1:\d+/);
  const { page, complaints } = await newPage(browser, [address]);
  await page.goto(`${address}/#${SETTINGS}&autoplay=true`);
  await page.waitForFunction(() => document.querySelector("alexnet-lab")?.session?.state.step >= 2, PATIENT);
  assert.deepEqual(complaints, []);
  for (const path of ["/../package.json", "/%2e%2e/package.json", "/nosuch.js", "/js"])
    assert.equal((await fetch(address + path)).status, path.includes("package") ? 200 : 404, path);
  await page.close();
  server.kill();
  const again = (target) => execFileSync(join(ROOT, "target", "release", "alexnet-lab"), ["build", "--npm", target], { cwd: ROOT, stdio: "pipe" });
  again(join(folder, "made"));
  assert.throws(() => again(place), /has other files in it/);
});

test("a lab out of view lets its engine go, and goes on at its step, as if it had never stopped", async () => {
  // Twenty seconds out of view become one.
  const hurry = () => {
    const { setTimeout } = window;
    window.setTimeout = (work, delay, ...args) => setTimeout(work, delay === 20_000 ? 1000 : delay, ...args);
    window.losses = [];
    addEventListener("step", ({ detail }) => (window.losses[detail.step] = detail.loss), true);
  };
  const html = bare(`<script type="module" src="${lab.address}/js/alexnet-lab.js"></script>
    <alexnet-lab ${ATTRIBUTES} norm="bn" test_every="5" autoplay="true" style="height: 360px"></alexnet-lab><div style="height: 5000px"></div>`);
  const run = async (leave) => {
    pages["/host.html"] = html;
    const { page, complaints } = await newPage(browser, [host.address, lab.address], { width: 1280, height: 720 });
    await page.evaluateOnNewDocument(hurry);
    await page.goto(`${host.address}/host.html`);
    await page.waitForFunction(() => window.losses.length > 8 && document.querySelector("alexnet-lab").session.state.evaluation, PATIENT);
    let left;
    if (leave) {
      await page.evaluate(() => scrollTo(0, 4000));
      await page.waitForFunction(() => document.querySelector("alexnet-lab").session.resting, PATIENT);
      for (const end = Date.now() + PATIENCE; page.workers().length > 0; await new Promise((resolve) => setTimeout(resolve, 50)))
        assert.ok(Date.now() < end, "its worker has ended");
      assert.equal(await page.evaluate(() => document.querySelector("alexnet-lab").session.resting), true);
      const read = () =>
        page.evaluate(() =>
          (({ step, loss, notes, run, evaluation }) => ({ step, loss, notes, run, tested: evaluation !== null }))(
            document.querySelector("alexnet-lab").session.state,
          ),
        );
      left = await read();
      await page.evaluate(() => ((window.came = performance.now()), scrollTo(0, 0)));
      await page.waitForFunction((step) => window.losses.length > step + 1, PATIENT, left.step);
      const back = await read();
      assert.deepEqual([back.notes, back.run, back.tested], [left.notes, left.run, true], "no note, and the curves go on");
    }
    await page.waitForFunction((steps) => window.losses.length > steps, PATIENT, (left?.step ?? 20) + 20);
    const losses = await page.evaluate(() => window.losses);
    assert.deepEqual(complaints, []);
    await page.close();
    return losses;
  };
  const left = await run(true);
  const stayed = await run(false);
  const common = Math.min(left.length, stayed.length);
  assert.ok(common > 25, `${common} steps`);
  assert.deepEqual(left.slice(0, common), stayed.slice(0, common));
});

test("a lab that rests comes back for an attribute and for a command", async () => {
  const { page, complaints } = await visit(
    bare(
      `<script type="module" src="${lab.address}/js/alexnet-lab.js"></script><alexnet-lab ${ATTRIBUTES} style="height: 360px"></alexnet-lab><div style="height: 5000px"></div>`,
    ),
  );
  const rest = async () => {
    await page.evaluate(() => scrollTo(0, 4000));
    await page.waitForFunction(() => !document.querySelector("alexnet-lab").session.state.visible, PATIENT);
    await page.evaluate(() => document.querySelector("alexnet-lab").session.rest());
    assert.equal(await page.evaluate(() => document.querySelector("alexnet-lab").session.resting), true);
  };
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session?.state.describe?.data.train_arrived > 0, PATIENT);
  await page.evaluate(() => document.querySelector("alexnet-lab").step());
  await rest();
  await page.evaluate(() => document.querySelector("alexnet-lab").setAttribute("norm", "bn"));
  await page.waitForFunction(async () => (await document.querySelector("alexnet-lab").getState()).norm === "bn", PATIENT);
  await rest();
  await page.evaluate(() => document.querySelector("alexnet-lab").step());
  const { step, norm, phase } = await page.evaluate(() => document.querySelector("alexnet-lab").getState());
  assert.deepEqual([step, norm, phase], [2, "bn", "paused"]);
  assert.deepEqual(complaints, []);
  await page.close();
});
