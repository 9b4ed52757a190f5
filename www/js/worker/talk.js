// @ts-check
/**
 * Messages between two workers, in order, over two routes: small ones through a port, large ones through the page.
 *
 * Firefox copies what is transferred through a port, and takes 33 ms to send 2.3 MB there and back; through the page it takes 0.2 ms.
 * But the page may be drawing, so small messages, which are often waited for, avoid it.
 */
import { showLife } from "./alive.js";

/** Bytes from which a message is large. */
const LARGE = 1 << 16;

/** @template Message received messages */
export class Talk {
  /**
   * @param {MessagePort} port
   * @param {(packet: Packet, transfer: Transferable[]) => void} passToPage sends a packet through the page
   * @param {(message: Message) => void} hear takes the other end's messages
   * @typedef {{at: number, message: unknown}} Packet `at` counts the packets of one end
   */
  constructor(port, passToPage, hear) {
    this.port = port;
    this.passToPage = passToPage;
    this.hear = hear;
    this.sent = 0;
    this.heard = 0;
    /** Packets that arrived too early. @type {Map<number, Message>} */
    this.early = new Map();
    port.onmessage = ({ data }) => this.take(data);
  }

  /** @param {unknown} message @param {Transferable[]} [transfer] */
  send(message, transfer = []) {
    const packet = { at: this.sent, message };
    let bytes = 0;
    for (const part of transfer) if (part instanceof ArrayBuffer) bytes += part.byteLength;
    if (bytes > LARGE) this.passToPage(packet, transfer);
    else this.port.postMessage(packet, transfer);
    this.sent += 1;
  }

  /** Takes a packet from either route. @param {Packet} packet */
  take({ at, message }) {
    this.early.set(at, /** @type {Message} */ (message));
    while (this.early.has(this.heard)) {
      const next = /** @type {Message} */ (this.early.get(this.heard));
      this.early.delete(this.heard);
      this.heard += 1;
      this.hear(next);
    }
  }

  close() {
    this.port.close();
  }
}

/**
 * The end in a worker that the page has started for another one: `hear(message, send)` takes that worker's messages.
 * @template Message
 * @param {(message: Message, send: (answer: unknown, transfer?: Transferable[]) => void) => void} hear
 */
export function answering(hear) {
  const scope = /** @type {import("./types.js").Scope} */ (/** @type {unknown} */ (self));
  /** @type {Talk<Message>} */
  let talk;
  scope.onmessage = (/** @type {MessageEvent} */ { data }) => {
    if (data.packet) return talk.take(data.packet);
    const pass = (/** @type {Packet} */ packet, /** @type {Transferable[]} */ transfer) => scope.postMessage({ packet }, transfer);
    showLife((alive) => scope.postMessage({ alive }));
    talk = new Talk(data.talk, pass, (message) => hear(message, (answer, transfer) => talk.send(answer, transfer)));
  };
}
