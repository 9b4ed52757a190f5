// @ts-check
/** A helper of the engine's worker: gets the compiled module first, and then what `src/web/helpers.rs` says. */
import { loadModule } from "./worker/module.js";

/** To and from the engine's worker. @type {MessagePort} */
let talk;

/** Without a message: this helper can go no further. @param {any} [message] @param {Transferable[]} [transfer] */
const send = (message, transfer = []) => talk.postMessage(message, transfer);

/** @type {Promise<(message: any) => void> | null} takes messages, in order, once the module is there */
let receive = null;

/** @param {{build: import("./worker/module.js").Build, wasm: WebAssembly.Module}} compiled */
async function load({ build, wasm }) {
  const { glue } = await loadModule(build, wasm);
  const receive = glue.help(send);
  send("ready");
  return receive;
}

self.onmessage = (/** @type {MessageEvent} */ { data }) => {
  talk = data.talk;
  talk.onmessage = async ({ data }) => {
    if (receive) (await receive)(data);
    else receive = load(data);
  };
};

// A panic, or the browser's own error: whoever waits must hear of it.
self.onerror = self.onunhandledrejection = () => send();
