// @ts-check
/** Has the page start a worker. The page's end is `../workers.js`. */

/**
 * Only the page starts workers: Firefox can stop a worker for good when it starts one itself while developer tools are open or a
 * test drives the browser, as the start then waits for the new worker's debugger on a condition that another thread may take.
 *
 * @param {"helper.js" | "reader.js"} script in the folder above
 * @param {(why: string) => void} fail called when the worker cannot go on
 * @returns {{port: MessagePort, end: () => void}} where to talk with it, and what ends it at once
 */
export function spawn(script, fail) {
  const [talk, life] = [new MessageChannel(), new MessageChannel()];
  life.port1.onmessage = ({ data }) => fail(data);
  const end = () => {
    talk.port1.close();
    life.port1.postMessage("end");
    life.port1.close();
  };
  /** @type {any} */ (self).postMessage({ event: "worker", detail: { script, talk: talk.port2, life: life.port2 } }, [talk.port2, life.port2]);
  return { port: talk.port1, end };
}
