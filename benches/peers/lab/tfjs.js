/** The same network in TensorFlow.js, on its core operations. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import { LEARNING_RATE, MOMENTUM } from "./setting.js";

export class TensorFlow {
  /** @param {"webgpu" | "webgl" | "cpu"} backend */
  constructor(backend) {
    this.backend = backend;
  }

  async open(setting) {
    if (!(await tf.setBackend(this.backend))) throw new Error(`TensorFlow.js has no backend ${this.backend} here`);
    await tf.ready();
    this.setting = setting;
    this.dropout = setting.variant === "dropout" ? 0.5 : 0;
    this.variables = setting.network.tensors.map(({ name }) => {
      const { shape, values } = setting.weights[name];
      return tf.variable(tf.tensor(values, shape));
    });
    this.running = setting.network.running.map(({ channels }) => [tf.variable(tf.zeros([channels])), tf.variable(tf.ones([channels]))]);
    this.optimizer = tf.train.momentum(LEARNING_RATE, MOMENTUM);
    const adapter = this.backend === "webgpu" ? describe(tf.backend().adapterInfo) : this.backend === "webgl" ? webglRenderer() : "";
    return { adapter, version: tf.version_core };
  }

  /** One image forward and backward without an update, so that the interpreter has compiled the code of a slow backend. */
  async warm() {
    const { inputs, labels } = this.setting.batches[0];
    await this.select();
    const one = { inputs: inputs.slice(0, 32 * 32 * 3), labels: labels.slice(0, 1) };
    const loss = tf.tidy(() => tf.variableGrads(() => this.loss(one), this.variables).value);
    await loss.data();
    loss.dispose();
  }

  async step(index) {
    const loss = await this.enqueue(index);
    const [value] = await loss.data();
    loss.dispose();
    return value;
  }

  async run(first, count) {
    const losses = [];
    for (let i = first; i < first + count; i++) losses.push(await this.enqueue(i));
    for (const loss of losses) {
      await loss.data();
      loss.dispose();
    }
  }

  async enqueue(index) {
    await this.select();
    const batch = this.setting.batches[index % this.setting.batches.length];
    return this.optimizer.minimize(() => this.loss(batch), true, this.variables);
  }

  /** In one process several peers share TensorFlow.js, each on its own backend. */
  async select() {
    if (tf.getBackend() !== this.backend) await tf.setBackend(this.backend);
  }

  close() {
    [...(this.variables ?? []), ...(this.running ?? []).flat()].forEach((variable) => variable.dispose());
    this.optimizer?.dispose();
  }

  /** The mean cross-entropy of a batch. */
  loss({ inputs, labels }) {
    return tf.tidy(() => {
      let x = tf.tensor4d(inputs, [labels.length, 32, 32, 3]);
      for (const layer of this.setting.network.layers) x = this.layer(layer, x, labels);
      return x;
    });
  }

  layer(layer, x, labels) {
    const variable = (index) => this.variables[index];
    switch (layer.kind) {
      case "conv":
        return tf.add(tf.conv2d(x, variable(layer.weight), layer.stride, layer.padding), variable(layer.bias));
      case "linear":
        return tf.add(tf.matMul(tf.reshape(x, [labels.length, -1]), variable(layer.weight)), variable(layer.bias));
      case "activation":
        return tf.relu(x);
      case "pool":
        return tf.maxPool(x, layer.kernel, layer.stride, layer.padding);
      case "lrn":
        return tf.localResponseNormalization(x, (layer.n - 1) / 2, layer.k, layer.alpha, layer.beta);
      case "batch_norm":
        return this.batchNorm(layer, x);
      case "dropout":
        return this.dropout > 0 ? tf.dropout(x, this.dropout) : x;
      case "softmax_loss":
        return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d(labels, "int32"), this.setting.network.classes), x);
    }
    throw new Error(`no layer ${layer.kind}`);
  }

  batchNorm({ gamma, beta, running, epsilon, momentum }, x) {
    const { mean, variance } = tf.moments(x, [...x.shape.keys()].slice(0, -1));
    [mean, variance].forEach((value, i) => {
      const average = this.running[running][i];
      average.assign(tf.add(tf.mul(average, 1 - momentum), tf.mul(value, momentum)));
    });
    if (x.rank === 4) return tf.batchNorm4d(x, mean, variance, this.variables[beta], this.variables[gamma], epsilon);
    return tf.batchNorm2d(x, mean, variance, this.variables[beta], this.variables[gamma], epsilon);
  }
}

function describe(info) {
  return [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(" ");
}

/** The renderer's name, if the browser reveals it. */
function webglRenderer() {
  const { gl } = tf.backend().gpgpu;
  const known = gl.getExtension("WEBGL_debug_renderer_info");
  return known ? gl.getParameter(known.UNMASKED_RENDERER_WEBGL) : gl.getParameter(gl.RENDERER);
}
