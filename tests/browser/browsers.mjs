// Starts Debian's Chromium (Dawn on SwiftShader) and Firefox (wgpu on lavapipe), headless, with WebGPU switched on.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

/** Launch options of each browser. */
const LAUNCH = {
  chromium: {
    browser: "chrome",
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Covered frames must not be slowed down like a background tab.
      "--disable-renderer-backgrounding",
      "--disable-backgrounding-occluded-windows",
      "--disable-background-timer-throttling",
    ],
  },
  firefox: {
    browser: "firefox",
    executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    extraPrefsFirefox: {
      "dom.webgpu.enabled": true,
      "dom.webgpu.workers.enabled": true,
      "gfx.webgpu.ignore-blocklist": true,
      "datareporting.policy.dataSubmissionEnabled": false,
      "toolkit.telemetry.enabled": false,
      "app.update.enabled": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
    },
  },
};

/** How long a test waits for an expected event, ms: a busy machine is slow, not wrong. */
export const PATIENCE = 120_000;

export const NAMES = Object.keys(LAUNCH);

/** Options that make each browser hide the pixels of a canvas, as privacy settings do. */
export const PRIVATE = { chromium: ["--disable-reading-from-canvas"], firefox: { "privacy.resistFingerprinting": true } };

/**
 * @param {{chromium?: string[], firefox?: object}} [more] further arguments and preferences
 * @returns the browser, and a function that ends it and removes its profile
 */
export async function launch(name, more = {}) {
  const userDataDir = mkdtempSync(join(tmpdir(), `alexnet-lab-${name}-`));
  const options = structuredClone(LAUNCH[name]);
  if (name === "chromium") options.args.push(...(more.chromium ?? []));
  else Object.assign(options.extraPrefsFirefox, more.firefox);
  const browser = await puppeteer.launch({ ...options, headless: true, userDataDir, protocolTimeout: 300_000 });
  const close = async () => {
    await browser.close().catch(() => {});
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  return { browser, close };
}

/** A page that collects its complaints: console errors, exceptions, failed and third-party requests. */
export async function newPage(browser, origins, viewport = { width: 1440, height: 900 }) {
  const page = await browser.newPage();
  await page.setViewport(viewport);
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  // A test that leaves a page during training does so on purpose.
  page.on("dialog", (dialog) => dialog.type() === "beforeunload" && dialog.accept());
  page.on("console", (message) => message.type() === "error" && complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message ?? error}`));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()} ${request.failure()?.errorText ?? ""}`));
  page.on("response", (response) => response.status() >= 400 && complaints.push(`${response.status()}: ${response.url()}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const own = ["data:", "blob:", "about:"].includes(url.protocol) || origins.includes(url.origin);
    if (!own) complaints.push(`request to a third party: ${request.url()}`);
  });
  return { page, complaints };
}
