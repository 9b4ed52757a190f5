#!/usr/bin/env node
// Serves this package's page on this machine.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".webp": "image/webp",
};
const FIRST_PORT = 8080;
const FURTHER_PORTS = 20;

const server = createServer((request, response) => {
  const [path] = (request.url ?? "/").split(/[?#]/);
  // The page's own files have plain names, so nothing leads out of the folder.
  const plain = /^(\/[\w-][\w.-]*)*\/?$/.test(path) && !path.includes("..");
  const file = join(import.meta.dirname, path.endsWith("/") ? `${path}index.html` : path);
  const type = TYPES[extname(file)];
  const found = plain && type && statSync(file, { throwIfNoEntry: false });
  if (!found || !found.isFile()) return response.writeHead(404, { "content-type": "text/plain" }).end("The page has no such file.");
  response.writeHead(200, {
    "content-type": type,
    "content-length": found.size,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "cross-origin-embedder-policy": "require-corp",
  });
  if (request.method === "HEAD") return response.end();
  createReadStream(file).pipe(response);
});

let port = Number(process.argv[2] ?? FIRST_PORT);
const last = port === 0 ? 0 : port + FURTHER_PORTS;
server.on("error", (error) => {
  if (error.code === "EADDRINUSE" && port < last) return server.listen((port += 1), "127.0.0.1");
  console.error(`alexnet-lab: no port up to ${last} could be opened: ${error.message}. Name another one: npx alexnet-lab 9000`);
  process.exitCode = 1;
});
server.on("listening", () => console.log(`AlexNet Lab: http://127.0.0.1:${server.address().port}/   (Ctrl+C to stop)`));
if (Number.isInteger(port) && port >= 0 && port < 65_536) server.listen(port, "127.0.0.1");
else {
  console.error(`alexnet-lab: ${process.argv[2]} is no port. Name a number from 0 to 65535, or none.`);
  process.exitCode = 2;
}
