// The program's own server for the lab, and a second origin that serves the deck of slides.
import { spawn } from "node:child_process";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(HERE, "..", "..");

/** Starts `alexnet-lab serve` on a free port and waits for the printed address. @param {string[]} more arguments */
export async function startLab(...more) {
  const program = process.env.ALEXNET_LAB ?? join(ROOT, "target", "release", "alexnet-lab");
  const child = spawn(program, ["serve", "--port", "0", ...more], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = line.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) resolve(found[0]);
    });
    child.on("exit", (code) => reject(new Error(`alexnet-lab serve ended with code ${code}`)));
  });
  return { address, close: () => child.kill() };
}

const PHOTOGRAPHS = join("data", "cifar10");

/** The list of photographs with the first file of each kind, 1,000 of 12,000: to read all takes a page over a second of processor time. */
function shortIndex() {
  const index = JSON.parse(readFileSync(join(ROOT, "dist", PHOTOGRAPHS, "index.json"), "utf8"));
  for (const kind of ["train", "test"]) index[kind].length = 1;
  return JSON.stringify(index);
}

/** Like `startLab`, with 1,000 training and 1,000 test images. */
export async function startShortLab() {
  const all = await startLab(); // brings dist/ up to date
  all.close();
  const folder = mkdtempSync(join(tmpdir(), "alexnet-lab-short-"));
  /** Links what is in a folder of dist/, except for one name. */
  const link = (path, except) => {
    const from = join(ROOT, "dist", path);
    mkdirSync(join(folder, path), { recursive: true });
    for (const name of readdirSync(from)) if (name !== except) symlinkSync(join(from, name), join(folder, path, name));
  };
  link("", "data");
  link("data", "cifar10");
  link(PHOTOGRAPHS, "index.json");
  writeFileSync(join(folder, PHOTOGRAPHS, "index.json"), shortIndex());
  const lab = await startLab("--dir", folder);
  const close = () => {
    lab.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...lab, close };
}

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Serves dist/ as any host would, and further pages by path. @param {Record<string, string | Buffer>} pages HTML, or the type of the path's extension */
export const startHost = (pages) => startFaultyLab((path) => pages[path] && { body: pages[path], type: TYPES[extname(path)] });

/** An HTML page of a host. @param {string} body */
export const bare = (body) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>${body}`;

const reveal = (file) => readFileSync(join(ROOT, "node_modules", "reveal.js", "dist", file), "utf8");
/** reveal.js as pages of a host. */
export const REVEAL = { "/reveal.css": reveal("reveal.css"), "/reveal.mjs": reveal("reveal.mjs"), "/notes.mjs": reveal("plugin/notes.mjs") };

/** Serves dist/ as any host would, without the folder `missing`. */
export const startLabWithout = (missing) => startFaultyLab((path) => path.startsWith(`/${missing}/`) && 404);

/**
 * Serves dist/, and misbehaves on command. Each request calls `fault(path)`, which returns a status, "cut" for half of the file, "stalled" for
 * half of it and then nothing, "gone" for no answer at all, `{before}` for a script before it, `{body, type, headers}` for another file, by
 * default HTML, or anything else for the file itself. There are 2,000 photographs, or with `all` 12,000. `fault` and `all` can be replaced.
 */
export async function startFaultyLab(fault = () => null) {
  const lab = { fault, all: false, /** Paths in the order of the requests. @type {string[]} */ asked: [] };
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname).replace(/\/$/, "/index.html");
    lab.asked.push(path);
    let wrong = lab.fault(path);
    if (!wrong && !lab.all && path === `/${PHOTOGRAPHS}/index.json`) wrong = { body: shortIndex(), type: TYPES[".json"] };
    const file = join(ROOT, "dist", path);
    if (wrong === "gone") return request.socket.destroy();
    if (wrong?.body !== undefined)
      return response.writeHead(200, { "content-type": wrong.type ?? "text/html; charset=utf-8", ...wrong.headers }).end(wrong.body);
    if (typeof wrong === "number" || !existsSync(file)) return response.writeHead(wrong || 404).end();
    const before = wrong?.before ?? "";
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": statSync(file).size + before.length,
      "cache-control": "no-store",
    });
    response.write(before);
    if (!["cut", "stalled"].includes(wrong)) return createReadStream(file).pipe(response);
    const bytes = readFileSync(file);
    response.write(bytes.subarray(0, bytes.length / 2), () => wrong === "cut" && setTimeout(() => request.socket.destroy(), 100));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return Object.assign(lab, { address: `http://127.0.0.1:${server.address().port}`, close });
}

/** An empty page that can import the charts from their sources. */
const BARE = `<!doctype html><html lang="en"><link rel="icon" href="data:,"><link rel="stylesheet" href="/www/style.css">
<script type="importmap">{"imports": {"uplot": "/node_modules/uplot/dist/uPlot.esm.js"}}</script><body></body></html>`;

/** Serves the page's sources, with a bare page to try them in. */
export async function startSources() {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname).replace("/www/uplot/", "/node_modules/uplot/");
    if (path === "/") return response.writeHead(200, { "content-type": "text/html" }).end(BARE);
    const file = join(ROOT, path);
    if (!/^\/(www|node_modules\/uplot)\//.test(path) || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

function send(response, file) {
  if (!existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
}

/** The slide that README.md recommends, with the lab's address and these settings. */
function slide(lab, settings) {
  const [snippet] = readFileSync(join(ROOT, "README.md"), "utf8").match(/<section>\s*<iframe[\s\S]*?<\/section>/);
  const [address] = snippet.match(/http[^"]*\/embed\.html#[^"]*/);
  return snippet.replace(address, `${lab}/embed.html#${settings.replaceAll("&", "&amp;")}`);
}

/** Serves tests/browser/deck.html and reveal.js; the slide in the deck is README.md's. */
export async function startDeck(lab) {
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    const path = normalize(url.pathname);
    if (path === "/favicon.ico") return response.writeHead(204).end();
    if (path.startsWith("/reveal/")) return send(response, join(ROOT, "node_modules", "reveal.js", path.slice(8)));
    if (path !== "/deck.html") return send(response, join(HERE, path));
    const deck = readFileSync(join(HERE, "deck.html"), "utf8").replace("<!-- README’s slide -->", slide(lab, url.searchParams.get("settings") ?? ""));
    response.writeHead(200, { "content-type": TYPES[".html"] }).end(deck);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  return { address, deck: `${address}/deck.html?lab=${encodeURIComponent(lab)}`, close: () => server.close() };
}
