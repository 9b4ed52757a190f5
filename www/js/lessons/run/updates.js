// The steps of a layer relative to its weights. Without momentum and weight decay a step is the gradient times the learning rate.
import settings from "./lessons.json" with { type: "json" };

const { layer, numbers } = settings.lessons["scale-of-weights"];

/** The layer whose initial weights are multiplied, their factor in the second and the fourth network, and the learning rate. */
export const [LAYER, SCALE, RATE] = [layer, numbers.scale, numbers.rate];

/** ‖ΔW‖ / ‖W‖ of a layer. @param {import("./measure.js").Look} look @param {string} layer */
export const relativeUpdate = ({ layers }, layer) => (layers[layer] ? (RATE * layers[layer].weight) / layers[layer].size : NaN);

/** The same at every snapshot. @param {import("./measure.js").Lane} lane @param {string} layer @returns {{steps: number[], values: number[]}} */
export function updatesOf({ history }, layer) {
  return { steps: history.map(({ step }) => step), values: history.map((look) => relativeUpdate(look, layer)) };
}

/** Mean ratio over the snapshots that both have. @param {import("./measure.js").Lane | undefined} of @param {import("./measure.js").Lane | undefined} than */
export function updateRatio(of, than) {
  if (!of || !than) return NaN;
  const [a, b] = [of, than].map((lane) => updatesOf(lane, LAYER));
  const ratios = a.steps.flatMap((step, at) => (b.steps.includes(step) ? [a.values[at] / b.values[b.steps.indexOf(step)]] : []));
  return ratios.reduce((sum, x) => sum + x, 0) / ratios.length;
}

/** Mean of ‖ΔW‖ / ‖W‖ over the snapshots. @param {import("./measure.js").Lane | undefined} lane */
export function meanUpdate(lane) {
  const { values } = lane ? updatesOf(lane, LAYER) : { values: [] };
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}
