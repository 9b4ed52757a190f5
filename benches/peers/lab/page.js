/** The page of the browser run: a worker for each peer, so that they share nothing but the machine. */
import { Workers } from "../../../www/js/session/workers.js";
import { mostSteps, runCase } from "./case.js";
import { SHARD, makeSetting } from "./setting.js";
import * as assets from "./assets.js";

function worker(name) {
  const started = new Worker("/bundle/worker.js", { type: "module" });
  const helpers = new Workers((message, transfer = []) => started.postMessage(message, transfer));
  const call = (method, ...args) =>
    new Promise((resolve, reject) => {
      started.onmessage = ({ data }) => {
        if (data.event === "worker") helpers.receive(data.detail);
        else if ("error" in data) reject(new Error(data.error));
        else resolve(data.answer);
      };
      started.onerror = (event) => reject(new Error(event.message));
      started.postMessage({ method, args });
    });
  const created = call("create", name);
  return {
    open: async (setting) => (await created, call("open", setting)),
    steps: (count) => call("steps", count),
    run: (count) => call("run", count),
    close: async () => {
      started.terminate();
      helpers.close();
    },
  };
}

const tell = (kind, value) => fetch(`/tell/${kind}`, { method: "POST", body: JSON.stringify(value) });

async function main() {
  const plan = JSON.parse(decodeURIComponent(location.search.slice(1)));
  const what = { ...plan, shards: Math.ceil((mostSteps(plan) * plan.batch) / SHARD) };
  const { glue } = await assets.module("simd128");
  const setting = await makeSetting(glue, await assets.data(what.shards), what);
  const peers = await runCase(plan, worker, setting, (text) => tell("progress", text));
  await tell("outcome", { macs: setting.macs, peers });
}

main().catch((error) => tell("failure", String(error?.stack ?? error)));
