// How far a layer's activations move while the network trains.
import settings from "./lessons.json" with { type: "json" };

const { layer, numbers } = settings.lessons["covariate-shift"];

/** Steps before the drift is counted: until then the running statistics of batch normalisation are still settling (0.9^50 = 0.005). */
const { settled: SETTLED } = numbers;

/** Measures of a distribution's location. */
const PLACES = /** @type {const} */ (["p50", "p95", "mean"]);

/** @param {import("./measure.js").Lane | undefined} lane */
export const settled = (lane) => (lane?.history ?? []).filter(({ step }) => step >= SETTLED);

/**
 * How far the measured layer's activations move between snapshots, on average: the largest move of median, 95th percentile and mean, in
 * standard deviations of the earlier snapshot.
 * @param {import("./measure.js").Lane | undefined} lane
 */
export function drift(lane) {
  const looks = settled(lane).map(({ layers }) => layers[layer]);
  const moves = looks.slice(1).map((look, at) => Math.max(...PLACES.map((place) => Math.abs(look[place] - looks[at][place]))) / looks[at].std);
  return moves.reduce((sum, x) => sum + x, 0) / moves.length;
}
