#!/usr/bin/env bash
# pandoc 3.6.1 (pypandoc_binary 1.15), Chromium 156 and Firefox 153 ESR (Debian 12) by puppeteer-core 25.16.0, Node.js 20, Python 3.11,
# seen 2026-11-30. CHROMIUM and FIREFOX name other paths than /usr/bin/chromium and /usr/bin/firefox-esr.
# Guess:     a page made with --embed-resources shows its frames in every browser, whatever their size.
# Behaviour: pandoc makes the frame's page an address, data:text/html with percent signs. Chromium opens no such address of more than 2 MiB
#            in a frame and shows an empty page, without a word in the console. Firefox opens it. The limit is not that of the page:
#            the same bytes as srcdoc open in both.
# Output seen:
#   frame of 1 MB: data address; Chromium shows it, Firefox shows it
#   frame of 3 MB: data address; Chromium about:blank#blocked, Firefox shows it
#   frame of 3 MB as srcdoc: Chromium shows it, Firefox shows it
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pypandoc_binary==1.15
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund puppeteer-core@25.16.0
pandoc=$(env/bin/python -c "import pypandoc; print(pypandoc.get_pandoc_path())")
for size in 1 3; do
    { echo '<!doctype html><title>inner</title><p id="inner">shown</p><!--' && head -c "${size}000000" /dev/zero | tr '\0' x && echo '-->'; } >"inner$size.html"
    echo "<iframe src=\"inner$size.html\"></iframe>" >page.md
    "$pandoc" --embed-resources --standalone --metadata title=t page.md -o "outer$size.html"
done
cat >try.mjs <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

writeFileSync("srcdoc3.html", `<!doctype html><iframe srcdoc="${readFileSync("inner3.html", "utf8").replaceAll('"', "&quot;")}"></iframe>`);
const options = {
  Chromium: { browser: "chrome", executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--no-first-run", "--disable-background-networking"] },
  Firefox: { browser: "firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr" },
};
const pages = ["outer1.html", "outer3.html", "srcdoc3.html"];
const found = {};
for (const [name, launch] of Object.entries(options)) {
  const browser = await puppeteer.launch({ ...launch, userDataDir: join(process.cwd(), name) });
  for (const file of pages) {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(file).href);
    const frame = await (await page.waitForSelector("iframe")).contentFrame();
    const shown = await frame.waitForSelector("#inner", { timeout: 5000 }).then(() => true, () => false);
    found[`${name} ${file}`] = shown ? "shows it" : frame.url();
    await page.close();
  }
  await browser.close();
}
const both = (file) => Object.keys(options).map((name) => `${name} ${found[`${name} ${file}`]}`).join(", ");
for (const size of [1, 3]) {
  const kind = /<iframe[^>]* src="data:text\/html,%3C/.test(readFileSync(`outer${size}.html`, "utf8")) ? "data address" : "another form";
  console.log(`frame of ${size} MB: ${kind}; ${both(`outer${size}.html`)}`);
}
console.log(`frame of 3 MB as srcdoc: ${both("srcdoc3.html")}`);
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
