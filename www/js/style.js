// @ts-check
/** Style sheets of parts that are loaded later. */

/** @param {ShadowRoot} root @param {string} file beside the page's own @returns {Promise<unknown>} when it is there */
export function loadStyle(root, file) {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = new URL(`../${file}`, import.meta.url).href;
  const styled = new Promise((resolve, reject) => {
    style.onload = resolve;
    style.onerror = () => reject(new Error(file));
  });
  root.append(style);
  return styled;
}
