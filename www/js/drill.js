// @ts-check
/** What is loaded to look into a layer: the view, with its texts and its style. */
import { View } from "./drill/view.js";
import { loadStyle } from "./kit/style.js";

/** @param {import("./components/host.js").Host} shell */
export async function open(shell) {
  await loadStyle(shell.root, "drill.css");
  const view = new View(shell);
  await view.translate();
  return view;
}
