// @ts-check
/**
 * The data exchanged between the engine's worker and the page. The Rust side is `src/web/`.
 *
 * @typedef {{key: string, kind: "choice" | "switch" | "integer" | "number", options?: string[], min?: number, max?: number,
 *   log?: boolean, effect: "live" | "rebuild" | "restart" | "view", lane: boolean, default: string}} Setting `lane`: lanes may differ in it.
 *
 * @typedef {{code: string, message?: string, key?: string, why?: string, file?: string, cause?: string, status?: number, [field: string]: unknown}} Problem
 *   An error or a note: `errors.<code>`, `notes.<code>`.
 *
 * @typedef {{fragment: string, notes: Problem[], lanes: {fragment: string, changes: Record<string, string>, config: Record<string, string>}[]}} Read
 *   A parsed fragment: each lane's settings, and how they differ from the first lane's.
 * @typedef {{fragment: string, lanes: {changes: Record<string, string>, describe: Description}[], seconds?: number}} Described
 *   `seconds` is the estimated time of a step of all lanes.
 *
 * @typedef {{height: number, width: number, channels: number}} Shape
 * @typedef {{name: string, kind: string, input: Shape, output: Shape, kernel?: number, stride?: number, padding?: number,
 *   function?: string, pool?: string, [constant: string]: unknown}} Layer
 * @typedef {{name: string, layers: {start: number, end: number}, activation: number, lrn: "after_activation" | "after_pool" | null, macs: number, parameters: number}} Block
 * @typedef {{name: string, shape: number[]}} Tensor
 *
 * @typedef {object} Description
 * @property {Record<string, string>} config every key as text
 * @property {string} fragment the canonical `v=1&...`
 * @property {{input: Shape, classes: number, layers: Layer[], blocks: Block[], tensors: Tensor[]}} network
 * @property {{name: "gpu" | "cpu", adapter: string, software: boolean, reason: string,
 *   simd: "simd128" | "relaxed", kernels: Kernels | null, workers: number}} backend
 * @property {string} adapters the engine's measurements of adapters, to be passed in at the next visit
 * @property {{parameters: number, macs: number, training_macs: number, memory_bytes: number, dispatches: number}} cost
 * @property {{name: string, classes: string[], train_total: number, test_total: number, train_arrived: number,
 *   test_arrived: number, held_out: boolean, source: "builtin" | "generated" | "files"}} data
 * @property {string} hints reasons why these settings cannot learn: `hints.<code>`, each followed by a space
 * @property {number} step
 *
 * @typedef {{family: "registers" | "tiled", measured: {registers: number, tiled: number} | null}} Kernels GFLOP/s
 *
 * @typedef {{step: number, parameters: Float32Array, norms: Float32Array, activation_gradients: Float32Array, activations: Float32Array,
 *   fixed?: boolean}} Snapshot `fixed`: due at this step by `Watch.every`
 * @typedef {{step: number, loss: number, accuracy: number, count: number, confusion: Uint32Array, mistakes: Float32Array,
 *   pixels: Uint8Array, pair?: {accuracies: Float64Array, pixels: Uint8Array},
 *   train?: {loss: number, accuracy: number}}} Evaluation `pair` if something is held back; `train` with `train_eval`
 * @typedef {{pixels: Uint8Array, labels: Uint8Array}} Images (n, 32, 32, 3)
 * @typedef {Images & {probabilities: Float32Array}} Predictions
 * @typedef {{unit: Unit, outputs: (Float32Array | undefined)[], learnt: (Float32Array | undefined)[]}} UnitReading
 * @typedef {{step: number, layer: string, place: string, remedy: string}} Divergence
 *
 * @typedef {"asleep" | "loading" | "compiling" | "ready" | "running" | "waiting" | "paused" | "diverged" | "lost" | "failed"} Phase
 *
 * @typedef {object} Watch What the page currently shows, so that the worker measures nothing else.
 * @property {boolean} snapshot
 * @property {boolean} batch
 * @property {boolean} filters
 * @property {{layer: string, image: number} | null} maps
 * @property {{first: number, count: number} | null} predict
 * @property {Unit | null} unit
 * @property {number} every steps between snapshots that are independent of the clock, the first at step 1; 0 for none
 *
 * @typedef {{image: number, channel?: number, layers: string[], learnt: string[]}} Unit The layers whose outputs, (height, width, channels), are read for an
 *   image, and those whose learnt values are read, for the channel or for all.
 *
 * @typedef {{loaded: number, total: number, name?: string}} Progress bytes of data that have arrived
 *
 * @typedef {object} Reports The worker's reports, by event.
 * @property {Read & {schema: Setting[]}} opened
 * @property {Described} described
 * @property {Progress} progress
 * @property {Problem} data_problem
 * @property {Problem & {waiting: boolean} | null} missing images, and whether they will be fetched again automatically
 * @property {Problem[]} notes
 * @property {{lane: number, rows: Float64Array, milliseconds: number}} records rows of step, loss, accuracy
 * @property {undefined} waiting
 * @property {{lane: number, step: number, bytes: Uint8Array}} saved
 * @property {{lane: number, divergence: Divergence | null, all: boolean}} diverged
 * @property {Problem} lost
 * @property {Problem} failed
 * @property {{key: string, step: number}} stopped
 * @property {Snapshot & {lane: number}} snapshot
 * @property {Evaluation & {lane: number}} evaluation
 * @property {Images} batch
 * @property {{lane: number, values: Float32Array}} filters
 * @property {Predictions & {first: number}} predictions
 * @property {{layer: string, image: number, values: Float32Array}} maps
 * @property {UnitReading} unit
 *
 * @typedef {{[E in keyof Reports]: {event: E, detail: Reports[E]}}[keyof Reports]} Reported
 * @typedef {<E extends keyof Reports>(event: E, detail?: Reports[E], transfer?: Transferable[]) => void} Report sends a report to the page
 *
 * @typedef {object} Objects The engine's functions that return plain objects, which its generated types do not describe.
 * @property {() => Promise<Snapshot | undefined>} snapshot
 * @property {() => Promise<Evaluation | undefined>} evaluate_chunk
 * @property {(first: number, count: number) => Promise<Predictions>} predict
 * @property {() => Images | undefined} next_batch
 * @property {(layer: string, image: number) => Promise<Float32Array | undefined>} layer_output
 * @property {(layer: string, channel?: number) => Promise<Float32Array | undefined>} learnt
 *
 * @typedef {Omit<import("engine").Lab, keyof Objects | "beside"> & Objects & {beside: (fragment: string) => Promise<Lab>}} Lab
 * @typedef {Omit<typeof import("engine"), "Lab" | "help"> & {Lab: {create: (fragment: string, startHelper: StartHelper, adapters: string) => Promise<Lab>}, help: (send: Say) => Hear}} Glue
 * @typedef {(message?: unknown, transfer?: Transferable[]) => void} Say sends to another worker; no message: it is over
 * @typedef {(message?: unknown) => void} Hear receives from another worker
 * @typedef {(hear: Hear, part: number) => Say} StartHelper starts the helper that has this part of each batch, from 1
 * @typedef {{sheet: {index: string, file: string, bytes: Uint8Array}, files?: undefined} | {files: File[], sheet?: undefined}} ReadTask for the reader's worker
 * @typedef {{progress?: Progress, problem?: Problem, result?: unknown}} ReadAnswer of the reader's worker
 * @typedef {[about: string, trainPixels: Uint8Array, trainLabels: Uint8Array, testPixels: Uint8Array, testLabels: Uint8Array]} DataSet
 *   the reader's result for the user's files
 *
 * @typedef {object} Scope A worker's global scope, which TypeScript's types of a page lack.
 * @property {(message: unknown, transfer?: Transferable[]) => void} postMessage
 * @property {((event: MessageEvent) => void) | null} onmessage
 * @property {(type: "message", listener: (event: MessageEvent) => void) => void} addEventListener
 * @property {(type: "message", listener: (event: MessageEvent) => void) => void} removeEventListener
 */
export {};
