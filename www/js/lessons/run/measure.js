// What a lesson measures in its run. A value that was not measured is NaN, and a sentence with it is not shown.
import settings from "./lessons.json" with { type: "json" };

/**
 * @typedef {object} Layer One block at one step.
 * @property {number} weight norm of the gradient of its weights
 * @property {number} size norm of its weights
 * @property {number} activation norm of the gradient of its activations
 * @property {number} zero share of that gradient's values that are exactly zero
 * @property {number} mean of its activations, as all below
 * @property {number} std
 * @property {number} max
 * @property {number} saturated share of values
 * @property {number} dead share of channels
 * @property {number} p5
 * @property {number} p50
 * @property {number} p95
 *
 * @typedef {{step: number, layers: Record<string, Layer>}} Look
 *
 * @typedef {object} Lane One of the networks side by side.
 * @property {number[][]} records rows of steps done, loss, share of right answers
 * @property {{step: number, loss: number, accuracy: number, train?: {loss: number, accuracy: number}}[]} evaluations on test images, and with `train_eval`
 *   on training images
 * @property {Look | null} first after the first step: with the same weights and images in every lane
 * @property {Look | null} last
 * @property {Look[]} history all snapshots at the lesson's steps
 * @property {{step: number, layer: string} | null} divergence
 * @property {Change[]} changes made during the run that the lesson allows
 *
 * @typedef {{step: number, key: string, value: string, before: string}} Change of a setting, effective from the step after this one
 *
 * @typedef {{names: string[], classes: number, until: number, lanes: Lane[]}} Run `names` of the blocks, first to last.
 * @typedef {Record<string, number>} Values by their names in the lesson's sentences
 * @typedef {{outcome: string, values: Values}} Measured `outcome` is one of the lesson's choices, or empty.
 */

/** Steps whose mean loss represents the end of a run. */
export const LAST = settings.last;
/** Tolerance for a sum of shares: recordings keep four digits of each. */
const ROUNDING = 1e-3;

/**
 * @param {Lane | undefined} lane
 * @param {"first" | "last"} when
 * @param {string | undefined} layer
 * @param {keyof Layer} what
 */
export const at = (lane, when, layer, what) => lane?.[when]?.layers[layer ?? ""]?.[what] ?? NaN;

/** The records of the last steps up to the run's end; none if the lane has not reached it. @param {Run} run @param {number} lane */
function tail({ lanes, until }, lane, last = LAST) {
  const rows = (lanes[lane]?.records ?? []).filter(([step]) => step <= until);
  return rows.at(-1)?.[0] === until ? rows.slice(-last) : [];
}

/** @param {number[]} values */
export const average = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Mean and its standard error. @param {number[]} values */
function mean(values) {
  const n = values.length;
  const middle = average(values);
  const variance = values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (n - 1);
  return { mean: middle, error: Math.sqrt(variance / n) };
}

/** Training loss at the run's end. @param {Run} run @param {number} lane */
export const loss = (run, lane) => mean(tail(run, lane).map((row) => row[1])).mean;

/** Mean training loss of the newest steps. @param {Lane | undefined} lane */
export const latest = (lane) => mean((lane?.records ?? []).slice(-LAST).map((row) => row[1])).mean;

/** Training accuracy at the run's end. @param {Run} run @param {number} lane */
export const accuracy = (run, lane) => mean(tail(run, lane).map((row) => row[2])).mean;

/**
 * Steps until the training accuracy reaches a share, on average over this many batches; 0 if it never does.
 * @param {Run} run @param {number} lane @param {number} share @param {number} batches
 */
export function stepsTo({ lanes, until }, lane, share, batches) {
  if (!lanes[lane]) return NaN;
  const rows = lanes[lane].records.filter(([step]) => step <= until);
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    sum += rows[i][2] - (rows[i - batches]?.[2] ?? 0);
    if (i >= batches - 1 && sum >= share * batches - ROUNDING) return rows[i][0];
  }
  return 0;
}

/**
 * Loss of lane `a` minus that of lane `b` on the same batches, with the standard error of that mean.
 * @param {Run} run @param {number} a @param {number} b
 */
export function difference(run, a, b) {
  const [of, than] = [tail(run, a), tail(run, b)];
  return mean(of.length === than.length ? of.map((row, i) => row[1] - than[i][1]) : []);
}

/** Training error over the last batches of the run. @param {Run} run @param {number} lane @param {number} batches */
export const errorAtEnd = (run, lane, batches) => 1 - mean(tail(run, lane, batches).map((row) => row[2])).mean;

/** The loss of random guessing. @param {Run} run */
export const guessing = ({ classes }) => Math.log(classes);

/** Whether a difference is larger than chance explains. @param {{mean: number, error: number}} difference */
export const decided = ({ mean: apart, error }) => Math.abs(apart) > settings.errors * error;

/** The evaluation on test images at the run's end. @param {Run} run @param {number} lane */
export const test = ({ lanes, until }, lane) =>
  lanes[lane]?.evaluations.find(({ step }) => step === until) ?? { step: NaN, loss: NaN, accuracy: NaN, train: undefined };

/** The same on training images, with all units on. @param {Run} run @param {number} lane @returns {{loss: number, accuracy: number}} */
export const fit = (run, lane) => test(run, lane).train ?? { loss: NaN, accuracy: NaN };

/** The first and the last snapshot of every lane. A picture of snapshots changes when, and only when, one of these does. @param {Run | undefined} run */
export const endsOf = (run) => (run?.lanes ?? []).flatMap(({ first, last }) => [first, last]);

/** Whether both hold the same values and the very same objects: the same snapshots, not only the same steps. @param {unknown[]} a @param {unknown[] | null} b */
export const same = (a, b) => a.length === b?.length && a.every((value, at) => Object.is(value, b[at]));

/** The last hidden block, before the logits. @param {Run} run */
export const lastHidden = ({ names }) => names.at(-2);

/**
 * Value below which a share `q` of the activations lies, interpolated within its bin.
 * @param {import("../../charts/rows.js").Activation} activation
 * @param {number} q
 */
export function quantile({ bins, min, max }, q) {
  const total = bins.reduce((sum, count) => sum + count, 0);
  const width = (max - min) / bins.length;
  let left = q * total;
  for (let bin = 0; bin < bins.length; bin++) {
    if (bins[bin] > 0 && left <= bins[bin]) return min + width * (bin + left / bins[bin]);
    left -= bins[bin];
  }
  return max;
}
