// @ts-check
/** The module for lessons and recipes: their panel, with its texts and style. */
import { Panel } from "./lessons/panel.js";
import { loadStyle } from "./kit/style.js";

/** @param {import("./components/host.js").Host} shell */
export async function open(shell) {
  await loadStyle(shell.root, "lessons.css");
  const panel = new Panel(shell);
  await panel.translate();
  return panel;
}
