// @ts-check
/** The workers that the engine's worker asks for. The other end is `worker/spawn.js`, which says why the page starts them. */

/** @typedef {{script: string, talk: MessagePort, life: MessagePort}} Wanted `life` says that the worker failed, and hears when to end it */

export class Workers {
  constructor() {
    /** A worker that nothing refers to may be collected as garbage while it waits for its module. @type {Set<Worker>} */
    this.running = new Set();
  }

  /** @param {Wanted} wanted */
  start({ script, talk, life }) {
    const worker = new Worker(new URL(script, import.meta.url), { type: "module" });
    this.running.add(worker);
    worker.onerror = (event) => life.postMessage(event.message || script);
    life.onmessage = () => {
      worker.terminate();
      this.running.delete(worker);
    };
    worker.postMessage({ talk }, [talk]);
  }

  close() {
    for (const worker of this.running) worker.terminate();
    this.running.clear();
  }
}
