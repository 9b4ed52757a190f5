// Slidev: when the deck opens, all slides are in the page at 0x0.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { deckTests, eventually, markdown } from "./checks.mjs";
import { HOSTS, npm } from "./install.mjs";
import { startSite } from "./site.mjs";

/** Inside of the installation, as Slidev looks for its theme from there. */
const folder = join(HOSTS, "npm", "deck");
const clear = () => rmSync(folder, { recursive: true, force: true });
before(() => {
  clear();
  mkdirSync(folder);
});
after(clear);
const slidev = (...args) => execFileSync(npm(".bin", "slidev"), args, { cwd: folder, stdio: "pipe" });

deckTests("slidev", {
  open: (lab) => {
    writeFileSync(join(folder, "slides.md"), markdown("slidev", lab, '---\ntheme: default\nfonts: { provider: none }\nfavicon: "data:,"\n---\n'));
    slidev("build", "slides.md");
    return startSite({ "/": join(folder, "dist") });
  },
  turn: async (page, slide) => {
    const at = () => page.evaluate(() => Number(location.pathname.slice(1)) - 1);
    await eventually(async () => (await at()) >= 0, "the deck has opened");
    await page.evaluate(() => (document.activeElement?.blur(), focus()));
    while ((await at()) !== slide) {
      const before = await at();
      await page.keyboard.press(before < slide ? "ArrowRight" : "ArrowLeft");
      await eventually(async () => (await at()) !== before, `slide ${before} is left for ${slide}`);
    }
  },
});
