// @ts-check
/** Loads WebAssembly modules and their bindings. The only file that knows their names. */
import { address, importModule } from "../kit/files.js";

/**
 * @typedef {"simd128" | "relaxed"} Build the vector instructions that the module uses
 *
 * @typedef {object} Loaded
 * @property {import("./types.js").Glue} glue the bindings, ready to call
 * @property {WebAssembly.Module} wasm the compiled module; helper workers receive it, so that they need not compile it
 * @property {Build} build
 *
 * @typedef {{default: (start: {module_or_path: WebAssembly.Module}) => Promise<unknown>}} Bindings common to all modules
 */

/** The engine's names in `pkg`. @type {Record<Build, string>} */
const NAMES = { simd128: "alexnet_lab", relaxed: "alexnet_lab_relaxed" };

/**
 * Loads the engine into this worker.
 * @param {Build} [build] by default the best one that this browser supports
 * @param {WebAssembly.Module} [wasm] of that build, compiled by another worker; else it is fetched
 * @returns {Promise<Loaded>}
 */
export async function loadModule(build = hasRelaxedSimd() ? "relaxed" : "simd128", wasm) {
  return { .../** @type {Omit<Loaded, "build">} */ (await start(NAMES[build], wasm)), build };
}

/** The module that reads files. @returns {Promise<typeof import("reader")>} its bindings */
export async function loadReader() {
  return /** @type {typeof import("reader")} */ ((await start("alexnet_reader")).glue);
}

/** @param {string} name @param {WebAssembly.Module} [wasm] */
async function start(name, wasm) {
  const script = `pkg/${name}.js`;
  const bindings = /** @type {Promise<Bindings>} */ (importModule(script)).catch((error) => failed(script, "network", error));
  const [compiled, glue] = await Promise.all([wasm ?? compile(`pkg/${name}_bg.wasm`), bindings]);
  await glue.default({ module_or_path: compiled });
  return { glue, wasm: compiled };
}

/** Whether this browser accepts a function with one relaxed instruction, a fused multiply-add of three zero vectors. */
function hasRelaxedSimd() {
  const zeros = [0x41, 0x00, 0xfd, 0x0f]; // i32.const 0, i8x16.splat
  const body = [0x00, ...zeros, ...zeros, ...zeros, 0xfd, 0x85, 0x02, 0x0b]; // no locals; f32x4.relaxed_madd, end
  return WebAssembly.validate(
    new Uint8Array([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // "\0asm", version 1
      ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // types: one, () -> v128
      ...[0x03, 0x02, 0x01, 0x00], // functions: one, of type 0
      ...[0x0a, body.length + 2, 0x01, body.length, ...body], // code: one body
    ]),
  );
}

/** @param {string} file */
async function compile(file) {
  const answer = await fetch(address(file)).catch((error) => failed(file, "network", error));
  if (!answer.ok) return failed(file, "http", null, answer.status);
  try {
    // Compiled while it loads, unless the server sends the wrong content type.
    return await (answer.headers.get("content-type") === "application/wasm"
      ? WebAssembly.compileStreaming(answer)
      : WebAssembly.compile(await answer.arrayBuffer()));
  } catch (error) {
    return failed(file, "damaged", /** @type {Error} */ (error)); // or truncated
  }
}

/** @param {string} file @param {string} cause @param {Error | null} error the browser's words @param {number} [status] @returns {never} */
function failed(file, cause, error, status) {
  throw { code: "download", file: file.split("/").pop(), cause, status, why: error?.message };
}
