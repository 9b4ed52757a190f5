// Serves the folders that hosts have built, each at a path of its own, and single pages.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

/** @typedef {{body: string | Buffer, headers?: Record<string, string>}} Page */

/**
 * @param {Record<string, string | Page>} paths a folder, a file, or a page by its path; a folder also answers for its routes, as single-page sites want
 * @param {Record<string, string>} [headers] of every answer
 */
export async function startSite(paths, headers = {}) {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    const place = Object.keys(paths)
      .filter((prefix) => path.startsWith(prefix))
      .sort((one, other) => other.length - one.length)[0];
    const found = place === undefined ? undefined : paths[place];
    const send = (type, more) => response.writeHead(200, { "content-type": type, "cache-control": "no-store", ...headers, ...more });
    if (path === "/favicon.ico") return response.writeHead(204).end();
    if (found === undefined) return response.writeHead(404).end();
    if (typeof found !== "string") return send(TYPES[extname(path)] ?? TYPES[".html"], found.headers).end(found.body);
    const tries = [join(found, path.slice(place.length)), join(found, `${path.slice(place.length)}.html`), join(found, "index.html")];
    const file = [found, ...tries].find((name) => existsSync(name) && statSync(name).isFile());
    if (!file) return response.writeHead(404).end();
    send(TYPES[extname(file)] ?? "application/octet-stream");
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${server.address().port}`, paths, close };
}
