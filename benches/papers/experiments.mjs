// The papers' experiments: which networks are trained for how long, and what is read off. Settings are those of a link.

/** Krizhevsky et al. 2012, figure 1: a network of four learnt layers without any regularisation. */
const FIGURE_1 = "arch=convnet18&norm=none&pool=paper&weight_decay=0&batch=128&test_every=0";
/** cuda-convnet's networks, with the constants of its files. */
const CONVNET = "pool=paper&init=paper&lr=0.001&weight_decay=0.004&batch=128";
const LOCAL = `arch=local&augment=true&${CONVNET}&lrn_k=1`;
/** The page's network. */
const SCALED = "arch=scaled&norm=lrn&batch=32&lr=0.01";
const OVERLAP = `${SCALED}&width=0.25&test_every=0&schedule=step&schedule_every=6252`;
const DROPOUT = `${SCALED}&width=1&test_every=250&test_size=2000`;
const FIVE = [1, 2, 3, 4, 5];

/**
 * A run ends after `epochs`, or as soon as its training error is at most `until`, or its test error at most `until_test` (shares). In a
 * search, each rate is tried with seed 1, a later one for no longer than the best before it took; then the best is repeated with the other seeds.
 * @typedef {{name: string, settings: string, epochs: number, until?: number, until_test?: number, seeds: number[], rates?: number[]}} Run
 */

/** @type {Record<string, {about: string, runs: Run[]}>} */
export const EXPERIMENTS = {
  "figure-1": {
    about: "epochs to a training error of 25 %, each activation function at its own best learning rate",
    runs: [
      { name: "relu", settings: `${FIGURE_1}&activation=relu`, epochs: 12, until: 0.25, seeds: [1, 2], rates: [0.01, 0.03, 0.003, 0.1] },
      { name: "tanh", settings: `${FIGURE_1}&activation=tanh`, epochs: 40, until: 0.25, seeds: [1, 2], rates: [0.01, 0.03, 0.003, 0.1] },
      { name: "sigmoid", settings: `${FIGURE_1}&activation=sigmoid`, epochs: 8, until: 0.25, seeds: [1, 2], rates: [0.1, 0.3, 0.03, 0.01] },
    ],
  },
  "lrn-13-11": {
    about: "test error of the network with local layers, without LRN, with cuda-convnet's alpha, and with that of ImageNet",
    runs: [
      { name: "none", settings: `${LOCAL}&norm=none`, epochs: 20, seeds: [1, 2] },
      { name: "alpha 1e-3 / 5", settings: `${LOCAL}&norm=lrn&lrn_alpha=0.0002`, epochs: 20, seeds: [1, 2] },
      { name: "alpha 1e-4", settings: `${LOCAL}&norm=lrn&lrn_alpha=0.0001&lrn_k=2`, epochs: 20, seeds: [1, 2] },
    ],
  },
  overlap: {
    about: "test error with windows that overlap (3/2) and with windows that do not (2/2)",
    runs: [
      { name: "overlapping", settings: `${OVERLAP}&overlap=true`, epochs: 5, seeds: FIVE },
      { name: "apart", settings: `${OVERLAP}&overlap=false`, epochs: 5, seeds: FIVE },
    ],
  },
  dropout: {
    about: "epochs to a test error of 40 %, without dropout and with it",
    runs: [
      { name: "without", settings: `${DROPOUT}&dropout=0`, epochs: 12, until_test: 0.4, seeds: FIVE },
      { name: "with", settings: `${DROPOUT}&dropout=0.5`, epochs: 12, until_test: 0.4, seeds: FIVE },
    ],
  },
  bars: {
    about: "test error of cuda-convnet's networks of 26 and 18 %",
    runs: [
      { name: "convnet26", settings: `arch=convnet26&norm=none&${CONVNET}`, epochs: 15, seeds: [1] },
      { name: "convnet18", settings: `arch=convnet18&norm=lrn&lrn_region=map&lrn_n=3&lrn_k=1&lrn_alpha=5.6e-6&${CONVNET}`, epochs: 15, seeds: [1] },
    ],
  },
};
