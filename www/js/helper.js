// @ts-check
/** A helper of the engine's worker: gets the compiled module first, and then what `src/web/helpers.rs` says. */
import { loadModule } from "./worker/module.js";
import { answering } from "./worker/talk.js";

/** To the engine's worker. Without a message: this helper can go no further. @type {(message?: any, transfer?: Transferable[]) => void} */
let say = () => {};

/** @type {Promise<(message: any) => void> | null} takes messages, in order, once the module is there */
let receive = null;

/** @param {{build: import("./worker/module.js").Build, wasm: WebAssembly.Module}} compiled */
async function load({ build, wasm }) {
  const { glue } = await loadModule(build, wasm);
  const receive = glue.help(say);
  say("ready");
  return receive;
}

answering(async (message, send) => {
  say = (message, transfer) => send(message, transfer);
  if (receive) (await receive)(message);
  else receive = load(message);
});

// A panic, or the browser's own error: whoever waits must hear of it.
self.onerror = self.onunhandledrejection = () => say();
