// @ts-check
/** The page's knowledge of the run: everything that components draw from. */

/**
 * @typedef {import("../worker/types.js").Description} Description
 * @typedef {import("../worker/types.js").Problem} Problem
 * @typedef {import("../worker/types.js").Watch} Watch
 *
 * @typedef {object} State
 * @property {import("../worker/types.js").Phase} phase
 * @property {boolean} wanted the user wants it to train
 * @property {boolean} visible training is allowed: the document is visible and the element in view
 * @property {"mine" | "asked" | "other"} turn which lab of the tab may train: this one, one that is not known yet, or another one
 * @property {boolean} busy a slow command is running
 * @property {boolean} reading that command reads the user's files
 * @property {import("../worker/types.js").Setting[]} schema
 * @property {Record<string, string>} config
 * @property {string} fragment
 * @property {Description | null} describe
 * @property {Problem[]} notes
 * @property {Problem | null} problem why the lab failed or the last command was refused
 * @property {Problem & {waiting: boolean} | null} missing why images are missing, and whether they will be fetched again automatically
 * @property {number} seconds estimated seconds per step
 * @property {number} quiet seconds since the last news of the current work
 * @property {import("../worker/types.js").Divergence | null} divergence
 * @property {{key: string, step: number} | null} stopped the setting that stopped the run, and where
 * @property {import("../worker/types.js").Progress | null} progress
 * @property {number} step steps done
 * @property {number} loss of the last step
 * @property {number} accuracy
 * @property {number} milliseconds per step
 * @property {import("../worker/types.js").Evaluation | null} evaluation
 * @property {number} run counts the starts from initial weights: each clears the curves
 * @property {Lane[]} lanes networks side by side, at least one; `config`, `describe`, `step`, `loss`, `accuracy`, `evaluation` and `divergence`
 *   above are those of the shown one
 * @property {number} shown the lane shown in detail
 *
 * @typedef {object} Lane
 * @property {number} id stays when other lanes are removed or change
 * @property {Record<string, string>} changes settings in which it differs from the first
 * @property {Record<string, string>} config
 * @property {Description | null} describe
 * @property {number} step
 * @property {number} loss
 * @property {number} accuracy
 * @property {import("../worker/types.js").Evaluation | null} evaluation
 * @property {import("../worker/types.js").Divergence | null} divergence
 * @property {{step: number, bytes: Uint8Array, config: Record<string, string>} | null} saved the newest copy of its weights, and the settings then
 *
 * @typedef {import("../worker/types.js").Reports} Reports
 * @typedef {{state: undefined, cut: number, mark: Mark, records: Float64Array}
 *   & Pick<Reports, "snapshot" | "evaluation" | "batch" | "filters" | "predictions" | "maps" | "unit">} Changes
 *   The changes by kind: `cut` is the step after which the record is forgotten.
 * @typedef {{step: number, changes: [key: string, value: string, before: string][]}} Mark settings changed during training
 * @typedef {keyof Changes} Kind
 * @typedef {{[K in Kind]: {kind: K, detail: Changes[K], lane: number}}[Kind]} Change
 */

/** Phases in which a lab can train. */
export const ABLE = ["ready", "paused", "running", "waiting"];
/** Problems after which the device or the worker can no longer be used. */
export const LOST = ["device_lost", "engine_ended"];
/** Pauses before failed downloads are repeated, ms. */
export const PAUSES = [1000, 2000, 4000, 8000, 16_000];

/** The state of a run at step 0. */
export const START = { step: 0, loss: NaN, accuracy: NaN, evaluation: null, divergence: null, saved: null };

let made = 0;
/** @param {Record<string, string>} [config] @param {Record<string, string>} [changes] @returns {Lane} */
export const newLane = (config = {}, changes = {}) => ({
  id: made++,
  changes,
  config,
  describe: null,
  ...START,
});

/** Before the engine has read the fragment. @param {string} fragment @returns {State} */
export const firstState = (fragment) => ({
  phase: "asleep",
  wanted: false,
  visible: true,
  turn: "mine",
  busy: true,
  reading: false,
  schema: [],
  config: {},
  fragment,
  describe: null,
  notes: [],
  problem: null,
  stopped: null,
  progress: null,
  missing: null,
  seconds: NaN,
  quiet: 0,
  ...START,
  milliseconds: NaN,
  run: 0,
  lanes: [newLane()],
  shown: 0,
});

/** @param {Record<string, string>} first settings of the first lane @param {Record<string, string>[]} others how the others differ */
export function fragmentOf(first, others) {
  const pairs = pairsOf(first);
  const lanes = others.map(
    (changes, at) =>
      `lane${at + 2}=${Object.entries(changes)
        .map((change) => change.join(":"))
        .join()}`,
  );
  return [...pairs, ...lanes].join("&");
}

/** @param {Record<string, string | null>} settings */
export const pairsOf = (settings) => Object.entries(settings).map(([key, value]) => `${key}=${value}`);

/** The layer shown in detail: the chosen one, or the first if the network has none of that name. @param {Pick<State, "describe" | "config">} state */
export function shownLayer({ describe, config }) {
  const names = describe?.network.blocks.map(({ name }) => name) ?? [];
  return names.includes(config.layer) ? config.layer : (names[0] ?? "conv1");
}
