// The options of the benchmark and the cases that follow from them.
import { join } from "node:path";
import { parseArgs } from "node:util";

const HERE = import.meta.dirname;
export const ROOT = join(HERE, "..", "..");
export const WORK = join(ROOT, "target", "peers");

const OURS = ["ours-gpu", "ours-cpu"];
const CPUS = ["ours-cpu", "ours-cpu-2", "ours-cpu-relaxed", "ours-cpu-relaxed-2", "product-cpu", "product-cpu-relaxed"];
const PRODUCTS = ["product-gpu", "product-cpu"];
/** These need a browser. */
const BROWSER = ["ours-cpu-2", "ours-cpu-relaxed-2", "tfjs-webgl"];
const PEERS = ["tfjs-webgpu", "tfjs-webgl", "tfjs-cpu", "convnetjs"];
export const ALL = [...new Set(["ours-gpu", ...CPUS, ...PEERS, ...PRODUCTS])];

/** Cases of a run in software: [peers, variant, batch]. Slow peers get few cases, with small batches. */
const DEFAULT = {
  chromium: [
    [[...OURS, "tfjs-webgpu", "tfjs-webgl", ...PRODUCTS], "none", 16],
    [["ours-gpu", ...CPUS, "tfjs-cpu", "convnetjs"], "none", 8],
    [[...OURS, "tfjs-webgpu"], "lrn", 16],
    [[...OURS, "tfjs-webgpu"], "bn", 16],
    [[...OURS, "tfjs-webgpu"], "dropout", 16],
    [[...OURS, "tfjs-webgpu"], "none", 32],
    [["ours-gpu", "product-gpu", ...CPUS], "none", 128],
  ],
  firefox: [
    [[...OURS, "tfjs-webgpu", "tfjs-webgl", ...PRODUCTS], "none", 16],
    [["ours-gpu", ...CPUS, "tfjs-cpu", "convnetjs"], "none", 8],
    [[...OURS, "tfjs-webgpu"], "lrn", 16],
    [["ours-gpu", "product-gpu", ...CPUS], "none", 128],
  ],
  node: [
    [[...OURS, "tfjs-webgpu", ...PRODUCTS], "none", 16],
    [[...OURS, "tfjs-webgpu"], "lrn", 16],
  ],
};
const FULL = { variants: ["none", "lrn", "bn", "dropout"], batches: [8, 16, 32, 128] };

const HELP = `options:
  --browsers LIST    of chromium, firefox (both)
  --variants LIST    of none, lrn, bn, dropout
  --batches LIST     images a step
  --widths LIST      of 0.25, 0.5, 1, 2 (1)
  --peers LIST       of ${ALL.join(", ")}
  --turns N          turns of a peer, at most (12); a fast one does up to four steps a turn
  --least N          and at least, however slow it is (2)
  --seconds N        measured time of a peer, after which it has no further turn (40)
  --full             every variant, batch and peer
  --out FILE         where the figures go (benches/peers/peers.json)
  --append           add to that file instead of replacing it`;

/** @param {string[]} places what the cases run in, by name: "chromium", "firefox" or "node" */
export function read(places) {
  const text = { type: "string" };
  const flag = { type: "boolean", default: false };
  const options = {
    browsers: { ...text, default: "chromium,firefox" }, variants: text, batches: text, widths: { ...text, default: "1" }, peers: text,
    turns: { ...text, default: "12" }, least: { ...text, default: "2" }, seconds: { ...text, default: "40" },
    full: flag, append: flag, help: flag, out: { ...text, default: join(HERE, "peers.json") },
  };
  const { values } = parseArgs({ options });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const list = (value) => value?.split(",").filter(Boolean);
  const chosen = places ?? list(values.browsers);
  const cases = chosen.flatMap((place) => casesOf(place, values, list).map((plan) => ({ place, ...plan })));
  return { cases, out: values.out, append: values.append };
}

function casesOf(place, values, list) {
  const given = values.full || values.variants || values.batches || values.peers;
  const widths = list(values.widths).map(Number);
  const peers = list(values.peers) ?? ALL.filter((name) => place !== "node" || !BROWSER.includes(name));
  const wrong = peers.find((name) => !ALL.includes(name));
  if (wrong) throw new Error(`there is no peer ${wrong}; known are ${ALL.join(", ")}`);
  const full = (variant) => (list(values.batches) ?? (values.full ? FULL.batches : [16])).map((batch) => [peers, variant, Number(batch)]);
  const cases = given ? (list(values.variants) ?? (values.full ? FULL.variants : ["none"])).flatMap(full) : DEFAULT[place];
  const [turns, least, seconds] = [values.turns, values.least, values.seconds].map(Number);
  return widths.flatMap((width) =>
    cases.map(([peers, variant, batch]) => {
      // ConvNetJS has no batch normalisation.
      const able = peers.filter((name) => name !== "convnetjs" || variant !== "bn");
      return { peers: able, variant, batch, width, turns, least, seconds };
    }),
  );
}
