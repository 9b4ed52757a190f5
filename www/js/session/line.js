// @ts-check
/** The page's line to the engine's worker: commands and their answers, the worker's reports, and its end. */
import { startWorker } from "../kit/files.js";
import { watchLife } from "../worker/alive.js";
import { Workers } from "./workers.js";

/**
 * @typedef {import("../worker/types.js").Problem} Problem
 * @typedef {import("../worker/types.js").Reported} Reported
 * @typedef {import("../worker/engine.js").Engine} Engine
 * @typedef {"open" | "set" | "play" | "pause" | "step" | "restart" | "resume" | "watch" | "show" | "files" | "fetch" | "keep" | "recover" | "save"} Command
 * @typedef {<C extends Command>(command: C, ...args: Parameters<Engine[C]>) => Promise<Awaited<ReturnType<Engine[C]>>>} Send
 *
 * @typedef {Reported | {event: "worker", detail: import("./workers.js").Word} | {event: "alive", detail: string}} Event
 * @typedef {Event | {event?: undefined, id: number, result?: unknown, problem?: Problem}} Message
 */

export class Line {
  /** @param {(reported: Reported) => void} report @param {(problem: Problem) => void} ended called once when the worker has ended */
  constructor(report, ended) {
    this.report = report;
    this.ended = ended;
    /** @type {Map<number, {resolve: (value: never) => void, reject: (problem: Problem) => void}>} */
    this.pending = new Map();
    this.lastId = 0;
    /** The worker has sent a message. */
    this.alive = false;
    this.closing = new AbortController();
    this.worker = startWorker("worker.js");
    this.worker.onmessage = (event) => this.receive(event.data);
    this.worker.onerror = (event) => this.end(event.message);
    this.workers = new Workers((message, transfer = []) => this.worker.postMessage(message, transfer));
  }

  get closed() {
    return this.closing.signal.aborted;
  }

  /** @template {Command} C @param {C} command @param {Parameters<Engine[C]>} args @returns {Promise<Awaited<ReturnType<Engine[C]>>>} */
  send(command, ...args) {
    if (this.closed) return Promise.reject({ code: "engine_ended" });
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage({ id, command, args });
    });
  }

  /** @param {Message} message */
  receive(message) {
    this.alive = true;
    if (message.event === "worker") return this.workers.receive(message.detail);
    if (message.event === "alive") return watchLife(message.detail, this.closing.signal, () => this.end());
    if (message.event) return this.report(message);
    const { id, result, problem } = message;
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (problem) waiting?.reject(problem);
    else waiting?.resolve(/** @type {never} */ (result)); // any command's answer
  }

  /** @param {string} [raw] the browser's words */
  end(raw) {
    if (this.closed) return;
    /** @type {Problem} */
    const problem = this.alive ? { code: "engine_ended", why: raw } : { code: "download", file: "worker.js", cause: "network" };
    this.close(problem);
    this.ended(problem);
  }

  /** @param {Problem} [problem] the error for commands that still wait for an answer */
  close(problem) {
    this.closing.abort();
    this.worker.terminate();
    this.workers.close();
    if (problem) for (const { reject } of this.pending.values()) reject(problem);
  }
}
