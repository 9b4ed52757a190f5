// @ts-check
/** A lesson's run that was recorded elsewhere, replayed with the events of a session. */
import { address } from "../../kit/files.js";
import { packActivation, packGradient, unpackActivation, unpackGradient } from "./packed.js";
import { Recording } from "./recording.js";

/**
 * @typedef {object} File `data/lessons/<lesson>.json`, written by `tests/browser/record_lessons.mjs`.
 * @property {string} lesson
 * @property {string} fragment the lesson's fragment at the time of recording
 * @property {string} version of the settings
 * @property {string} date
 * @property {number} seed
 * @property {{name: string, simd: string, workers: number}} backend
 * @property {Record<string, string>} config of the first network: the settings in which others differ, or that charts read
 * @property {string[]} names of the blocks
 * @property {number} classes
 * @property {number} until steps
 * @property {string} outcome as measured
 * @property {FileLane[]} lanes
 *
 * @typedef {object} FileLane
 * @property {Record<string, string>} changes to the first network
 * @property {(number | null)[]} loss of each step; null where it was not finite
 * @property {number[]} accuracy
 * @property {[step: number, loss: number, accuracy: number, ...train: number[]][]} tests
 * @property {{step: number, layer: string} | null} divergence
 * @property {PackedLook[]} looks
 * @property {string[]} [names] of its blocks, if they are not those of the first network
 * @property {[step: number, ...values: number[][]][]} [numbers] of all snapshots, of which `looks` has only some: the first `NUMBERS` of
 *   each block, which packed histograms only hold approximately
 *
 * @typedef {{step: number, norms?: (number | null)[], weights: string[], gradients: string[], activations: string[]}} PackedLook one row per block; `norms` of the
 *   weights are missing in recordings whose lesson does not need them
 * @typedef {{step: number, norms: (number | null)[] | undefined, weights: Float32Array[], gradients: Float32Array[], activations: Float32Array[]}} Look
 */

/** The statistics of activations that lessons may use. */
export const NUMBERS = /** @type {const} */ (["p5", "p50", "p95", "mean", "std"]);

/** @param {Look} look @returns {PackedLook} */
export function packLook({ step, norms, weights, gradients, activations }) {
  return { step, norms, weights: weights.map(packGradient), gradients: gradients.map(packGradient), activations: activations.map(packActivation) };
}

/** Concatenates rows. @param {Float32Array[]} rows */
const join = (rows) => Float32Array.from(rows.flatMap((row) => [...row]));

/** The part of a session that charts and lessons need. */
export class Recorded extends EventTarget {
  /** @param {File} file */
  constructor(file) {
    super();
    this.file = file;
    const { names, classes, config, fragment } = file;
    // Its only tensors are the recorded weights.
    const describe = (/** @type {string[]} */ names) => ({
      network: { classes, blocks: names.map((name) => ({ name })), tensors: names.map((name) => ({ name: `${name}.weight` })) },
      data: { classes: [] },
    });
    const settings = Object.fromEntries([...new URLSearchParams(fragment)].filter(([key]) => !/^lane\d$/.test(key)));
    const first = { ridges: "layers", layer: names[0], image: "0", ...config, ...settings };
    /** The part of a session's state that is read. */
    this.state = /** @type {import("../../session/state.js").State} */ (
      /** @type {unknown} */ ({
        run: 0,
        shown: 0,
        config: first,
        describe: describe(names),
        evaluation: null,
        lanes: file.lanes.map(({ changes, divergence, names: own = names }, id) => ({
          id,
          changes,
          config: { ...first, ...changes },
          describe: describe(own),
          divergence,
          step: file.until,
        })),
      })
    );
    /** Steps replayed so far. */
    this.step = 0;
    this.recording = new Recording(this, file.until, () => {});
  }

  /** What lessons measure, after the whole replay. */
  get measured() {
    return this.recording.measured;
  }

  /** @param {number[][]} blocks @returns {Record<string, import("./measure.js").Layer>} values that were not recorded are missing */
  layers(blocks) {
    return Object.fromEntries(
      blocks.map((values, at) => [
        this.file.names[at],
        /** @type {import("./measure.js").Layer} */ (Object.fromEntries(NUMBERS.map((key, i) => [key, values[i]]))),
      ]),
    );
  }

  /** Replays everything up to a step. @param {number} step */
  tell(step) {
    const from = this.step;
    this.step = Math.min(step, this.file.until);
    const news = (/** @type {number} */ at) => at > from && at <= this.step;
    const emit = (/** @type {string} */ kind, /** @type {object} */ detail, /** @type {number} */ lane) =>
      this.dispatchEvent(new CustomEvent("change", { detail: { kind, detail, lane } }));
    this.file.lanes.forEach(({ looks, tests, numbers }, lane) => {
      for (const look of looks.filter((look) => news(look.step))) emit("snapshot", snapshot(look, !numbers), lane);
      for (const [at, ...blocks] of numbers?.filter(([at]) => news(at)) ?? [])
        this.recording.keep(this.recording.lane(lane), { step: at, layers: this.layers(blocks) });
      for (const [at, loss, accuracy, ...train] of tests.filter(([at]) => news(at)))
        emit(
          "evaluation",
          { step: at, loss, accuracy, train: train.length > 0 ? { loss: train[0], accuracy: train[1] } : undefined, confusion: [], mistakes: [], pixels: [] },
          lane,
        );
    });
    // The last step completes the run, so the records come last.
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
  const response = await fetch(address(file)).catch((error) => fail({ cause: "network", why: String(error) }));
  return response.ok ? response.json() : fail({ cause: "http", status: response.status });
}
