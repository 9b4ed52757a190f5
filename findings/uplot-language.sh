#!/usr/bin/env bash
# uPlot 1.6.32, Node.js 20, seen 2026-11-29.
# Guess:     a chart library falls back to English where it cannot use the browser's language.
# Behaviour: uPlot creates an Intl.NumberFormat for navigator.language while its module is evaluated. With a language that is not a valid tag
#            (WebKitGTK under LANG=C says "C"; "en_US" and "zh_CN" are invalid too), the import itself fails, and with it every module that
#            imports uPlot. No option can be set before.
# Output seen:
#   en-US: loaded
#   POSIX: loaded
#   C: RangeError: Incorrect locale information provided
#   en_US: RangeError: Incorrect locale information provided
#   zh_CN: RangeError: Incorrect locale information provided
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund uplot@1.6.32
cat > load.mjs <<'JS'
// The little that uPlot touches of a browser while it is loaded.
const [language] = process.argv.slice(2);
Object.assign(globalThis, { window: globalThis, document: {}, devicePixelRatio: 1, addEventListener() {}, dispatchEvent() {}, CustomEvent: class {} });
globalThis.matchMedia = () => ({ addEventListener() {}, removeEventListener() {} });
Object.defineProperty(globalThis, "navigator", { value: { language }, configurable: true });
const outcome = await import("uplot").then(() => "loaded", ({ name, message }) => `${name}: ${message}`);
console.log(`${language}: ${outcome}`);
JS
seen=$(for language in en-US POSIX C en_US zh_CN; do node load.mjs "$language"; done)
echo "$seen"
[ "$seen" = "en-US: loaded
POSIX: loaded
C: RangeError: Incorrect locale information provided
en_US: RangeError: Incorrect locale information provided
zh_CN: RangeError: Incorrect locale information provided" ] || { echo "this has changed"; exit 1; }
