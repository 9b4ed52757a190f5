// @ts-check
/**
 * What crosses between the engine's worker and the page. The Rust side is `src/web/`.
 *
 * @typedef {{key: string, kind: "choice" | "switch" | "integer" | "number", options?: string[], min?: number, max?: number,
 *   log?: boolean, effect: "live" | "rebuild" | "restart" | "view", lane: boolean, default: string}} Setting `lane`: lanes may differ in it.
 *
 * @typedef {{code: string, message?: string, [field: string]: unknown}} Problem An error or a note: `errors.<code>`, `notes.<code>`.
 *
 * @typedef {{fragment: string, notes: Problem[], lanes: {fragment: string, changes: Record<string, string>, config: Record<string, string>}[]}} Read
 *   What a fragment says: that of each lane, and how it differs from the first.
 * @typedef {{fragment: string, lanes: {changes: Record<string, string>, describe: Description}[], seconds?: number}} Described
 *   `seconds` that a step of all lanes takes, estimated.
 *
 * @typedef {{height: number, width: number, channels: number}} Shape
 * @typedef {{name: string, kind: string, input: Shape, output: Shape, kernel?: number, stride?: number, padding?: number,
 *   function?: string, pool?: string, [constant: string]: unknown}} Layer
 * @typedef {{name: string, layers: {start: number, end: number}, activation: number, macs: number, parameters: number}} Block
 * @typedef {{name: string, shape: number[]}} Tensor
 *
 * @typedef {object} Description
 * @property {Record<string, string>} config every key as text
 * @property {string} fragment the canonical `v=1&...`
 * @property {{input: Shape, classes: number, layers: Layer[], blocks: Block[], tensors: Tensor[]}} network
 * @property {{name: "gpu" | "cpu", adapter: string, software: boolean, reason: string,
 *   simd: "simd128" | "relaxed", kernels: Kernels | null, workers: number}} backend
 * @property {string} adapters what the engine knows of adapters, to be given back in the next visit
 * @property {{parameters: number, macs: number, training_macs: number, memory_bytes: number, dispatches: number}} cost
 * @property {{name: string, classes: string[], train_total: number, test_total: number, train_arrived: number,
 *   test_arrived: number, held_out: boolean, source: "builtin" | "generated" | "files"}} data
 * @property {string} hints what keeps these settings from learning: `hints.<code>`, each with a blank behind it
 * @property {number} step
 *
 * @typedef {{family: "registers" | "tiled", measured: {registers: number, tiled: number} | null}} Kernels GFLOP/s
 *
 * @typedef {{step: number, parameters: Float32Array, norms: Float32Array, activation_gradients: Float32Array, activations: Float32Array,
 *   fixed?: boolean}} Snapshot `fixed`: it is of a step that `Watch.every` names
 * @typedef {{step: number, loss: number, accuracy: number, count: number, confusion: Uint32Array, mistakes: Float32Array,
 *   pixels: Uint8Array, pair?: {accuracies: Float64Array, pixels: Uint8Array}}} Evaluation `pair` where something is held back
 * @typedef {{pixels: Uint8Array, labels: Uint8Array, probabilities: Float32Array}} Predictions
 * @typedef {{unit: Unit, outputs: (Float32Array | undefined)[], learnt: (Float32Array | undefined)[]}} UnitReading
 * @typedef {{step: number, layer: string, place: string, remedy: string}} Divergence
 *
 * @typedef {"loading" | "compiling" | "ready" | "running" | "waiting" | "paused" | "diverged" | "lost" | "failed"} Phase
 *
 * @typedef {object} Watch What the page shows just now, so that the worker measures nothing that nobody sees.
 * @property {boolean} snapshot
 * @property {boolean} batch
 * @property {boolean} filters
 * @property {{layer: string, image: number} | null} maps
 * @property {{first: number, count: number} | null} predict
 * @property {Unit | null} unit
 * @property {number} every steps: at the first one and every so many there is a snapshot, whatever the clock says; 0 for none such
 *
 * @typedef {{image: number, channel?: number, layers: string[], learnt: string[]}} Unit Whose outputs, (height, width, channels), are read for an
 *   image, and what has been learnt for the channel, or for all.
 *
 * @typedef {(event: string, detail?: any, transfer?: Transferable[]) => void} Report says something to the page
 *
 * @typedef {{loaded: number, total: number, name: string}} Progress bytes of data that have arrived
 */
export {};
