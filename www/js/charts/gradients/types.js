// @ts-check
/**
 * The interface between the gradient chart and its two views.
 *
 * @typedef {object} RidgesData
 * @property {number} step
 * @property {string[]} layers names, first layer first (n)
 * @property {Float32Array} weights gradients of the weights (n, GRADIENT_ROW)
 * @property {Float32Array} activations gradients with respect to the activations (n, GRADIENT_ROW)
 * @property {{step: number, label: string}[]} [events] changed switches, oldest first
 *
 * @typedef {"weights" | "activations"} Source
 *
 * @typedef {{left: number, floor: number, right: number, top: number, bottom: number, row: number, words: number}} Box
 *
 * @typedef {object} State Input of a view.
 * @property {Source} source
 * @property {number | null} layer the layer shown over time; null: all layers now
 * @property {Record<Source, import("../rows.js").History[]>} history
 * @property {{weights: Float32Array, activations: Float32Array}[]} ghosts newest last
 * @property {{label: string, weights: Float32Array, activations: Float32Array} | null} compared the dashed curves
 * @property {string} beforeText explains them
 * @property {import("./ridge_scale.js").RidgeScale} scale
 * @property {{box: Box}} ridges
 * @property {{ridges: {box: Box}}} [leader] the chart beside it, whose layout it shares
 * @property {HTMLElement} [bar] the choices
 *
 * @typedef {import("../canvas.js").Chart<RidgesData> & State} RidgesChart
 */
export {};
