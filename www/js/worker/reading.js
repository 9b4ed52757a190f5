// @ts-check
/** Pictures and files become bytes: by the browser where it can, else by our reader, a module that is loaded when it is needed. */

/**
 * The pixels of a picture as this browser decodes it, (height, width, 3). Settings for privacy can alter them.
 * @param {Uint8Array} bytes
 */
export async function pixels(bytes) {
  const picture = await createImageBitmap(new Blob([/** @type {BlobPart} */ (bytes)]), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = picture;
  const canvas = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!canvas) throw new Error("no canvas");
  canvas.drawImage(picture, 0, 0);
  picture.close();
  const { data } = canvas.getImageData(0, 0, width, height); // (height, width, 4)
  const colours = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < colours.length; from += 4, to += 3) {
    colours[to] = data[from];
    colours[to + 1] = data[from + 1];
    colours[to + 2] = data[from + 2];
  }
  return colours;
}

/** Readers at work: one that nothing refers to may be collected as garbage while it waits for its module. @type {Set<Worker>} */
const readers = new Set();

/**
 * @typedef {{sheet: {index: string, file: string, bytes: Uint8Array}} | {files: File[]}} Task
 *
 * Has a task done by the reader, in a worker of its own: its memory goes with it.
 * @param {Task} task
 * @param {(progress: import("../types.js").Progress) => void} [report]
 * @returns {Promise<any>}
 */
export function read(task, report) {
  const worker = new Worker(new URL("reader.js", import.meta.url), { type: "module" });
  readers.add(worker);
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data: { progress, problem, result } }) => (progress ? report?.(progress) : problem ? reject(problem) : resolve(result));
    worker.onerror = (event) => reject({ code: "unexpected", why: event.message || "reader" });
    worker.postMessage(task);
  }).finally(() => {
    readers.delete(worker);
    worker.terminate();
  });
}
