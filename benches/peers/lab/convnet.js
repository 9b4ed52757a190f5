/** The same network in ConvNetJS, which trains image by image in float64. */
import convnetjs from "convnetjs";
import { LEARNING_RATE, MOMENTUM } from "./setting.js";

const SIDE = 32;

export class ConvNet {
  async open(setting) {
    this.setting = setting;
    const { network, batch } = setting;
    this.net = new convnetjs.Net();
    this.net.makeLayers([{ type: "input", out_sx: SIDE, out_sy: SIDE, out_depth: 3 }, ...network.layers.flatMap((layer) => this.layer(layer))]);
    this.setWeights();
    this.trainer = new convnetjs.SGDTrainer(this.net, { learning_rate: LEARNING_RATE, momentum: MOMENTUM, batch_size: batch });
    return { adapter: "", version: "0.3.0" };
  }

  layer(layer) {
    switch (layer.kind) {
      case "conv":
        return { type: "conv", sx: layer.kernel, filters: layer.output.channels, stride: layer.stride, pad: layer.padding };
      case "linear":
        // Its softmax layer includes a linear layer.
        return layer.name === "fc8" ? [] : { type: "fc", num_neurons: layer.output.channels };
      case "activation":
        return { type: "relu" };
      case "pool":
        return { type: "pool", sx: layer.kernel, stride: layer.stride, pad: layer.padding };
      case "lrn":
        return { type: "lrn", k: layer.k, n: layer.n, alpha: layer.alpha * layer.n, beta: layer.beta };
      case "dropout":
        return this.setting.variant === "dropout" ? { type: "dropout", drop_prob: 0.5 } : [];
      case "softmax_loss":
        return { type: "softmax", num_classes: this.setting.network.classes };
    }
    throw new Error(`ConvNetJS has no layer ${layer.kind}`);
  }

  /** Our initial weights: each of its filters is one column of ours. */
  setWeights() {
    const learnt = this.setting.network.layers.filter((layer) => layer.kind === "conv" || layer.kind === "linear");
    const theirs = this.net.layers.filter((layer) => layer.filters);
    learnt.forEach(({ weight, bias }, i) => {
      const { values } = this.setting.weights[this.setting.network.tensors[weight].name];
      const biases = this.setting.weights[this.setting.network.tensors[bias].name].values;
      const { filters } = theirs[i];
      filters.forEach((filter, out) => filter.w.forEach((_, j) => (filter.w[j] = values[j * filters.length + out])));
      theirs[i].biases.w.set(biases);
    });
  }

  /** One image forward and backward without an update. */
  async warm() {
    this.net.forward(this.image(0, 0), true);
    this.net.backward(this.setting.batches[0].labels[0]);
    for (const { grads } of this.net.getParamsAndGrads()) grads.fill(0);
  }

  async step(index) {
    const batch = index % this.setting.batches.length;
    const { labels } = this.setting.batches[batch];
    let loss = 0;
    labels.forEach((label, i) => (loss += this.trainer.train(this.image(batch, i), label).cost_loss));
    return loss / labels.length;
  }

  image(batch, i) {
    const volume = new convnetjs.Vol(SIDE, SIDE, 3, 0);
    volume.w.set(this.setting.batches[batch].inputs.subarray(i * volume.w.length, (i + 1) * volume.w.length));
    return volume;
  }

  close() {}
}
