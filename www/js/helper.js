// @ts-check
/** A helper of the engine's worker. It receives the compiled module first, and then the messages of `src/web/helpers.rs`. */
import { loadModule } from "./worker/module.js";
import { answering } from "./worker/talk.js";

/** Sends to the engine's worker. No message means that this helper cannot continue. @type {import("./worker/types.js").Say} */
let say = () => {};

/** @type {Promise<import("./worker/types.js").Hear> | null} handles messages in order once the module is loaded */
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

// A panic, or the browser's own error: the waiting worker must be told.
self.onerror = self.onunhandledrejection = () => say();
