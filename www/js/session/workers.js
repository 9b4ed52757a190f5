// @ts-check
/** The workers that the engine's worker requests. The other end is `worker/spawn.js`, which says why the page starts them. */
import { startWorker } from "../kit/files.js";
import { watchLife } from "../worker/alive.js";

/**
 * A message of the engine's worker about a worker: start it, pass this on, or end it.
 * @typedef {{id: number, script?: string, talk?: MessagePort, packet?: import("../worker/talk.js").Packet, ended?: boolean}} Word
 */

export class Workers {
  /** @param {(message: unknown, transfer?: Transferable[]) => void} tell sends a message to the engine's worker */
  constructor(tell) {
    this.tell = tell;
    this.closing = new AbortController();
    /** An unreferenced worker may be garbage-collected while it waits for its module. @type {Map<number, Worker>} */
    this.running = new Map();
  }

  /** @param {Word} word */
  receive({ id, script, talk, packet, ended }) {
    if (script && talk) return this.start(id, script, talk);
    const worker = this.running.get(id);
    if (packet) return worker?.postMessage({ packet }, buffersOf(packet.message));
    if (!ended) return;
    worker?.terminate();
    this.running.delete(id);
  }

  /** @param {number} id @param {string} script @param {MessagePort} talk */
  start(id, script, talk) {
    const worker = startWorker(script);
    this.running.set(id, worker);
    const fail = (why = "") => this.running.has(id) && this.tell({ worker: id, failed: why });
    worker.onmessage = ({ data: { packet, alive } }) =>
      alive ? watchLife(alive, this.closing.signal, () => fail()) : this.tell({ worker: id, packet }, buffersOf(packet.message));
    worker.onerror = ({ message }) => fail(message);
    worker.postMessage({ talk }, [talk]);
  }

  close() {
    this.closing.abort();
    for (const worker of this.running.values()) worker.terminate();
    this.running.clear();
  }
}

/** The buffers of a message's arrays, to be transferred instead of copied. @param {unknown} message @returns {ArrayBuffer[]} */
function buffersOf(message) {
  /** @type {unknown[]} */
  const parts = [message, /** @type {{result?: unknown} | undefined} */ (message)?.result].find(Array.isArray) ?? [];
  return parts.flatMap((part) => (ArrayBuffer.isView(part) ? [/** @type {ArrayBuffer} */ (part.buffer)] : []));
}
