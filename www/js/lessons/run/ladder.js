// From LeNet to AlexNet, a rung for each change: test accuracies that were measured before, with several seeds.
import { average } from "./measure.js";
import settings from "./lessons.json" with { type: "json" };
import seeds from "./seeds.json" with { type: "json" };

/** The rungs, first to last; those that a lesson's run trains have the names of its networks. */
export const RUNGS = settings.lessons["from-lenet"].rungs.map(({ name }) => name);
/** The accuracy of each rung with each seed. */
export const MEASURED = seeds["from-lenet"].test_accuracy;
export const SEEDS = seeds["from-lenet"].seeds.length;
/** Over the seeds. */
export const LEVELS = MEASURED.map(average);
/** What a rung adds to the one before it; the first one has none before it. @param {number} rung */
export const gainOf = (rung) => LEVELS[rung] - LEVELS[rung - 1];

/** The rungs of each prediction. @type {Record<string, string[]>} */
const CHANGES = { relu: ["relu"], pool: ["max", "overlap"], size: ["size"], bn: ["bn"] };
export const CHOICES = Object.keys(CHANGES);
/** @param {string} choice @returns {number[]} */
export const rungsOf = (choice) => (CHANGES[choice] ?? []).map((name) => RUNGS.indexOf(name));
/** @param {string} choice */
export const gainBy = (choice) => rungsOf(choice).reduce((sum, rung) => sum + gainOf(rung), 0);
/** The prediction that is right: the changes that add most. */
export const MOST = CHOICES.reduce((best, choice) => (gainBy(choice) > gainBy(best) ? choice : best));
/** The standard error of what a rung adds, from the differences with each seed. @param {number} rung */
export function errorOf(rung) {
  const squares = MEASURED[rung].map((accuracy, at) => (accuracy - MEASURED[rung - 1][at] - gainOf(rung)) ** 2);
  return Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / (SEEDS - 1) / SEEDS);
}

/** A difference of two shares in points of a percent, as it is written. @param {number} share */
export const points = (share) => Math.round(1000 * share) / 10;
