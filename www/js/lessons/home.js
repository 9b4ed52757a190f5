// @ts-check
/** The home of lessons and recipes: each lesson and each recipe, good or broken, is one click away. */
import { h } from "../kit/dom.js";
import { icon } from "../kit/icons.js";
import { apply } from "./run/apply.js";
import { LESSONS } from "./list.js";
import { RECIPES, isGood } from "./recipes.js";

/** @param {import("./run/types.js").Panel} panel @returns {Node[]} */
export function home(panel) {
  const { say, shell } = panel;
  const lessons = LESSONS.map(({ name }) =>
    h(
      "li",
      null,
      h(
        "button",
        { type: "button", class: "guide-entry", onclick: () => panel.choose(name) },
        h("strong", null, shell.context.t(`options.lesson.${name}`)),
        h("span", { class: "fine" }, say(`lessons.${name}.about`)),
      ),
    ),
  );
  const cards = [true, false].map((good) =>
    h(
      "ul",
      { class: "guide-list" },
      RECIPES.filter((recipe) => isGood(recipe) === good).map((recipe) => h("li", null, card(panel, recipe))),
    ),
  );
  return [
    h("p", { class: "fine" }, say("guide.how")),
    h("ol", { class: "guide-list" }, lessons),
    h("h3", null, say("recipes_title")),
    h("p", { class: "fine" }, say("recipes_how")),
    ...cards,
  ];
}

/** The button covers the whole card; the terms, which are buttons too, lie above it. @param {import("./run/types.js").Panel} panel @param {import("./recipes.js").Recipe} recipe */
function card(panel, recipe) {
  const { say, terms } = panel;
  const { key, expected } = recipe;
  const good = isGood(recipe);
  const why = `recipe-${key}`;
  return h(
    "div",
    { class: "guide-entry recipe" },
    h(
      "button",
      {
        type: "button",
        "data-recipe": key,
        "aria-pressed": String(panel.recipe === key),
        "aria-describedby": why,
        onclick: () => cook(panel, recipe),
      },
      h("strong", null, say(`recipes.${key}.name`)),
      h("span", { class: good ? "verdict" : "verdict verdict-bad" }, icon(good ? "check" : "warning"), say(`expected.${expected}`)),
    ),
    h("span", { class: "fine", id: why }, terms.nodes(say(`recipes.${key}.why`))),
  );
}

/** Starts a recipe from initial weights, and shows the chart that it is about. @param {import("./run/types.js").Panel} panel @param {import("./recipes.js").Recipe} recipe */
async function cook(panel, { key, fragment }) {
  const { session, shell, body, say } = panel;
  panel.recipe = key;
  for (const button of body.querySelectorAll("[data-recipe]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-recipe") === key));
  if (!(await apply(session, fragment))) return;
  if (fragment.includes("hold_back")) shell.tabs.sees?.choose("confusion");
  panel.live.textContent = say("guide.running", { name: say(`recipes.${key}.name`) });
  session.play();
}
