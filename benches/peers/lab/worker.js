/** Hosts one peer in a worker; one call at a time. */
import * as assets from "./assets.js";
import { Host, install } from "./host.js";
import { nudgeQueues } from "../../../www/js/worker/nudge.js";

install();
nudgeQueues(); // as the page does, for every peer
let host;

const calls = {
  create: (name) => void (host = new Host(name, assets)),
  open: (setting) => host.open(setting),
  steps: (count) => host.steps(count),
  run: (count) => host.run(count),
};

onmessage = async ({ data: { method, args } }) => {
  if (method === undefined) return; // for one of our helpers
  try {
    postMessage({ answer: await calls[method](...args) });
  } catch (error) {
    postMessage({ error: String(error?.message ?? error) });
  }
};
