// @ts-check
/** The units that dropout keeps in a training step, from the same random function as the engine's (`src/rng.rs`, `src/layers/dropout.rs`). */

/** The stream of dropout masks. */
const DROPOUT = 3;

/** @param {number} x 32 bits */
function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/** The hash of a layer's name: FNV-1a. @param {string} name */
const nameHash = (name) => [...name].reduce((h, letter) => Math.imul(h ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);

/**
 * The mask of a batch's first image.
 * @param {string} layer its name @param {number} units @param {number} seed @param {number} step @param {number} probability
 * @returns {boolean[]} kept or not
 */
export function maskOf(layer, units, seed, step, probability) {
  const start = [DROPOUT, step, nameHash(layer)].reduce((h, word) => mix((h + 0x9e3779b9) ^ word), mix(seed ^ 0x9e3779b9));
  const least = Math.fround(probability) * 2 ** 24;
  return Array.from({ length: units }, (_, unit) => mix((start + 0x9e3779b9) ^ unit) >>> 8 >= least);
}
