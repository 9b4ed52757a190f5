// WebKit, as Debian's WebKitGTK, over the W3C WebDriver protocol: the page and the single file, from a server, train on the CPU there.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { eventually, startElsewhere } from "./checks.mjs";

const SETTINGS = "v=1&lang=en&backend=cpu&width=0.25&batch=8&test_size=40&autoplay=true";
/** A port that was free a moment ago. @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

let lab, driver, session;
/** @param {string} method @param {string} path @param {object} [body] */
async function ask(method, path, body) {
  const response = await fetch(`${driver.address}${path}`, { method, body: body && JSON.stringify(body), headers: { "content-type": "application/json" } });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}
const evaluate = (script) => ask("POST", `${session}/execute/sync`, { script, args: [] });

before(async () => {
  lab = await startElsewhere();
  const port = await freePort();
  // It needs a display.
  const child = spawn("xvfb-run", ["--auto-servernum", "WebKitWebDriver", `--port=${port}`], { stdio: "inherit", detached: true });
  driver = { address: `http://127.0.0.1:${port}`, close: () => process.kill(-child.pid) };
  await eventually(
    () =>
      ask("GET", "/status").then(
        ({ ready }) => ready,
        () => false,
      ),
    "WebKitWebDriver answers",
  );
  const options = { binary: "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser", args: ["--automation"] };
  const { sessionId } = await ask("POST", "/session", { capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } } });
  session = `/session/${sessionId}`;
});
after(async () => {
  if (session) await ask("DELETE", session).catch(() => {});
  driver?.close();
  lab?.close();
});

for (const [what, address] of [
  ["the page", () => `${lab.address}/#${SETTINGS}`],
  ["the single file", () => `${lab.address}/lab.html#${SETTINGS}`],
]) {
  test(`in WebKit ${what} trains on the CPU`, async () => {
    await ask("POST", `${session}/url`, { url: address() });
    let state;
    await eventually(
      async () => {
        state = await evaluate(`const { phase, step, loss, describe, notes, problem } = document.querySelector("alexnet-lab")?.session?.state ?? {};
          return { phase, step, loss, backend: describe?.backend.name, notes, problem };`);
        return state.step > 2;
      },
      () => JSON.stringify(state),
    );
    assert.equal(state.backend, "cpu");
    assert.ok(state.loss > 0 && state.loss < 10, `${state.loss}`);
    assert.deepEqual([state.notes, state.problem], [[], null]);
  });
}
