// pandoc with --embed-resources: the lines that keep the frame's address, and the lab without photographs inside of the deck.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "../browser/browsers.mjs";
import { ROOT } from "../browser/servers.mjs";
import { SIZE, eventually, fits, frameOf, linesOf, pauses, settings, startElsewhere, trains } from "./checks.mjs";
import { npm, python } from "./install.mjs";
import { startSite } from "./site.mjs";

const attributes = Object.entries(settings(2)).map(([key, value]) => `${key}="${value}"`);

describe("pandoc", () => {
  let lab, site, folder;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "alexnet-lab-pandoc-"));
    lab = await startElsewhere();
    const inside = join(folder, "inside.html");
    execFileSync(join(ROOT, "target", "release", "alexnet-lab"), ["build", "--single", inside, "--no-images"], { cwd: ROOT, stdio: "ignore" });
    // A frame that is part of the deck has no address for its settings.
    writeFileSync(inside, readFileSync(inside, "utf8").replace("<alexnet-lab ", `<alexnet-lab ${attributes.join(" ")} `));
    const frame = `\`\`\`{=html}\n<iframe src="inside.html" width="${SIZE.width}" height="${SIZE.height}" style="border: 0"></iframe>\n\`\`\``;
    writeFileSync(join(folder, "deck.md"), ["# One", linesOf("quarto", lab.address, 1), "# Inside", frame, "# End"].join("\n\n"));
    const pandoc = execFileSync(python("python"), ["-c", "import pypandoc; print(pypandoc.get_pandoc_path())"], { encoding: "utf8" }).trim();
    // Its template is for reveal.js 5.
    const flags = ["--to", "revealjs", "--standalone", "--embed-resources", "--metadata", "title=Deck", "--variable", `revealjs-url=${npm("reveal.js")}`];
    execFileSync(pandoc, [...flags, "--output", "deck.html", "deck.md"], { cwd: folder, stdio: "pipe" });
    site = await startSite({ "/": join(folder, "deck.html") });
  });
  after(() => {
    site?.close();
    lab?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("the deck keeps the address of one frame and contains the other", () => {
    const deck = readFileSync(join(folder, "deck.html"), "utf8");
    assert.ok(deck.includes(`${lab.address}/embed.html#v=1`));
    assert.match(deck, /<iframe[^>]* src="data:text\/html/);
  });

  for (const name of NAMES) {
    test(`in ${name} both have their size, train and pause`, async (t) => {
      const { browser, close } = await launch(name);
      t.after(close);
      const { page, complaints } = await newPage(browser, [site.address, lab.address, "null"], { width: 1280, height: 720 });
      await page.goto(site.address);
      await page.waitForFunction(() => window.Reveal?.isReady());
      const turn = (slide) => page.evaluate((slide) => window.Reveal.slide(slide), slide);
      const inside = () => page.frames().find((frame) => frame.url().startsWith("data:text/html"));
      for (const [slide, found] of [
        [1, () => frameOf(page, 1)],
        [2, () => eventually(inside, "the frame inside is there")],
      ]) {
        await turn(slide);
        const frame = await found();
        await trains(frame);
        await fits(frame);
        await turn(slide + 1);
        await pauses(frame);
      }
      assert.deepEqual(complaints, []);
    });
  }
});
