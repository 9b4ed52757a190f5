// @ts-check
/** The module for the view into a layer, with its texts and style. */
import { View } from "./drill/view.js";
import { loadStyle } from "./kit/style.js";

/** @param {import("./components/host.js").Host} shell */
export async function open(shell) {
  await loadStyle(shell.root, "drill.css");
  const view = new View(shell);
  await view.translate();
  return view;
}
