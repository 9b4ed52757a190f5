// @ts-check
import list from "./recipes.json" with { type: "json" };

/**
 * Good and broken recipes, from `recipes.json`, which `tests/training/recipes.rs` trains. `expected` is the outcome of each within a few
 * hundred steps; the texts explain it.
 * @typedef {"learns" | "slow" | "stalls" | "diverges" | "overfits" | "partly"} Expected
 * @typedef {{key: string, fragment: string, expected: Expected}} Recipe
 */

/** Each changes a base that is small enough to show its outcome on any machine within a minute. @type {Recipe[]} */
export const RECIPES = list.recipes.map(({ key, changes, expected }) => ({ key, fragment: over(changes), expected: /** @type {Expected} */ (expected) }));

/** @param {string} changes */
function over(changes) {
  const settings = new URLSearchParams(list.base);
  for (const [key, value] of new URLSearchParams(changes)) settings.set(key, value);
  return settings.toString();
}

/** @param {Recipe} recipe */
export const isGood = ({ expected }) => expected === "learns";
