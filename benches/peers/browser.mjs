// The benchmark in browsers: a page for each case, a worker for each peer. usage: see options.mjs
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { launch } from "../../tests/browser/browsers.mjs";
import { ROOT, WORK, read } from "./options.mjs";
import { Figures } from "./tables.mjs";

const MORE = {
  // WebGL on the processor, for TensorFlow.js.
  chromium: ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  // Otherwise its clock shows whole milliseconds.
  firefox: { "privacy.reduceTimerPrecision": false, "webgl.force-enabled": true },
};
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };
const PAGE = `<!doctype html><meta charset="utf-8"><title>peers</title><script type="module" src="/bundle/page.js"></script>`;
/** A case that is silent for this long has stopped. */
const SILENCE_MS = 15 * 60_000;

const BUNDLE = join(WORK, "bundle");
await build({
  entryPoints: [...["page", "worker"].map((name) => join(import.meta.dirname, "lab", `${name}.js`)), join(ROOT, "www", "js", "helper.js")],
  outdir: BUNDLE, entryNames: "[name]", bundle: true, format: "esm", target: "es2022", minify: true, logLevel: "error",
});

/** Receives what the page reports; replaced for each case. */
let hear = () => {};
const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, "http://localhost").pathname);
  if (path.startsWith("/tell/")) {
    let body = "";
    for await (const part of request) body += part;
    response.writeHead(204).end();
    return hear(path.slice("/tell/".length), JSON.parse(body));
  }
  if (path === "/") return response.writeHead(200, { "content-type": TYPES[".html"] }).end(PAGE);
  // Our page's module loads its files from ../pkg.
  const folder = path.startsWith("/bundle/") ? WORK : join(ROOT, "dist");
  const bytes = await readFile(join(folder, path)).catch(() => undefined);
  if (!bytes) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" }).end(bytes);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const { cases, out, append } = read();
const figures = new Figures(out, append);
let failed = 0;
for (const plan of cases) {
  try {
    figures.add(await measure(plan));
  } catch (error) {
    failed += 1;
    console.error(`${plan.place}, ${plan.variant}, batch ${plan.batch}: ${error.message}`);
  }
}
server.close();
const wrong = figures.runs.flatMap((run) => run.peers).filter((peer) => peer.same_network === false).length;
process.exit(failed + wrong > 0 ? 1 : 0);

/** A fresh browser for each case. */
async function measure(plan) {
  const { browser, close } = await launch(plan.place, MORE);
  try {
    const page = await browser.newPage();
    const outcome = new Promise((resolve, reject) => {
      let silence;
      hear = (kind, value) => {
        clearTimeout(silence);
        silence = setTimeout(() => reject(new Error("it says nothing any more")), SILENCE_MS);
        silence.unref();
        if (kind === "progress") console.error(`  ${value}`);
        if (kind === "outcome") resolve(value);
        if (kind === "failure") reject(new Error(value));
      };
      page.on("pageerror", reject);
    });
    console.error(`${plan.place}: ${plan.variant}, batch ${plan.batch}, width ${plan.width}`);
    await page.goto(`http://127.0.0.1:${server.address().port}/?${encodeURIComponent(JSON.stringify(plan))}`);
    const { place, peers: _, ...settings } = plan;
    return { where: await browser.version(), place, ...settings, ...(await outcome) };
  } finally {
    await close();
  }
}
