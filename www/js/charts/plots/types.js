// @ts-check
/**
 * What the curves and their panes know of each other.
 *
 * @typedef {object} CurvesData What is new since the last update.
 * @property {number} [lane] whose it is (0)
 * @property {Float32Array} [training] rows of step, loss, accuracy (of the batch)
 * @property {Float32Array} [test] rows of step, loss, accuracy
 * @property {{step: number, label: string}[]} [events] all flipped switches so far, oldest first
 * @property {number} [stepsPerEpoch] 0 or none: no epochs are shown
 * @property {boolean} [restart] forget the run so far first
 * @property {string[]} [lanes] how networks side by side are called; one for a single one
 * @property {number[]} [kept] the place that each of them had before
 *
 * @typedef {"loss" | "accuracy"} Quantity
 *
 * @typedef {{palette: import("../canvas.js").Palette, font: {family: string, size: number}}} Style
 *
 * @typedef {object} Frame The chart around a pane: what all its panes share.
 * @property {import("../canvas.js").ChartOptions} options
 * @property {import("../canvas.js").ChartOptions["t"]} t
 * @property {Style["palette"]} palette
 * @property {Style["font"]} font
 * @property {import("../scale.js").Numbers} numbers
 * @property {HTMLElement} spoken
 * @property {string[]} lanes
 * @property {{step: number, label: string}[]} events
 * @property {number} stepsPerEpoch
 * @property {number | null} past
 * @property {boolean} logarithmic
 * @property {boolean} differences
 * @property {boolean} gap
 * @property {(on: boolean) => void} logLoss
 * @property {(on: boolean) => void} showDifferences
 * @property {(on: boolean) => void} showGap
 */
export {};
