// @ts-check
/** Style sheets of shadow roots, fetched once for all labs of a page. */

/** @type {Map<string, Promise<string>>} */
const texts = new Map();

/** A style sheet is of one document: each root has its own. @param {ShadowRoot} root @param {string} text */
export function sheetFor(root, text) {
  const { CSSStyleSheet } = /** @type {typeof globalThis} */ (/** @type {unknown} */ (root.ownerDocument.defaultView));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}

/**
 * Not by a link: when an element is moved, the browser would fetch it again, and show the lab without it meanwhile.
 * @param {ShadowRoot} root
 * @param {string} file beside the page's own
 */
export async function loadStyle(root, file) {
  if (!texts.has(file)) texts.set(file, load(file));
  try {
    const sheet = sheetFor(root, await /** @type {Promise<string>} */ (texts.get(file)));
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  } catch (error) {
    texts.delete(file); // the next one may have more luck
    throw error;
  }
}

/** @param {string} file */
async function load(file) {
  try {
    const response = await fetch(new URL(`../${file}`, import.meta.url));
    if (!response.ok) throw response.status;
    return await response.text();
  } catch (why) {
    throw { file, why };
  }
}
