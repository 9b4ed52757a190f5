// @ts-check
/**
 * A block's computation of one output, repeated in 64 bits from the outputs and learnt values of the engine's layers.
 * The formulas are those of `src/layers/`.
 */

/**
 * @typedef {import("../worker/types.js").Layer} Layer
 * @typedef {import("../worker/types.js").Shape} Shape
 * @typedef {{row: number, column: number}} Place
 *
 * @typedef {object} Taps The part of the input under a window; rows and columns may lie beyond the edges.
 * @property {number} top
 * @property {number} left
 * @property {number} kernel
 *
 * @typedef {ReturnType<typeof weightedSum>["detail"] & ReturnType<typeof batchNorm>["detail"] & ReturnType<typeof pool>["detail"]
 *   & ReturnType<typeof lrn>["detail"] & ReturnType<typeof lrnOfMap>["detail"] & ReturnType<typeof softmax>["detail"] & {responses: Float32Array, channel: number}} Detail
 *
 * @typedef {object} Stage One layer of the block, at one output.
 * @property {Layer} layer
 * @property {number} value as computed here
 * @property {number} engine as computed by the engine
 * @property {number} magnitude sum of the terms' absolute values: rounding is relative to it
 * @property {Detail} detail of which there is what the layer's kind has
 */

/** The worker's name for the image as the network receives it. */
export const INPUT = "input";

/** Largest relative difference that rounding explains. */
export const TOLERANCE = 1e-4;
/** A sum below this share of its terms has lost digits to cancellation: its error is measured against that share of them. */
const CANCELLED = 0.01;

/** @param {{value: number, engine: number, magnitude: number}} stage */
export function agrees({ value, engine, magnitude }) {
  if (!Number.isFinite(engine)) return !Number.isFinite(value);
  return Math.abs(value - engine) <= TOLERANCE * Math.max(Math.abs(engine), CANCELLED * magnitude);
}

/** The window of an output. @param {Layer} layer @param {Place} place @returns {Taps} */
export function tapsOf({ kernel = 1, stride = 1, padding = 0 }, { row, column }) {
  return { top: row * stride - padding, left: column * stride - padding, kernel };
}

/** The pooled output that is shown for a place before pooling. @param {Layer} layer @param {Place} place @returns {Place} */
export function pooledPlace({ stride = 1, padding = 0, output }, { row, column }) {
  const at = (/** @type {number} */ x, /** @type {number} */ size) => Math.min(Math.floor((x + padding) / stride), size - 1);
  return { row: at(row, output.height), column: at(column, output.width) };
}

/**
 * One value of (height, width, channels); null outside the image.
 * @param {Float32Array} values @param {Shape} shape @param {number} row @param {number} column @param {number} channel
 */
export function valueAt(values, { height, width, channels }, row, column, channel) {
  const inside = row >= 0 && row < height && column >= 0 && column < width;
  return inside ? values[(row * width + column) * channels + channel] : null;
}

/** A channel's values under a window, row by row; null in the padding. @param {Float32Array} values @param {Shape} shape @param {Taps} taps @param {number} channel */
export function patch(values, shape, { top, left, kernel }, channel) {
  return Array.from({ length: kernel * kernel }, (_, tap) => valueAt(values, shape, top + Math.floor(tap / kernel), left + (tap % kernel), channel));
}

/**
 * The weights (kernel, kernel, in) that make the output at a place, then the bias. A local layer has its own for each place: all
 * weights come before all biases.
 * @param {Layer} layer @param {Float32Array} learnt of one output channel @param {Place} place
 */
export function weightsAt({ kind, output }, learnt, { row, column }) {
  if (kind !== "local") return learnt;
  const positions = output.height * output.width;
  const [at, taps] = [row * output.width + column, learnt.length / positions - 1];
  return Float32Array.from({ length: taps + 1 }, (_, tap) => learnt[tap < taps ? at * taps + tap : positions * taps + at]);
}

/**
 * Patch times filter, summed for each input channel; a fully connected layer has one tap, and its inputs are the channels.
 * @param {Layer} layer @param {Float32Array} input @param {Float32Array} learnt weights (kernel, kernel, in), then the bias @param {Place} place
 */
export function weightedSum(layer, input, learnt, place) {
  const shape = layer.kind === "linear" ? { height: 1, width: 1, channels: input.length } : layer.input;
  const taps = tapsOf(layer, place);
  const { channels } = shape;
  const sums = new Float64Array(channels);
  let magnitude = 0;
  for (let tap = 0; tap < taps.kernel ** 2; tap++) {
    const [row, column] = [taps.top + Math.floor(tap / taps.kernel), taps.left + (tap % taps.kernel)];
    if (valueAt(input, shape, row, column, 0) === null) continue;
    const from = (row * shape.width + column) * channels;
    for (let channel = 0; channel < channels; channel++) {
      const product = input[from + channel] * learnt[tap * channels + channel];
      sums[channel] += product;
      magnitude += Math.abs(product);
    }
  }
  const sum = sums.reduce((total, x) => total + x, 0);
  const bias = learnt[learnt.length - 1];
  return { value: sum + bias, magnitude: magnitude + Math.abs(bias), detail: { sums, sum, bias, taps, shape } };
}

/** The indices of the largest absolute values, in descending order. @param {ArrayLike<number>} values @param {number} count */
export function largest(values, count) {
  const order = Array.from({ length: values.length }, (_, at) => at);
  return order.sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b).slice(0, count);
}

/** @param {number} x @param {Float32Array} learnt gamma, beta, running mean and variance @param {number} epsilon */
export function batchNorm(x, [gamma, beta, mean, variance], epsilon) {
  const scale = gamma / Math.sqrt(variance + epsilon);
  return {
    value: (x - mean) * scale + beta,
    magnitude: Math.abs(scale) * (Math.abs(x) + Math.abs(mean)) + Math.abs(beta),
    detail: { x, gamma, beta, mean, variance, epsilon },
  };
}

/** Slope of the leaky ReLU below 0. */
const LEAKY_SLOPE = 0.01;

/** @type {Record<string, (x: number) => number>} */
export const FUNCTIONS = {
  relu: (x) => Math.max(x, 0),
  leaky_relu: (x) => (x > 0 ? x : LEAKY_SLOPE * x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

/** @typedef {{n: number, k: number, alpha: number, beta: number}} Lrn */

/** The channels whose squares divide channel i: the first, and one past the last. @param {number} i @param {number} n @param {number} channels */
export function neighbours(i, n, channels) {
  const below = Math.floor(n / 2);
  return [Math.max(0, i - below), Math.min(channels, i + n - below)];
}

/** @param {ArrayLike<number>} responses of all channels at one place @param {number} i @param {Lrn} constants */
export function lrn(responses, i, { n, k, alpha, beta }) {
  const [first, end] = neighbours(i, n, responses.length);
  let squares = 0;
  for (let j = first; j < end; j++) squares += responses[j] ** 2;
  const divisor = (k + alpha * squares) ** beta;
  const value = responses[i] / divisor;
  return { value, magnitude: Math.abs(value), detail: { squares, divisor, first, end } };
}

/**
 * The same over n x n pixels of a channel.
 * @param {Float32Array} values @param {Shape} shape @param {Place} place @param {number} channel @param {Lrn} constants
 */
export function lrnOfMap(values, shape, { row, column }, channel, { n, k, alpha, beta }) {
  const below = Math.floor(n / 2);
  const around = patch(values, shape, { top: row - below, left: column - below, kernel: n }, channel);
  const squares = around.reduce((/** @type {number} */ sum, x) => sum + (x ?? 0) ** 2, 0);
  const divisor = (k + alpha * squares) ** beta;
  const own = around[below * n + below] ?? NaN;
  return { value: own / divisor, magnitude: Math.abs(own / divisor), detail: { around, own, squares, divisor, k, alpha, beta } };
}

/**
 * @param {Layer} layer @param {Float32Array} input @param {number} channel @param {Place} place of the pooled output
 * @returns the window's values, null in the padding, and the share of the gradient that goes back to each
 */
export function pool(layer, input, channel, place) {
  const taps = tapsOf(layer, place);
  const values = patch(input, layer.input, taps, channel);
  const inside = /** @type {number[]} */ (values.filter((x) => x !== null));
  const value = layer.pool === "max" ? Math.max(...inside) : inside.reduce((sum, x) => sum + x, 0) / inside.length;
  // The first of equal values takes all.
  const winner = layer.pool === "max" ? values.indexOf(value) : -1;
  const shares = values.map((x, at) => (x === null ? null : layer.pool === "max" ? Number(at === winner) : 1 / inside.length));
  const magnitude = inside.reduce((sum, x) => sum + Math.abs(x), 0) / inside.length;
  return { value, magnitude, detail: { values, shares, winner, taps, place, count: inside.length } };
}

/**
 * All outputs of a channel, and the gradient that arrives at each input if each output has a gradient of 1.
 * @param {Layer} layer @param {Float32Array} input @param {number} channel
 */
export function pooledMap(layer, input, channel) {
  const { height, width } = layer.output;
  const values = new Float32Array(height * width);
  const gradient = new Float32Array(layer.input.height * layer.input.width);
  for (let at = 0; at < values.length; at++) {
    const { value, detail } = pool(layer, input, channel, placeOf(at, width));
    const { top, left, kernel } = detail.taps;
    values[at] = value;
    detail.shares.forEach((share, tap) => {
      if (share) gradient[(top + Math.floor(tap / kernel)) * layer.input.width + left + (tap % kernel)] += share;
    });
  }
  return { values, gradient };
}

/** @param {Float32Array} logits @param {number} i */
export function softmax(logits, i) {
  const top = Math.max(...Array.from(logits));
  const powers = Array.from(logits, (z) => Math.exp(z - top));
  const value = powers[i] / powers.reduce((sum, x) => sum + x, 0);
  // An absolute error of a logit becomes a relative error of its power.
  return { value, magnitude: 1, detail: { logits } };
}

/**
 * All layers of a block at one output, in order. Each starts from the engine's output of the layer before.
 * @param {Layer[]} layers
 * @param {Float32Array[]} outputs (height, width, channels) each, the block's input first
 * @param {Record<string, Float32Array>} learnt values of this channel, by layer name
 * @param {number} channel
 * @param {Place} place on the learnt layer's output
 * @returns {Stage[]}
 */
export function stagesOf(layers, outputs, learnt, channel, place) {
  let at = place;
  return layers.map((layer, index) => {
    const input = outputs[index];
    const own = /** @type {number} */ (valueAt(input, layer.input, at.row, at.column, channel));
    const responses = () => channelsAt(input, layer.input, at);
    if (layer.kind === "pool") at = pooledPlace(layer, at);
    const engine = /** @type {number} */ (valueAt(outputs[index + 1], layer.output, at.row, at.column, channel));
    const simple = (/** @type {number} */ value) => ({ value, magnitude: Math.abs(value), detail: { x: own } });
    const computed = () => {
      switch (layer.kind) {
        case "conv":
        case "local":
        case "linear":
          return weightedSum(layer, input, weightsAt(layer, learnt[layer.name], at), at);
        case "batch_norm":
          return batchNorm(own, learnt[layer.name], Number(layer.epsilon));
        case "activation":
          return simple(FUNCTIONS[layer.function ?? "relu"](own));
        case "lrn": {
          const all = responses();
          const constants = /** @type {Lrn} */ (/** @type {unknown} */ (layer));
          if (layer.region === "map") return lrnOfMap(input, layer.input, at, channel, constants);
          const { detail, ...rest } = lrn(all, channel, constants);
          return { ...rest, detail: { ...detail, responses: all, channel } };
        }
        case "pool":
          return pool(layer, input, channel, at);
        case "softmax_loss":
          return softmax(input, channel);
        default:
          return simple(own); // in evaluation dropout passes its input on
      }
    };
    return /** @type {Stage} */ ({ layer, engine, ...computed() });
  });
}

/** One channel of (height, width, channels). @param {Float32Array} values @param {number} channels @param {number} channel */
export const channelOf = (values, channels, channel) => Float32Array.from({ length: values.length / channels }, (_, at) => values[at * channels + channel]);

/** @param {number} at @param {number} width @returns {Place} */
export const placeOf = (at, width) => ({ row: Math.floor(at / width), column: at % width });

/** All channels at a place. @param {Float32Array} values @param {Shape} shape @param {Place} place */
export function channelsAt(values, { width, channels }, { row, column }) {
  const from = (row * width + column) * channels;
  return values.subarray(from, from + channels);
}
