/** One case of the benchmark: the peers take turns to train the same network, a step or a short group of steps each. */

/** Time that a fast peer fills with several steps in its turn. */
const TURN_MS = 300;
const MOST_A_TURN = 4;
/** Approximate time of the run that waits for no loss; the run is left out if even the fewest steps would take too long. */
const RUN_MS = 3000;
const RUN_STEPS = { least: 6, most: 30 };
const RUN_MOST_MS = 15_000;

/** The most steps that a peer can do in a case. */
export const mostSteps = ({ turns }) => 1 + turns * MOST_A_TURN + RUN_STEPS.most;

/**
 * @param {{peers: string[], turns: number, least: number, seconds: number}} plan each peer has up to `turns` turns, fewer
 *   when they would take more than `seconds`, but at least `least`
 * @param {(name: string) => {open: Function, steps: Function, run: Function, close: Function}} host
 * @param {any} setting
 * @param {(text: string) => void} say
 */
export async function runCase(plan, host, setting, say) {
  const peers = [];
  for (const name of plan.peers) {
    const peer = { name, host: host(name), ms: [], turns: [], losses: [], spent: 0 };
    try {
      Object.assign(peer, await peer.host.open(setting));
      say(`${name}: opened in ${peer.open_ms.toFixed()} ms, warmed up in ${peer.warm_ms.toFixed()} ms`);
    } catch (error) {
      peer.error = String(error?.message ?? error);
      say(`${name}: ${peer.error}`);
    }
    peers.push(peer);
  }
  for (let turn = 0; turn < plan.turns; turn++) {
    const due = peers.filter((peer) => !peer.error && (turn < plan.least || peer.spent + peer.ms.at(-1) < plan.seconds * 1000));
    for (const peer of due) await takeTurn(peer, say);
    say(`turn ${turn + 1}: ${due.map((peer) => `${peer.name} ${peer.ms.at(-1)?.toFixed(1)} ms`).join(", ")}`);
  }
  for (const peer of peers) await runFree(peer, say);
  for (const peer of peers) await peer.host.close();
  return peers.map((peer) => outcome(peer));
}

async function takeTurn(peer, say) {
  const count = Math.max(1, Math.min(Math.floor(TURN_MS / (peer.ms.at(-1) ?? TURN_MS)), MOST_A_TURN));
  try {
    const { ms, losses, counts } = await peer.host.steps(count);
    peer.ms.push(...ms);
    peer.turns.push(median(ms));
    peer.losses.push(...losses);
    peer.spent += ms.reduce((sum, x) => sum + x, 0);
    peer.counts = perStep(counts, count);
  } catch (error) {
    peer.error = String(error?.message ?? error);
    say(`${peer.name}: ${peer.error}`);
  }
}

async function runFree(peer, say) {
  const steps = Math.max(RUN_STEPS.least, Math.min(Math.round(RUN_MS / peer.ms.at(-1)), RUN_STEPS.most));
  if (peer.error || steps * peer.ms.at(-1) > RUN_MOST_MS) return;
  try {
    const free = await peer.host.run(steps);
    if (free) peer.free = { ms: free.ms / steps, steps, ...perStep(free.counts, steps) };
  } catch (error) {
    say(`${peer.name}: ${error?.message ?? error}`);
  }
}

const perStep = (counts, steps) => Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, count / steps]));

function outcome({ name, error, adapter, version, kernel, ms, turns, losses, counts, free, open_ms, warm_ms }) {
  if (error) return { name, error };
  return {
    name, version, adapter, kernel, steps: ms.length, open_ms, warm_ms,
    ms: { median: median(ms), min: Math.min(...ms), max: Math.max(...ms) },
    turns, counts, free,
    losses: losses.filter((loss) => !Number.isNaN(loss)),
  };
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  return (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) / 2;
}
