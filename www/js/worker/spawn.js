// @ts-check
/** Has the page start a worker, and exchanges messages with it. The page's end is `session/workers.js`, the worker's is `answering` in `talk.js`. */
import { Talk } from "./talk.js";

const scope = /** @type {import("./types.js").Scope} */ (/** @type {unknown} */ (self));
/** Counts the requested workers, for their ids. */
let count = 0;

/**
 * Only the page starts workers: in Firefox, a worker that starts another one can stop for good.
 *
 * @param {"helper.js" | "reader.js"} script in the folder above
 * @template Message
 * @param {(message: Message) => void} hear takes its messages
 * @param {(why: string) => void} fail called when it cannot continue
 * @returns {{send: Talk<Message>["send"], end: () => void}} functions that send to it and end it at once
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
