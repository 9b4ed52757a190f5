// @ts-check
/** A helper of the engine's worker. It receives the compiled module first, and then the messages of `src/web/helpers.rs`, each with its line's number. */
import { loadModule } from "./worker/module.js";
import { answering } from "./worker/talk.js";

/** Sends to the engine's worker. No message means that this helper cannot continue. @type {import("./worker/types.js").Say} */
let say = () => {};

/** @type {ReturnType<typeof load> | null} */
let loading = null;

/** What takes the messages of each line. @type {Map<number, import("./worker/types.js").Hear>} */
const lines = new Map();

/** @param {{build: import("./worker/module.js").Build, wasm: WebAssembly.Module}} compiled */
async function load({ build, wasm }) {
  const { glue } = await loadModule(build, wasm);
  say("ready");
  return glue;
}

answering(async (/** @type {any} */ message, send) => {
  say = (message, transfer) => send(message, transfer);
  if (!loading) return (loading = load(message));
  const glue = await loading;
  const [line, ...parts] = message;
  const receive = lines.get(line) ?? glue.help((answer, transfer) => send([line, .../** @type {unknown[]} */ (answer ?? [])], transfer));
  lines.set(line, receive);
  if (parts.length > 0) return receive(parts);
  lines.delete(line);
  receive();
});

// A panic, or the browser's own error: the waiting worker must be told.
self.onerror = self.onunhandledrejection = () => say();
