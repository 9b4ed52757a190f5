#!/usr/bin/env bash
# reveal.js 6.0.2, Chromium 156 (Debian 12) by puppeteer-core 25.16.0, Node.js 20, seen 2026-11-29. CHROMIUM names another path than
# /usr/bin/chromium.
# Guess:     a slide does not react to a key that an element on it has handled, or that is typed into a field.
# Behaviour: reveal.js ignores keys in an input and in contenteditable elements. It does not check defaultPrevented: a custom slider also
#            turns the slide as it moves. It does not know select. It does not look into shadow roots: in the field of a custom element, the
#            letter n turns the slide instead of being typed, and b makes the screen black.
# Output seen:
#   input: typed "n", slide 1
#   own slider, arrow key with preventDefault: slide 2
#   select: slide 2
#   input in a custom element: typed "", slide 2
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund puppeteer-core@25.16.0 reveal.js@6.0.2
cat > try.mjs <<'JS'
import { join } from "node:path";
import puppeteer from "puppeteer-core";

/** Calls `use` with an empty page of the system's Chromium. */
async function withPage(use) {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    userDataDir: join(process.cwd(), "profile"),
    args: ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    await use(await browser.newPage());
  } finally {
    await browser.close();
  }
}

await withPage(async (page) => {
  await page.setContent(`<div class="reveal"><div class="slides">
    <section><input><div role="slider" tabindex="0">0</div><select><option>a</select><an-element></an-element></section>
    <section>second</section></div></div>`);
  await page.addStyleTag({ path: "node_modules/reveal.js/dist/reveal.css" });
  await page.addScriptTag({ path: "node_modules/reveal.js/dist/reveal.js" });
  await page.evaluate(async () => {
    document.querySelector("an-element").attachShadow({ mode: "open" }).innerHTML = "<input>";
    document.querySelector("[role=slider]").addEventListener("keydown", (event) => event.preventDefault());
    await Reveal.initialize({ transition: "none" });
  });
  const at = {
    input: () => document.querySelector("input"),
    slider: () => document.querySelector("[role=slider]"),
    select: () => document.querySelector("select"),
    inner: () => document.querySelector("an-element").shadowRoot.querySelector("input"),
  };
  const press = async (name, key) => {
    const field = await page.evaluateHandle(at[name]);
    await page.evaluate((field) => (Reveal.slide(0), field.focus()), field);
    await page.keyboard.press(key);
    return page.evaluate((field) => [field.value, `slide ${Reveal.getIndices().h + 1}`], field);
  };
  const told = ([value, slide]) => `typed "${value}", ${slide}`;
  console.log(`input: ${told(await press("input", "n"))}`);
  console.log(`own slider, arrow key with preventDefault: ${(await press("slider", "ArrowRight"))[1]}`);
  console.log(`select: ${(await press("select", "ArrowRight"))[1]}`);
  console.log(`input in a custom element: ${told(await press("inner", "n"))}`);
});
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
