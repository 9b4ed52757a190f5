// @ts-check
/** Has the page start a worker, and talks with it. The page's end is `session/workers.js`, the worker's is `answering` in `talk.js`. */
import { Talk } from "./talk.js";

const scope = /** @type {import("./types.js").Scope} */ (/** @type {unknown} */ (self));
/** Those that were asked for, to tell them apart. */
let count = 0;

/**
 * Only the page starts workers: Firefox can stop a worker for good when it starts one itself while developer tools are open or a
 * test drives the browser, as the start then waits for the new worker's debugger on a condition that another thread may take.
 *
 * @param {"helper.js" | "reader.js"} script in the folder above
 * @template Message
 * @param {(message: Message) => void} hear takes what it says
 * @param {(why: string) => void} fail called when it cannot go on
 * @returns {{send: Talk<Message>["send"], end: () => void}} says something to it, and ends it at once
 */
export function spawn(script, hear, fail) {
  const id = (count += 1);
  const { port1, port2 } = new MessageChannel();
  const talk = new Talk(port1, (packet, transfer) => scope.postMessage({ event: "worker", detail: { id, packet } }, transfer), hear);
  const listen = (/** @type {MessageEvent} */ { data }) => {
    if (data.worker !== id) return;
    if (data.packet) talk.take(data.packet);
    else fail(data.failed);
  };
  scope.addEventListener("message", listen);
  const end = () => {
    scope.removeEventListener("message", listen);
    talk.close();
    scope.postMessage({ event: "worker", detail: { id, ended: true } });
  };
  port1.onmessageerror = () => fail("message");
  scope.postMessage({ event: "worker", detail: { id, script, talk: port2 } }, [port2]);
  return { send: (message, transfer) => talk.send(message, transfer), end };
}
