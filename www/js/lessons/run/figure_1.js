// Figure 1 of the paper: steps of each activation function with several seeds here, and passes over the complete CIFAR-10, measured before.
import { average } from "./measure.js";
import seeds from "./seeds.json" with { type: "json" };

const { seeds: list, steps, complete } = seeds["figure-1"];
export const SEEDS = list.length;
/** The steps of each network with each seed; those that did not reach the mark are left out. */
export const STEPS = steps.map((of) => of.filter((step) => step !== null));
/** The complete CIFAR-10: passes to `mark`, by seed; a network without any had the lowest error `lowest` after `limit` passes. */
export const COMPLETE = complete;

/** Passes over the complete CIFAR-10, on average over the seeds. @param {number} lane */
export const passesOf = (lane) => average(COMPLETE.passes[lane]);
/** How many times as long tanh takes there. */
export const completeFactor = () => passesOf(1) / passesOf(0);

/** The fewest and the most steps of ReLU and tanh, and the numbers of the complete set, by their names in sentences. @returns {Record<string, number>} */
export function ranges() {
  const [relu, tanh] = STEPS;
  const [[relu_1, relu_2], [tanh_1, tanh_2]] = COMPLETE.passes;
  return {
    step_relu_fewest: Math.min(...relu),
    step_relu_most: Math.max(...relu),
    step_tanh_fewest: Math.min(...tanh),
    step_tanh_most: Math.max(...tanh),
    ...{ relu_1, relu_2, tanh_1, tanh_2 },
    complete_share: COMPLETE.mark,
    sigmoid_lowest_share: COMPLETE.lowest[2],
    count_limit: COMPLETE.limit,
  };
}
