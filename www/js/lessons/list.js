/** All lessons, in the order in which they build on each other. */
import ladder from "./each/from-lenet.js";
import relu from "./each/relu-or-sigmoid.js";
import figure1 from "./each/figure-1.js";
import product from "./each/product-of-weights.js";
import scale from "./each/scale-of-weights.js";
import lrn from "./each/lrn-competition.js";
import norms from "./each/norms.js";
import pooling from "./each/pooling.js";
import dropout from "./each/dropout.js";
import shift from "./each/covariate-shift.js";

/** @type {import("./run/types.js").Lesson[]} */
export const LESSONS = [ladder, relu, figure1, product, scale, lrn, norms, pooling, dropout, shift];
