// @ts-check
/** Style sheets of shadow roots, fetched once for all labs of a page. */

/** @type {Map<string, Promise<CSSStyleSheet>>} */
const sheets = new Map();

/**
 * Not by a link: when an element is moved, the browser would fetch it again, and show the lab without it meanwhile.
 * @param {ShadowRoot} root
 * @param {string} file beside the page's own
 */
export async function loadStyle(root, file) {
  if (!sheets.has(file)) sheets.set(file, load(file));
  try {
    const sheet = await /** @type {Promise<CSSStyleSheet>} */ (sheets.get(file));
    if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  } catch (error) {
    sheets.delete(file); // the next one may have more luck
    throw error;
  }
}

/** @param {string} file */
async function load(file) {
  try {
    const response = await fetch(new URL(`../${file}`, import.meta.url));
    if (!response.ok) throw response.status;
    return await new CSSStyleSheet().replace(await response.text());
  } catch (why) {
    throw { file, why };
  }
}
