// @ts-check
/** Starts the lab where it is a single file: `src/bin/alexnet-lab/single.rs` puts this script and all other files into the page. */

/** A file of the page and its name. @param {HTMLScriptElement} part @returns {Promise<[string, Blob]>} */
async function unpacked(part) {
  const { file = "", type = "", packed } = part.dataset;
  const bytes = new Blob([Uint8Array.from(atob(part.text), (letter) => letter.charCodeAt(0))]);
  part.remove(); // the text takes more memory than the file
  const content = packed ? bytes.stream().pipeThrough(new DecompressionStream("gzip")) : bytes;
  return [file, await new Response(content, { headers: { "content-type": type } }).blob()];
}

const parts = [.../** @type {NodeListOf<HTMLScriptElement>} */ (document.querySelectorAll("script[data-file]"))];
Promise.all(parts.map(unpacked)).then((files) => {
  const alexnetLabFiles = Object.fromEntries(files);
  Object.assign(globalThis, { alexnetLabFiles });
  return import(URL.createObjectURL(alexnetLabFiles["js/alexnet-lab.js"]));
});
// In a frame the lab fills it.
if (parent !== window) document.documentElement.classList.add("embed");
