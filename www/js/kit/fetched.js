// @ts-check
/** Files of the page's folder. Each is fetched once; after a failure it is fetched again. */
import { address } from "./files.js";

/** Files that are loading or loaded. @type {Map<string, Promise<unknown>>} */
const files = new Map();

/** The content of a file. @param {string} file @param {"json" | "text"} kind @returns {Promise<unknown>} */
export function fetched(file, kind) {
  const content = files.get(file) ?? load(file, kind);
  files.set(file, content);
  content.catch(() => files.delete(file));
  return content;
}

/** @param {string} file @param {"json" | "text"} kind */
async function load(file, kind) {
  try {
    const response = await fetch(address(file));
    if (!response.ok) throw response.status;
    return await response[kind]();
  } catch (why) {
    throw { file, why };
  }
}
