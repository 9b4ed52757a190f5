// @ts-check
/** What there is to choose from: the lessons, and recipes that work or do not, each one click. */
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { apply } from "./apply.js";
import { LESSONS } from "./list.js";
import { RECIPES, isGood } from "./recipes.js";

/** @param {import("./panel.js").Panel} panel @returns {Node[]} */
export function home(panel) {
  const { say, shell } = panel;
  const lessons = LESSONS.map(({ name }) =>
    h("li", null, h("button", { type: "button", class: "guide-entry", onclick: () => panel.choose(name) },
      h("strong", null, shell.context.t(`options.lesson.${name}`)), h("span", { class: "fine" }, say(`lessons.${name}.about`)))));
  const cards = [true, false].map((good) =>
    h("ul", { class: "guide-list" }, RECIPES.filter((recipe) => isGood(recipe) === good).map((recipe) => h("li", null, card(panel, recipe)))));
  return [
    h("p", { class: "fine" }, say("guide.how")),
    h("ol", { class: "guide-list" }, lessons),
    h("h3", null, say("recipes_title")), h("p", { class: "fine" }, say("recipes_how")),
    ...cards,
  ];
}

/** @param {import("./panel.js").Panel} panel @param {import("./recipes.js").Recipe} recipe */
function card(panel, recipe) {
  const { say } = panel;
  const { key, expected } = recipe;
  const good = isGood(recipe);
  const button = h("button", {
    type: "button", class: "guide-entry recipe", "data-recipe": key, "aria-pressed": String(panel.recipe === key), onclick: () => cook(panel, recipe),
  },
    h("strong", null, say(`recipes.${key}.name`)),
    h("span", { class: good ? "verdict" : "verdict verdict-bad" }, icon(good ? "check" : "warning"), say(`expected.${expected}`)),
    h("span", { class: "fine" }, say(`recipes.${key}.why`)));
  return button;
}

/** From initial weights, and off. @param {import("./panel.js").Panel} panel @param {import("./recipes.js").Recipe} recipe */
async function cook(panel, { key, fragment }) {
  const { session, body, say } = panel;
  panel.recipe = key;
  for (const button of body.querySelectorAll("[data-recipe]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-recipe") === key));
  if (!(await apply(session, fragment))) return;
  panel.live.textContent = say("guide.running", { name: say(`recipes.${key}.name`) });
  session.play();
}
