// VitePress: the lines in Markdown, a change of route, and the element of a component that Vue keeps alive.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { NAMES, launch, newPage } from "../browser/browsers.mjs";
import { SIZE, eventually, fits, frameOf, linesOf, pauses, settings, startElsewhere, stateOf, trains, uncut } from "./checks.mjs";
import { HOSTS, npm } from "./install.mjs";
import { startSite } from "./site.mjs";

/** Inside of the installation, as the build looks for its packages from there. */
const folder = join(HOSTS, "npm", "site");
const attributes = Object.entries(settings(2)).map(([key, value]) => `${key}="${value}"`);
const files = (lab) => ({
  ".vitepress/config.mjs": `export default { head: [["link", { rel: "icon", href: "data:," }], ["script", { type: "module", src: "${lab}/js/alexnet-lab.js" }]],
    vue: { template: { compilerOptions: { isCustomElement: (tag) => tag === "alexnet-lab" } } } };`,
  ".vitepress/theme/index.mjs": `import Theme from "vitepress/theme"; import Kept from "./Kept.vue"; import Lab from "./Lab.vue";
    export default { extends: Theme, enhanceApp: ({ app }) => { app.component("Kept", Kept); app.component("Lab", Lab); } };`,
  ".vitepress/theme/Kept.vue": `<script setup>import { ref } from "vue"; const shown = ref(true);</script>
    <template><button class="turn" @click="shown = !shown">turn</button><KeepAlive><Lab v-if="shown" /></KeepAlive></template>`,
  ".vitepress/theme/Lab.vue": `<template><alexnet-lab ${attributes.join(" ")} style="height: ${SIZE.height}px; width: ${SIZE.width}px" /></template>`,
  "index.md": "# Start\n\n[Frame](/frame) [Kept](/kept)\n",
  "frame.md": `# Frame\n\n${linesOf("vitepress", lab, 1)}\n\n[Start](/)\n`,
  "kept.md": "# Kept\n\n<Kept />\n",
});

describe("VitePress", () => {
  let lab, site;
  const clear = () => rmSync(folder, { recursive: true, force: true });
  before(async () => {
    lab = await startElsewhere();
    clear();
    for (const [file, text] of Object.entries(files(lab.address))) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    execFileSync(npm(".bin", "vitepress"), ["build"], { cwd: folder, stdio: "pipe" });
    site = await startSite({ "/": join(folder, ".vitepress", "dist") });
  });
  after(() => {
    site?.close();
    lab?.close();
    clear();
  });

  for (const name of NAMES) {
    test(`in ${name}, a run goes on after a change of route, and in a component that is kept alive`, async (t) => {
      const { browser, close } = await launch(name);
      t.after(close);
      const { page, complaints } = await newPage(browser, [site.address, lab.address], { width: 1280, height: 720 });
      const go = (path) => page.evaluate((path) => document.querySelector(`.vp-doc a[href^="${path}"]`).click(), path);
      // A click before that would change the route while Vue compares the page with its own.
      const hydrated = () => page.waitForFunction(() => document.querySelector("#app").__vue_app__);
      await page.goto(site.address);
      await hydrated();
      await go("/frame");
      const framed = await frameOf(page, 1);
      await trains(framed);
      await fits(framed);
      // Every second a copy is kept.
      await trains(framed, (await stateOf(framed)).step + 200);
      await go("/");
      await eventually(() => framed.detached, "the route has changed");
      await page.goBack();
      const again = await frameOf(page, 1);
      await trains(again, 4);
      await again.waitForFunction(() => document.querySelector("alexnet-lab").session.state.step > 100);
      await page.goto(`${site.address}/kept`);
      await hydrated();
      await trains(page);
      await page.click(".turn");
      await page.waitForFunction(() => !document.querySelector("alexnet-lab"));
      await page.click(".turn");
      await trains(page);
      await page.evaluate(() => document.querySelector("alexnet-lab").pause());
      await pauses(page);
      assert.deepEqual(uncut(complaints), []);
    });
  }
});
