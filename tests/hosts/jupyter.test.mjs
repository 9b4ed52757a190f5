// JupyterLab with a kernel: a frame of the lab, and its widget with settings as traits; and the notebook as HTML.
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "../browser/browsers.mjs";
import { ROOT } from "../browser/servers.mjs";
import { SIZE, eventually, fits, frameOf, linesOf, settings, startElsewhere, stateOf, trains } from "./checks.mjs";
import { python } from "./install.mjs";
import { startSite } from "./site.mjs";

const TOKEN = "lab";
const WIDGET = `import anywidget, pathlib, traitlets

class AlexNetLab(anywidget.AnyWidget):
    _esm = pathlib.Path("made/widget.js")
    settings = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    height = traitlets.Int(480).tag(sync=True)

lab = AlexNetLab(settings=${JSON.stringify(settings(2))}, height=${SIZE.height})
lab`;
const CHANGE = 'lab.settings = {**lab.settings, "norm": "bn"}\nlab.send({"command": "pause"})';
const READ = 'print("pool is", lab.settings.get("pool"), "after some steps:", lab.state["step"] > 2)';

let lab, server, folder, address, environment;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "alexnet-lab-jupyter-"));
  execFileSync(join(ROOT, "target", "release", "alexnet-lab"), ["build", "--npm", join(folder, "made")], { cwd: ROOT, stdio: "ignore" });
  lab = await startElsewhere();
  const sources = [linesOf("jupyter", lab.address, 1), WIDGET, CHANGE, READ];
  const notebook = (sources) => ({
    cells: sources.map((source, at) => ({ cell_type: "code", id: `cell${at}`, metadata: {}, outputs: [], execution_count: null, source })),
    metadata: { kernelspec: { name: "python3", display_name: "Python 3", language: "python" } },
    nbformat: 4,
    nbformat_minor: 5,
  });
  writeFileSync(join(folder, "lab.ipynb"), JSON.stringify(notebook(sources)));
  writeFileSync(join(folder, "frame.ipynb"), JSON.stringify(notebook(sources.slice(0, 1))));
  environment = { ...process.env, JUPYTER_CONFIG_DIR: folder, JUPYTER_DATA_DIR: folder, JUPYTER_RUNTIME_DIR: folder, IPYTHONDIR: folder };
  const flags = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", `--IdentityProvider.token=${TOKEN}`, `--ServerApp.root_dir=${folder}`];
  server = spawn(python("jupyter-lab"), [...flags, "--LabApp.extension_manager=readonly", "--LabApp.news_url="], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "ignore", "pipe"],
  });
  address = await new Promise((resolve, reject) => {
    createInterface({ input: server.stderr }).on("line", (line) => {
      const [found] = line.match(/http:\/\/127\.0\.0\.1:\d+/) ?? [];
      if (found) resolve(found);
    });
    server.on("exit", (code) => reject(new Error(`jupyter-lab ended with code ${code}`)));
  });
});
after(() => {
  server?.kill();
  lab?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs a cell; one that is run before the kernel is there is not run. @param {import("puppeteer-core").Page} page @param {number} at */
async function run(page, at) {
  const cell = `.jp-Notebook .jp-CodeCell[data-windowed-list-index="${at}"]`;
  const begun = () => page.$eval(`${cell} .jp-InputPrompt`, (prompt) => /[*\d]/.test(prompt.textContent));
  await page.waitForSelector(`${cell} .cm-content`);
  await eventually(async () => {
    await page.click(`${cell} .cm-content`).catch(() => {}); // the notebook may draw it anew
    await page.keyboard.down("Shift");
    await page.keyboard.press("Enter");
    await page.keyboard.up("Shift");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return begun();
  }, `cell ${at} runs`);
}

for (const name of NAMES) {
  describe(name, () => {
    test("a notebook shows the frame, and settings of the widget go both ways", async (t) => {
      const { browser, close } = await launch(name);
      t.after(close);
      const { page, complaints } = await newPage(browser, [address, lab.address], { width: 1280, height: 1800 });
      await page.goto(`${address}/doc/tree/lab.ipynb?token=${TOKEN}`);
      await page.waitForSelector('.jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status="idle"]');
      await run(page, 0);
      const framed = await frameOf(page, 1);
      await trains(framed);
      await fits(framed);
      await run(page, 1);
      const widget = await eventually(() => page.frames().find((frame) => frame.url() === "about:srcdoc"), "the widget has a frame");
      await trains(widget);
      assert.equal((await stateOf(widget)).config.activation, "sigmoid");
      await run(page, 2);
      let state;
      await eventually(
        async () => (state = await stateOf(widget)).config.norm === "bn" && state.phase === "paused",
        () => `the widget follows Python: ${JSON.stringify(state)}`,
      );
      await widget.evaluate(() => document.querySelector("alexnet-lab").session.set({ pool: "avg" }));
      await run(page, 3);
      await page.waitForFunction(() => document.querySelector(".jp-OutputArea-output pre, .jp-RenderedText pre")?.textContent.includes("after some steps"));
      const output = await page.$$eval(".jp-RenderedText pre", (all) => all.map((one) => one.textContent).join());
      assert.match(output, /pool is avg after some steps: True/);
      const ours = complaints.filter((complaint) => complaint.includes(lab.address) || /alexnet|widget/i.test(complaint));
      assert.deepEqual(ours, []);
    });

    test("the notebook as HTML shows the frame", async (t) => {
      const file = `${name}.html`;
      await promisify(execFile)(python("jupyter-nbconvert"), ["--to", "html", "--execute", "--output", file, "frame.ipynb"], { cwd: folder, env: environment });
      const site = await startSite({ "/": join(folder, file) });
      t.after(site.close);
      const { browser, close } = await launch(name);
      t.after(close);
      const { page } = await newPage(browser, [site.address, lab.address], { width: 1280, height: 720 });
      await page.goto(site.address);
      const framed = await frameOf(page, 1);
      await trains(framed);
      await fits(framed);
    });
  });
}
