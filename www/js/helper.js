// @ts-check
/** A helper of the engine's worker: gets the compiled module first, and then what `src/web/helpers.rs` says. */
import { loadModule } from "./worker/module.js";

const scope = /** @type {{postMessage: (message: any, transfer?: Transferable[]) => void, onmessage: any, onunhandledrejection: any, onerror: any}} */ (
  /** @type {unknown} */ (self)
);

/** Without a message: this helper can go no further. @param {any} [message] @param {Transferable[]} [transfer] */
const send = (message, transfer) => scope.postMessage(message, transfer);

/** @type {Promise<(message: any) => void> | null} takes messages, in order, once the module is there */
let receive = null;

/** @param {{build: import("./worker/module.js").Build, wasm: WebAssembly.Module}} compiled */
async function load({ build, wasm }) {
  const { glue } = await loadModule(build, wasm);
  const receive = glue.help(send);
  send("ready");
  return receive;
}

scope.onmessage = async (/** @type {MessageEvent} */ { data }) => {
  if (receive) (await receive)(data);
  else receive = load(data);
};

// A panic, or the browser's own error: whoever waits must hear of it.
scope.onerror = scope.onunhandledrejection = () => send();
