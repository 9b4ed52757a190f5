// @ts-check
/**
 * The interface between the curves and their panes.
 *
 * @typedef {object} CurvesData The news since the last update.
 * @property {number} [lane] the network (0)
 * @property {Float32Array} [training] rows of step, loss, accuracy (of the batch)
 * @property {Float32Array} [test] rows of step, loss, accuracy
 * @property {Float32Array} [fit] the same on training images, in evaluation mode
 * @property {{step: number, label: string}[]} [events] all switches changed so far, oldest first
 * @property {number} [stepsPerEpoch] 0 or none: no epochs are shown
 * @property {boolean} [restart] forget the run so far first
 * @property {string[]} [lanes] names of the networks side by side; one name for a single network
 * @property {number[]} [kept] the previous index of each
 *
 * @typedef {"loss" | "accuracy"} Quantity
 *
 * @typedef {{palette: import("../colours.js").Palette, font: {family: string, size: number}}} Style
 *
 * @typedef {object} Frame The chart around a pane: everything that its panes share.
 * @property {import("../frame.js").ChartOptions} options
 * @property {import("../frame.js").ChartOptions["t"]} t
 * @property {Style["palette"]} palette
 * @property {Style["font"]} font
 * @property {import("../numbers.js").Numbers} numbers
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
