// @ts-check
/**
 * A convolution with its weights times a, with batch normalisation after it and without: how far its output moves, and how its
 * gradients change. In 64 bits, with one image's positions as the batch, for a fixed gradient of the output.
 */

/**
 * @typedef {object} Layer
 * @property {{height: number, width: number, channels: number}} input
 * @property {{height: number, width: number, channels: number}} output
 * @property {number} kernel
 * @property {number} stride
 * @property {number} padding
 *
 * @typedef {object} Identities
 * @property {number} output distance of the outputs, relative to the one with a = 1
 * @property {number} toInput norm of the gradient to the input, relative to the one with a = 1
 * @property {number} toWeight the same for the gradient to the weights
 *
 * @typedef {{output: Float64Array, toInput: Float64Array, toWeight: Float64Array}} Pass
 */

/**
 * @param {Layer} layer
 * @param {ArrayLike<number>} input (height, width, in)
 * @param {ArrayLike<number>} weight (kernel, kernel, in, out)
 * @param {{a: number, epsilon: number, normalised: boolean}} what
 * @returns {Identities}
 */
export function identities(layer, input, weight, { a, epsilon, normalised }) {
  const [one, scaled] = [1, a].map((scale) =>
    pass(
      layer,
      input,
      Float64Array.from(weight, (w) => scale * w),
      normalised ? epsilon : null,
    ),
  );
  return {
    output: norm(scaled.output.map((y, i) => y - one.output[i])) / norm(one.output),
    toInput: norm(scaled.toInput) / norm(one.toInput),
    toWeight: norm(scaled.toWeight) / norm(one.toWeight),
  };
}

/** @param {Layer} layer @param {ArrayLike<number>} input @param {Float64Array} weight @param {number | null} epsilon null: not normalised @returns {Pass} */
function pass(layer, input, weight, epsilon) {
  const { channels } = layer.output;
  const sums = new Float64Array(layer.output.height * layer.output.width * channels);
  const toWeight = new Float64Array(weight.length);
  const toInput = new Float64Array(input.length);
  connect(layer, (from, to, at) => {
    for (let o = 0; o < channels; o++) sums[to + o] += input[from] * weight[at + o];
  });
  const gradient = sums.map((_, i) => wave(i));
  const { output, toSums } = epsilon === null ? { output: sums, toSums: gradient } : normalise(sums, gradient, channels, epsilon);
  connect(layer, (from, to, at) => {
    for (let o = 0; o < channels; o++) {
      toInput[from] += toSums[to + o] * weight[at + o];
      toWeight[at + o] += toSums[to + o] * input[from];
    }
  });
  return { output, toInput, toWeight };
}

/**
 * Calls `meet` for each pair of an input and an output position that it contributes to: with the indices of the input, and of the
 * output and the weight for the first output channel.
 * @param {Layer} layer @param {(from: number, to: number, at: number) => void} meet
 */
function connect({ input, output, kernel, stride, padding }, meet) {
  for (let oy = 0; oy < output.height; oy++)
    for (let ox = 0; ox < output.width; ox++)
      for (let tap = 0; tap < kernel * kernel; tap++) {
        const [y, x] = [oy * stride - padding + Math.floor(tap / kernel), ox * stride - padding + (tap % kernel)];
        if (y < 0 || y >= input.height || x < 0 || x >= input.width) continue;
        for (let i = 0; i < input.channels; i++)
          meet((y * input.width + x) * input.channels + i, (oy * output.width + ox) * output.channels, (tap * input.channels + i) * output.channels);
      }
}

/**
 * y = (x - mean) / sqrt(variance + epsilon) for each channel, and the backward pass: Ioffe and Szegedy 2015.
 * @param {Float64Array} sums @param {Float64Array} gradient of y @param {number} channels @param {number} epsilon
 */
function normalise(sums, gradient, channels, epsilon) {
  const rows = sums.length / channels;
  const [output, toSums] = [new Float64Array(sums.length), new Float64Array(sums.length)];
  /** @param {number} c @param {(i: number) => number} term */
  const mean = (c, term) => {
    let sum = 0;
    for (let i = c; i < sums.length; i += channels) sum += term(i);
    return sum / rows;
  };
  for (let c = 0; c < channels; c++) {
    const center = mean(c, (i) => sums[i]);
    const deviation = Math.sqrt(mean(c, (i) => (sums[i] - center) ** 2) + epsilon);
    for (let i = c; i < sums.length; i += channels) output[i] = (sums[i] - center) / deviation;
    const [along, product] = [mean(c, (i) => gradient[i]), mean(c, (i) => gradient[i] * output[i])];
    for (let i = c; i < sums.length; i += channels) toSums[i] = (gradient[i] - along - output[i] * product) / deviation;
  }
  return { output, toSums };
}

/** An arbitrary but fixed gradient of the output. @param {number} i */
const wave = (i) => Math.sin(1 + 12.9898 * i) + Math.cos(0.3 * i);

/** @param {Float64Array} values */
const norm = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
