// Marp CLI with --html: all slides are in the page; the hidden ones have no content to draw.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { deckTests, markdown } from "./checks.mjs";
import { npm } from "./install.mjs";
import { startSite } from "./site.mjs";

let folder;
before(() => (folder = mkdtempSync(join(tmpdir(), "alexnet-lab-marp-"))));
after(() => rmSync(folder, { recursive: true, force: true }));
const marp = (...args) => execFileSync(npm(".bin", "marp"), ["--html", "--no-stdin", ...args], { cwd: folder, stdio: "pipe" });

deckTests("marp", {
  open: (lab) => {
    writeFileSync(join(folder, "deck.md"), markdown("marp", lab, "---\nmarp: true\n---\n"));
    marp("deck.md");
    return startSite({ "/": join(folder, "deck.html") });
  },
  turn: async (page, slide) => {
    await page.waitForSelector(".bespoke-marp-active");
    await page.evaluate((slide) => (location.hash = `#${slide + 1}`), slide);
    await page.waitForFunction((slide) => document.querySelectorAll("svg.bespoke-marp-slide")[slide].classList.contains("bespoke-marp-active"), {}, slide);
  },
  print: () => {
    process.env.CHROME_PATH ??= "/usr/bin/chromium";
    // Its browser lets no page from a disk reach this machine's own servers, without this.
    marp("--pdf", "--allow-local-files", "--browser", "chrome", "deck.md");
    return readFileSync(join(folder, "deck.pdf"));
  },
});
