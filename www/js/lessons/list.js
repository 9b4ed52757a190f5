/** All lessons, in the order in which they build on one another. */
import relu from "./each/relu-or-sigmoid.js";
import product from "./each/product-of-weights.js";
import scale from "./each/scale-of-weights.js";
import lrn from "./each/lrn-competition.js";
import norms from "./each/norms.js";
import pooling from "./each/pooling.js";
import dropout from "./each/dropout.js";
import shift from "./each/covariate-shift.js";

/**
 * @typedef {object} Lesson
 * @property {string} name as the setting `lesson` spells it
 * @property {string} fragment the settings of its run; what differs in a lane stands after `lane2=` to `lane4=`
 * @property {string[]} [depths] other values of the setting `depth` to run it with
 * @property {string[]} lanes their names, in that order
 * @property {number} until steps of the run
 * @property {number} every so many steps, and after the first, the networks are looked at: whatever is said of looks is of these
 * @property {string[]} choices to predict from
 * @property {(run: import("./run/measure.js").Run) => import("./run/measure.js").Measured} measure
 * @property {string[]} sentences about the run, in their order; each is shown if all its numbers were measured
 * @property {string[]} formula lines, with terms as in `components/terms.js`
 * @property {(panel: import("./panel.js").Panel) => Toy} [toy] to play with
 * @property {Record<string, (panel: import("./panel.js").Panel) => Toy>} [toys] others, by the step that they are in
 * @property {string[]} [changeable] settings that may change during the run: it goes on, what was seen names them, and the prediction is left open
 * @property {string[]} [toySteps] in which it is there; under the formula unless said
 * @property {boolean} [gap] shades the gap between training and test curves
 *
 * @typedef {object} Toy
 * @property {HTMLElement} element
 * @property {import("../worker/types.js").Unit | null} [unit] what the worker is to read for it
 * @property {(reading: import("../worker/types.js").UnitReading) => void} [receive] takes that
 * @property {() => void} [update] is called with every frame that something has changed in, while it is seen
 * @property {() => void} [destroy]
 */

/** @type {Lesson[]} */
export const LESSONS = [relu, product, scale, lrn, norms, pooling, dropout, shift];
