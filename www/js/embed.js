// @ts-check
/**
 * What a lab needs only later: the dialog for embedding with its texts and style, the link for copying by hand, and the help. In another page it loads
 * this once it is ready, to know when it is covered. That page itself can load it for `hostLabs`.
 */
import { View } from "./embed/view.js";
import { loadStyle } from "./kit/style.js";

export { watchCover } from "./embed/cover.js";
export { hostLabs } from "./embed/host.js";
export { askHost } from "./embed/host_memory.js";
export { showHelp } from "./embed/help.js";
export { showLink } from "./embed/link.js";

/** @param {import("./components/host.js").Host} shell */
export async function open(shell) {
  await loadStyle(shell.root, "embed.css");
  const view = new View(shell);
  await view.translate();
  return view;
}
