// @ts-check
/** Decodes pictures and files: in the browser where possible, else in our reader, a module that is loaded when needed. */
import { spawn } from "./spawn.js";

/**
 * The pixels of a picture as this browser decodes it, (height, width, 3). Privacy settings can alter them.
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

/** @typedef {import("./types.js").ReadTask} Task */

/**
 * Has the reader do a task in a separate worker, whose memory is freed at its end.
 * @overload
 * @param {Task & {files: File[]}} task
 * @param {(progress: import("./types.js").Progress) => void} report
 * @returns {Promise<import("./types.js").DataSet>}
 *
 * @overload
 * @param {Task & {sheet: object}} task
 * @returns {Promise<Uint8Array>}
 *
 * @param {Task} task
 * @param {(progress: import("./types.js").Progress) => void} [report]
 * @returns {Promise<unknown>}
 */
export function read(task, report) {
  return new Promise((resolve, reject) => {
    const fail = (/** @type {import("./types.js").Problem} */ problem) => {
      reader.end();
      reject(problem);
    };
    let heard = false;
    const end = (/** @type {string} */ why) => fail(heard ? { code: "reader_ended", why } : { code: "download", file: "reader.js", cause: "network", why });
    const hear = (/** @type {import("./types.js").ReadAnswer} */ { progress, problem, result }) => {
      heard = true;
      if (progress) return report?.(progress);
      if (problem) return fail(problem);
      reader.end();
      resolve(result);
    };
    const reader = spawn("reader.js", hear, end);
    reader.send(task);
  });
}
