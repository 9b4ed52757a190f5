// @ts-check
/** A lesson's run that was recorded elsewhere, told again as a session tells a run. */
import { packActivation, packGradient, unpackActivation, unpackGradient } from "./packed.js";
import { Recording } from "./recording.js";

/**
 * @typedef {object} File `data/lessons/<lesson>.json`, written by `tests/browser/record_lessons.mjs`.
 * @property {string} lesson
 * @property {string} fragment the lesson's, when it was recorded
 * @property {string} version of the settings
 * @property {string} date
 * @property {number} seed
 * @property {{name: string, simd: string, workers: number}} backend
 * @property {Record<string, string>} config of the first network, as far as others differ in it or charts read it
 * @property {string[]} names of the blocks
 * @property {number} classes
 * @property {number} until steps
 * @property {string} outcome that was measured
 * @property {FileLane[]} lanes
 *
 * @typedef {object} FileLane
 * @property {Record<string, string>} changes to the first network
 * @property {(number | null)[]} loss of each step; null where it was not finite
 * @property {number[]} accuracy
 * @property {[step: number, loss: number, accuracy: number][]} tests
 * @property {{step: number, layer: string} | null} divergence
 * @property {PackedLook[]} looks
 * @property {[step: number, ...values: number[][]][]} [numbers] of all looks, where those above are some of them, the first ones of `NUMBERS` for
 *   each block: packed histograms only have them roughly
 *
 * @typedef {{step: number, norms?: (number | null)[], weights: string[], gradients: string[], activations: string[]}} PackedLook a row a block; `norms` of the
 *   weights are missing in recordings that no lesson reads them from
 * @typedef {{step: number, norms: (number | null)[] | undefined, weights: Float32Array[], gradients: Float32Array[], activations: Float32Array[]}} Look
 */

/** What a lesson may read of activations. */
export const NUMBERS = /** @type {const} */ (["p5", "p50", "p95", "mean", "std"]);

/** @param {Look} look @returns {PackedLook} */
export function packLook({ step, norms, weights, gradients, activations }) {
  return { step, norms, weights: weights.map(packGradient), gradients: gradients.map(packGradient), activations: activations.map(packActivation) };
}

/** One after the other. @param {Float32Array[]} rows */
const join = (rows) => Float32Array.from(rows.flatMap((row) => [...row]));

/** What charts and lessons need of a session. */
export class Recorded extends EventTarget {
  /** @param {File} file */
  constructor(file) {
    super();
    this.file = file;
    const { names, classes, config, fragment } = file;
    // Its only tensors are the weights that were looked at.
    const network = { classes, blocks: names.map((name) => ({ name })), tensors: names.map((name) => ({ name: `${name}.weight` })) };
    const describe = { network, data: { classes: [] } };
    const settings = Object.fromEntries([...new URLSearchParams(fragment)].filter(([key]) => !/^lane\d$/.test(key)));
    const first = { ridges: "layers", layer: names[0], image: "0", ...config, ...settings };
    /** @type {any} as much of a session's state as is read */
    this.state = {
      run: 0,
      shown: 0,
      config: first,
      describe,
      evaluation: null,
      lanes: file.lanes.map(({ changes, divergence }, id) => ({ id, changes, config: { ...first, ...changes }, describe, divergence, step: file.until })),
    };
    /** Steps that have been told. */
    this.step = 0;
    this.recording = new Recording(/** @type {any} */ (this), file.until, () => {});
  }

  /** What lessons measure, once all is told. */
  get measured() {
    return this.recording.measured;
  }

  /** @param {number[][]} blocks @returns {Record<string, any>} what was not recorded is missing */
  layers(blocks) {
    return Object.fromEntries(blocks.map((values, at) => [this.file.names[at], Object.fromEntries(NUMBERS.map((key, i) => [key, values[i]]))]));
  }

  /** Tells what came up to a step. @param {number} step */
  tell(step) {
    const from = this.step;
    this.step = Math.min(step, this.file.until);
    const news = (/** @type {number} */ at) => at > from && at <= this.step;
    const emit = (/** @type {string} */ kind, /** @type {any} */ detail, /** @type {number} */ lane) =>
      this.dispatchEvent(new CustomEvent("change", { detail: { kind, detail, lane } }));
    this.file.lanes.forEach(({ looks, tests, numbers }, lane) => {
      for (const look of looks.filter((look) => news(look.step))) emit("snapshot", snapshot(look, !numbers), lane);
      for (const [at, ...blocks] of numbers?.filter(([at]) => news(at)) ?? [])
        this.recording.keep(this.recording.lane(lane), { step: at, layers: this.layers(blocks) });
      for (const [at, loss, accuracy] of tests.filter(([at]) => news(at)))
        emit("evaluation", { step: at, loss, accuracy, confusion: [], mistakes: [], pixels: [] }, lane);
    });
    // A run that has its last step is complete, so these come last.
    this.file.lanes.forEach(({ loss, accuracy }, lane) => {
      const rows = loss.slice(from, this.step).flatMap((value, at) => [from + at, value ?? NaN, accuracy[from + at]]);
      if (rows.length > 0) emit("records", Float64Array.from(rows), lane);
    });
  }
}

/** @param {PackedLook} look @param {boolean} fixed @returns {import("../../worker/types.js").Snapshot} */
function snapshot({ step, norms = [], weights, gradients, activations }, fixed) {
  return {
    step,
    fixed,
    norms: Float32Array.from(norms, (norm) => norm ?? NaN),
    parameters: join(weights.map(unpackGradient)),
    activation_gradients: join(gradients.map(unpackGradient)),
    activations: join(activations.map(unpackActivation)),
  };
}

/** @param {string} lesson @returns {Promise<File>} */
export async function fetchRecording(lesson) {
  const file = `data/lessons/${lesson}.json`;
  const fail = (/** @type {object} */ why) => Promise.reject({ code: "download", file, ...why });
  const response = await fetch(new URL(`../${file}`, import.meta.url)).catch((error) => fail({ cause: "network", why: String(error) }));
  return response.ok ? response.json() : fail({ cause: "http", status: response.status });
}
