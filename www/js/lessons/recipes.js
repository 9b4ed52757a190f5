/**
 * Good and broken recipes. `expected` is what each comes to within a few hundred steps; why stands in the texts.
 * @typedef {"learns" | "slow" | "stalls" | "diverges" | "overfits"} Expected
 * @typedef {{key: string, fragment: string, expected: Expected}} Recipe
 */

/** Small, so that any machine shows it within a minute; each recipe is what differs. */
const BASE = "width=0.25&norm=none&lr=0.02";

/** @type {Recipe[]} */
const DIFFERENCES = [
  { key: "batch_norm", fragment: "norm=bn", expected: "learns" },
  { key: "relu_momentum", fragment: "lr=0.002", expected: "learns" },
  { key: "paper_parts", fragment: "norm=lrn&dropout=0.5", expected: "learns" },
  { key: "augmented", fragment: "norm=bn&augment=true", expected: "learns" },
  { key: "deep_rescued", fragment: "norm=bn&depth=12", expected: "learns" },
  { key: "lr_too_high", fragment: "lr=1", expected: "diverges" },
  { key: "lr_too_low", fragment: "lr=1e-5", expected: "stalls" },
  { key: "no_momentum", fragment: "lr=0.002&momentum=0", expected: "slow" },
  { key: "zero_init", fragment: "init_scale=0", expected: "stalls" },
  { key: "huge_init", fragment: "init_scale=10", expected: "diverges" },
  { key: "paper_init", fragment: "init=paper", expected: "stalls" },
  { key: "deep_sigmoid", fragment: "activation=sigmoid&depth=12", expected: "stalls" },
  { key: "dropout_high", fragment: "dropout=0.9&lr=0.005", expected: "stalls" },
  { key: "heavy_decay", fragment: "weight_decay=0.1&depth=4", expected: "stalls" },
  { key: "few_images", fragment: "norm=bn&train_size=100", expected: "overfits" },
];

/** @param {string} changes */
function over(changes) {
  const settings = new URLSearchParams(BASE);
  for (const [key, value] of new URLSearchParams(changes)) settings.set(key, value);
  return settings.toString();
}

/** @type {Recipe[]} */
export const RECIPES = DIFFERENCES.map((recipe) => ({ ...recipe, fragment: over(recipe.fragment) }));

/** @param {Recipe} recipe */
export const isGood = ({ expected }) => expected === "learns";
