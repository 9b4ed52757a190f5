/** What every peer trains: network, initial weights and images, as in our engine. */

/** The switches of each variant; the rest is the same in all. */
export const VARIANTS = {
  none: "norm=none",
  lrn: "norm=lrn",
  bn: "norm=bn",
  dropout: "norm=none&dropout=0.5",
};
/** Batches that the other peers train on repeatedly; our engine continues through its images. */
export const BATCHES = 8;
/** Images on a sheet of the built-in data. */
export const SHARD = 1000;
export const MOMENTUM = 0.9;
export const LEARNING_RATE = 0.01;

export const fragment = ({ variant, batch, width = 1 }, backend) =>
  `v=1&${VARIANTS[variant]}&batch=${batch}&width=${width}&lr=${LEARNING_RATE}&momentum=${MOMENTUM}` +
  `&weight_decay=0&test_every=0&backend=${backend}&workers=1`;

/** Without helpers: this is not timed. */
const alone = (what) => `${fragment(what, "cpu")}&workers=1`;
const noHelper = () => {
  throw new Error("no helper was asked for");
};

/**
 * @param {any} glue our engine's bindings, ready to call
 * @param {{index: string, shards: {file: string, bytes: Uint8Array}[]}} data the first shards of the built-in images
 * @param {{variant: string, batch: number, width?: number}} what
 */
export async function makeSetting(glue, data, what) {
  // Neither network nor weights depend on the batch, and a wide network with a large batch may not fit in wasm.
  const lab = await glue.Lab.create(alone({ ...what, batch: 1 }), noHelper);
  const { network, cost } = JSON.parse(lab.describe());
  const { tensors, meta } = readSafetensors(await lab.save());
  lab.free();
  const [mean, std] = [JSON.parse(meta.mean), JSON.parse(meta.std)];
  return {
    ...what,
    network,
    macs: cost.training_macs,
    weights: Object.fromEntries(network.tensors.map(({ name }) => [name, ourLayout(network, name, tensors[name])])),
    batches: await batches(glue, data, what, { mean, std }),
  };
}

/** The images of the first steps, in our order: `inputs` (batch, 32, 32, 3) normalised, `labels` (batch). */
async function batches(glue, data, what, { mean, std }) {
  // The order depends on neither the width nor the switches, so a small network can give it.
  const lab = await glue.Lab.create(alone({ ...what, variant: "none", width: 0.25 }), noHelper);
  for (const { file, sheet } of data.shards) lab.add_sheet(data.index, file, sheet);
  const found = [];
  while (found.length < BATCHES) {
    const { pixels, labels } = lab.next_batch();
    const inputs = Float32Array.from(pixels, (byte, i) => (byte / 255 - mean[i % 3]) / std[i % 3]);
    found.push({ inputs, labels: Uint8Array.from(labels) });
    lab.step();
  }
  lab.free();
  return found;
}

/** A safetensors file: 8 bytes of length, a header in JSON, the numbers. */
function readSafetensors(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const { __metadata__: meta, ...entries } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const tensors = {};
  for (const [name, { shape, data_offsets: [start, end] }] of Object.entries(entries)) {
    tensors[name] = { shape, values: new Float32Array(bytes.slice(8 + length + start, 8 + length + end).buffer) };
  }
  return { tensors, meta };
}

/** From PyTorch's layouts: conv (out, in, kh, kw) -> (kh, kw, in, out), linear (out, c * h * w) -> (h * w * c, out). */
function ourLayout(network, name, { shape, values }) {
  const layer = network.layers.find((candidate) => network.tensors[candidate.weight]?.name === name);
  if (layer?.kind === "conv") {
    const [out, channels, height, width] = shape;
    return { shape: [height, width, channels, out], values: transpose(values, [out, channels, height, width]) };
  }
  if (layer?.kind === "linear") {
    const { height, width, channels } = layer.input;
    return { shape: [shape[1], shape[0]], values: transpose(values, [shape[0], channels, height, width]) };
  }
  return { shape, values };
}

/** (out, c, h, w) -> (h, w, c, out). */
function transpose(values, [out, channels, height, width]) {
  const moved = new Float32Array(values.length);
  let from = 0;
  for (let o = 0; o < out; o++)
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) moved[((y * width + x) * channels + c) * out + o] = values[from++];
  return moved;
}
