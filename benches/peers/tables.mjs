// Turns measurements into the figures of peers.json, and these into tables.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { median } from "./lab/case.js";

/** 512^3, the product that shows the best rate of the machine. */
const PRODUCT_OPERATIONS = 2 * 512 ** 3;
/** The first loss comes from one forward pass in f32. Its longest sum has 1,600 terms and eight follow one another; the
 * rounding of each term is 6e-8 of its size, so that two correct programs differ by less than 8 * 1600 * 6e-8. */
const TOLERANCE = 8e-4;

/** How many times as long `peer` took as `other`: the median over the turns of both, since a machine's speed drifts. */
const ratio = (peer, other) =>
  median(peer.turns.slice(0, other.turns.length).map((ms, turn) => ms / other.turns[turn]));

/** Adds images per second, rates, ratios to ours and the share of the pure product to each peer of a run. */
export function derive(run) {
  const find = (name) => run.peers.find((peer) => peer.name === name && !peer.error);
  const [gpu, cpu] = [find("ours-gpu"), find("ours-cpu")];
  const reference = cpu ?? gpu;
  for (const peer of run.peers.filter((peer) => !peer.error)) {
    const product = peer.name.startsWith("product");
    const operations = product ? PRODUCT_OPERATIONS : 2 * run.macs * run.batch;
    peer.gflops = operations / peer.ms.median / 1e6;
    if (product) continue;
    peer.images_per_second = (run.batch / peer.ms.median) * 1e3;
    peer.times_ours_gpu = gpu && ratio(peer, gpu);
    peer.times_ours_cpu = cpu && ratio(peer, cpu);
    // Each library draws its own dropout masks.
    if (run.variant !== "dropout" && reference) peer.first_loss_differs = Math.abs(peer.losses[0] / reference.losses[0] - 1);
    peer.same_network = peer.first_loss_differs === undefined || peer.first_loss_differs < TOLERANCE;
  }
  // Two workers are compared with two products, one per core.
  const shares = [["ours-gpu", "product-gpu", 1], ["ours-cpu", "product-cpu", 1], ["ours-cpu-2", "product-cpu", 2]];
  shares.push(["ours-cpu-relaxed", "product-cpu-relaxed", 1], ["ours-cpu-relaxed-2", "product-cpu-relaxed", 2]);
  for (const [name, of, workers] of shares) {
    const [ours, product] = [find(name), find(of)];
    if (ours && product) ours.share_of_product = (ratio(product, ours) * 2 * run.macs * run.batch) / PRODUCT_OPERATIONS / workers;
  }
  return run;
}

/** Writes after every run, so that an interrupted benchmark leaves what it has. */
export class Figures {
  constructor(file, append) {
    this.file = file;
    const before = append && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).runs : [];
    this.runs = before;
  }

  add(run) {
    const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores`;
    this.runs.push(derive({ when: new Date().toISOString(), machine, ...run }));
    writeFileSync(this.file, JSON.stringify({ runs: this.runs }, null, 1) + "\n");
    console.log(table(this.runs.at(-1)));
  }
}

const COLUMNS = [
  ["peer", (peer) => [peer.name, peer.version].filter(Boolean).join(" ")],
  ["ms a step", (peer) => number(peer.ms.median)],
  ["min", (peer) => number(peer.ms.min)],
  ["max", (peer) => number(peer.ms.max)],
  ["steps", (peer) => peer.steps],
  ["images/s", (peer) => number(peer.images_per_second)],
  ["GFLOP/s", (peer) => number(peer.gflops)],
  ["of product", (peer) => peer.share_of_product && `${(100 * peer.share_of_product).toFixed()} %`],
  ["x ours gpu", (peer) => number(peer.times_ours_gpu)],
  ["x ours cpu", (peer) => number(peer.times_ours_cpu)],
  ["dispatches", (peer) => count(peer, "dispatches")],
  ["submits", (peer) => count(peer, "submits")],
  ["readbacks", (peer) => count(peer, "readbacks")],
  ["free-running ms", (peer) => peer.free && number(peer.free.ms)],
  ["awaited", (peer) => peer.free && count(peer.free, "awaited", peer)],
  ["first loss", (peer) => peer.losses?.[0]?.toFixed(5)],
];

/** Counts are of interest only where WebGPU is used. */
function count(peer, key, owner = peer) {
  const counts = peer.counts ?? peer;
  const used = owner.counts?.submits > 0;
  return used && !owner.name.startsWith("product") ? number(counts[key]) : undefined;
}

function number(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return undefined;
  if (value === 0) return "0";
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A run as text, one row per peer. */
export function table(run) {
  const good = run.peers.filter((peer) => !peer.error);
  const columns = COLUMNS.filter(([, cell]) => good.some((peer) => cell(peer) !== undefined));
  const rows = [columns.map(([title]) => title), ...good.map((peer) => columns.map(([, cell]) => String(cell(peer) ?? "")))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  const adapters = new Set(good.map((peer) => peer.adapter).filter(Boolean));
  const notes = [
    ...run.peers.filter((peer) => peer.error).map((peer) => `${peer.name}: ${peer.error}`),
    ...good.filter((peer) => peer.same_network === false).map((peer) => `${peer.name} DOES NOT TRAIN THE SAME NETWORK: its first loss differs`),
    ...good.filter((peer) => peer.kernel).map((peer) => `${peer.name}: ${peer.kernel}`),
  ];
  const title = `\n${run.where}; ${run.variant}, batch ${run.batch}, width ${run.width}; ${[...adapters].join("; ")}`;
  return [title, ...rows.map(line), ...notes].join("\n");
}
