// @ts-check
/** The page's line to the engine's worker: commands and their answers, what the worker reports, and its end. */
import { watchLife } from "../worker/alive.js";
import { Workers } from "./workers.js";

/** @typedef {import("../worker/types.js").Problem} Problem */

export class Line {
  /** @param {(event: string, detail: any) => void} report @param {(problem: Problem) => void} ended hears, once, that the worker is no more */
  constructor(report, ended) {
    this.report = report;
    this.ended = ended;
    /** @type {Map<number, {resolve: (value: any) => void, reject: (problem: Problem) => void}>} */
    this.pending = new Map();
    this.lastId = 0;
    /** It has said something. */
    this.alive = false;
    this.closing = new AbortController();
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = (event) => this.receive(event.data);
    this.worker.onerror = (event) => this.end(event.message);
    this.workers = new Workers((message, transfer = []) => this.worker.postMessage(message, transfer));
  }

  get closed() {
    return this.closing.signal.aborted;
  }

  /** @param {string} command @param {...any} args @returns {Promise<any>} */
  send(command, ...args) {
    if (this.closed) return Promise.reject({ code: "engine_ended" });
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage({ id, command, args });
    });
  }

  /** @param {any} message */
  receive({ id, result, problem, event, detail }) {
    this.alive = true;
    if (event === "worker") return this.workers.receive(detail);
    if (event === "alive") return watchLife(detail, this.closing.signal, () => this.end());
    if (event) return this.report(event, detail);
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (problem) waiting?.reject(problem);
    else waiting?.resolve(result);
  }

  /** @param {string} [raw] the browser's words */
  end(raw) {
    if (this.closed) return;
    /** @type {Problem} */
    const problem = this.alive ? { code: "engine_ended", why: raw } : { code: "download", file: "worker.js", cause: "network" };
    this.close(problem);
    this.ended(problem);
  }

  /** @param {Problem} [problem] what is still waiting for an answer ends with */
  close(problem) {
    this.closing.abort();
    this.worker.terminate();
    this.workers.close();
    if (problem) for (const { reject } of this.pending.values()) reject(problem);
  }
}
