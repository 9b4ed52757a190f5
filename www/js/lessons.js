// @ts-check
/** What is loaded for lessons and recipes: their panel, with its texts and its style. */
import { Panel } from "./lessons/panel.js";

const STYLE = new URL("../lessons.css", import.meta.url);

/** @param {import("./shell.js").Shell} shell */
export async function openPanel(shell) {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = STYLE.href;
  const styled = new Promise((resolve, reject) => {
    style.onload = resolve;
    style.onerror = () => reject(new Error("lessons.css"));
  });
  shell.root.append(style);
  const panel = new Panel(shell);
  await Promise.all([styled, panel.translate()]);
  return panel;
}
