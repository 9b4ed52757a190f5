// @ts-check
/** Loads the engine: its WebAssembly module and the bindings that belong to it. The only file that knows where they lie. */

/**
 * @typedef {object} Engine
 * @property {any} glue the bindings, ready to call
 * @property {WebAssembly.Module} wasm the compiled module; a helper worker can be given it, and compiles nothing again
 */

/**
 * The engine in this worker.
 * @param {WebAssembly.Module} [wasm] compiled by another worker; else it is fetched
 * @returns {Promise<Engine>}
 */
export async function loadModule(wasm) {
  const bindings = import(address("alexnet_lab.js"));
  const compiled = wasm ?? (await compile(address("alexnet_lab_bg.wasm")));
  const glue = await bindings;
  await glue.default({ module_or_path: compiled });
  return { glue, wasm: compiled };
}

/** @param {string} file */
const address = (file) => new URL(`../pkg/${file}`, import.meta.url).href;

/** @param {string} address */
async function compile(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${answer.statusText}`);
  // Compiled while it arrives, unless the server does not know what a .wasm file is.
  if (answer.headers.get("content-type") === "application/wasm") return WebAssembly.compileStreaming(answer);
  return WebAssembly.compile(await answer.arrayBuffer());
}
