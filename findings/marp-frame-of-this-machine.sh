#!/usr/bin/env bash
# Marp CLI 4.5.1, Chromium 156 (Debian 12), Node.js 20, poppler-utils 22.12, seen 2026-11-30. CHROMIUM names another path than /usr/bin/chromium.
# Guess:     `marp --html --pdf` prints a frame that the deck in the browser shows.
# Behaviour: a frame that a server on this machine sends is printed as a grey page with a sad face, and the command succeeds: Chromium lets no page
#            from a disk reach this machine's servers (ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS, which only --debug shows).
#            With --allow-local-files, whose help speaks of local files alone, the frame is printed.
# Output seen:
#   --pdf: exit 0, the frame's text is missing
#   --pdf --allow-local-files: exit 0, the frame's text is there
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @marp-team/marp-cli@4.5.1
cat >try.mjs <<'JS'
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const server = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><p>inner text</p>"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
writeFileSync("deck.md", `---\nmarp: true\n---\n# Outer\n\n<iframe src="http://127.0.0.1:${server.address().port}/" width="640" height="360"></iframe>\n`);
const env = { ...process.env, CHROME_PATH: process.env.CHROMIUM ?? "/usr/bin/chromium" };
for (const flags of [["--pdf"], ["--pdf", "--allow-local-files"]]) {
  const marp = join("node_modules", ".bin", "marp");
  const made = spawn(marp, ["--html", "--no-stdin", "--browser", "chrome", ...flags, "deck.md", "-o", "deck.pdf"], { env, stdio: "ignore" });
  const code = await new Promise((resolve) => made.on("exit", resolve));
  const text = spawnSync("pdftotext", ["deck.pdf", "-"], { encoding: "utf8" }).stdout;
  console.log(`${flags.join(" ")}: exit ${code}, the frame's text is ${text.includes("inner text") ? "there" : "missing"}`);
}
process.exit();
JS
seen=$(node try.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
