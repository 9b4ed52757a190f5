// @ts-check
/**
 * The workers that share the CPU backend's batches with this one. The other end is `../helper.js`. Each has the same part of every
 * network's batches, so lanes share them.
 */
import { isFolder } from "../kit/files.js";
import { spawn } from "./spawn.js";

/** @typedef {import("./types.js").Hear} Hear */

/** A helper that is silent for this long is abandoned, ms: training must not wait for it forever. */
const PATIENCE = 20_000;

export class Helpers {
  /** @param {import("./module.js").Loaded | null} loaded the module, compiled once in this worker */
  constructor(loaded) {
    this.loaded = loaded;
    /** By part. @type {Map<number, Helper>} */
    this.helpers = new Map();
    /** Counts the lines, for their numbers. */
    this.count = 0;
  }

  /** A line to the helper of this part. @type {import("./types.js").StartHelper} */
  start(receive, part) {
    let helper = this.helpers.get(part);
    if (!helper) {
      helper = new Helper(this.loaded, () => this.helpers.delete(part));
      this.helpers.set(part, helper);
    }
    return helper.open((this.count += 1), receive);
  }
}

class Helper {
  /** @param {import("./module.js").Loaded | null} loaded @param {() => void} onend */
  constructor(loaded, onend) {
    this.onend = onend;
    /** What hears the messages of each line. @type {Map<number, Hear>} */
    this.lines = new Map();
    this.worker = spawn("helper.js", (/** @type {unknown} */ message) => this.hear(message), this.fail);
    this.timer = setTimeout(this.fail, PATIENCE);
    // In a file on disk, Chromium gives each worker another origin, and a module cannot go there.
    this.worker.send({ build: loaded?.build, wasm: isFolder ? loaded?.wasm : undefined });
  }

  /** @param {number} line @param {Hear} receive takes the helper's messages; no message: the line has ended @returns {import("./types.js").Say} */
  open(line, receive) {
    this.lines.set(line, receive);
    return (message, transfer = []) => {
      if (!this.lines.has(line)) return;
      this.worker.send([line, .../** @type {unknown[]} */ (message ?? [])], transfer);
      if (!message) this.close(line);
    };
  }

  /** @param {unknown} message "ready", or the number of a line and its message; none: it cannot continue */
  hear(message) {
    clearTimeout(this.timer);
    if (message === "ready") return;
    if (!Array.isArray(message)) return this.fail();
    const [line, ...parts] = message;
    const receive = this.lines.get(line);
    if (parts.length > 0) return receive?.(parts);
    this.close(line);
    receive?.();
  }

  /** @param {number} line */
  close(line) {
    this.lines.delete(line);
    if (this.lines.size === 0) this.end();
  }

  fail = () => {
    const heard = [...this.lines.values()];
    this.lines.clear();
    this.end();
    for (const receive of heard) receive();
  };

  end() {
    clearTimeout(this.timer);
    this.worker.end();
    this.onend();
  }
}
