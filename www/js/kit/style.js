// @ts-check
/** Style sheets of shadow roots, fetched once for all labs of a page. */
import { fetched } from "./fetched.js";

/** A style sheet belongs to one document, so each root gets its own. @param {ShadowRoot} root @param {string} text */
export function sheetFor(root, text) {
  const { CSSStyleSheet } = /** @type {typeof globalThis} */ (/** @type {unknown} */ (root.ownerDocument.defaultView));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}

/**
 * Adds a style sheet, not a link: when the lab is moved, the browser would fetch a link again and show the lab unstyled meanwhile.
 * @param {ShadowRoot} root
 * @param {string} file beside the page's own
 */
export async function loadStyle(root, file) {
  const sheet = sheetFor(root, /** @type {string} */ (await fetched(file, "text")));
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
