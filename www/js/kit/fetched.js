// @ts-check
/** Files of the page's folder, each fetched once; one that failed is fetched again. */

/** What is on its way or there. @type {Map<string, Promise<any>>} */
const files = new Map();

/** What is in a file. @param {string} file @param {"json" | "text"} kind @returns {Promise<any>} */
export function fetched(file, kind) {
  const content = files.get(file) ?? load(file, kind);
  files.set(file, content);
  content.catch(() => files.delete(file));
  return content;
}

/** @param {string} file @param {"json" | "text"} kind */
async function load(file, kind) {
  try {
    const response = await fetch(new URL(`../${file}`, import.meta.url));
    if (!response.ok) throw response.status;
    return await response[kind]();
  } catch (why) {
    throw { file, why };
  }
}
