// The lab in Chromium for the tests of one file: importing it starts both before the first test and ends both after the last.
import { after, before } from "node:test";
import { launch } from "./browsers.mjs";
import { startShortLab } from "./servers.mjs";

export let lab, browser;
let close;
before(async () => {
  lab = await startShortLab();
  ({ browser, close } = await launch("chromium"));
});
after(async () => {
  await close?.();
  lab?.close();
});
