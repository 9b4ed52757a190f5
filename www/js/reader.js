// @ts-check
/** The reader's worker: one task, one answer. It reads the user's files in pieces, which only a worker can do. */
import { loadReader } from "./worker/module.js";
import { problem } from "./worker/problem.js";
import { answering } from "./worker/talk.js";

/** @typedef {(message: import("./worker/types.js").ReadAnswer, transfer?: Transferable[]) => void} Answer */

answering((task, send) => read(task, send));

/** @param {import("./worker/types.js").ReadTask} task @param {Answer} answer */
async function read({ sheet, files }, answer) {
  try {
    const reader = await loadReader();
    if (sheet) return answer({ result: reader.decode_sheet(sheet.index, sheet.file, sheet.bytes) });
    const [names, lengths] = [files.map((/** @type {File} */ file) => file.name), Float64Array.from(files, (/** @type {File} */ file) => file.size)];
    const dataset = reader.read_files(names, lengths, pieces(files, answer));
    answer(
      { result: dataset },
      dataset.slice(1).map((/** @type {Uint8Array} */ part) => part.buffer),
    );
  } catch (error) {
    answer({ problem: problem(error) });
  }
}

/** Reads bytes `start` to `end` of a file synchronously, and reports progress. @param {File[]} files @param {Answer} answer */
function pieces(files, answer) {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const source = new /** @type {{FileReaderSync: new () => {readAsArrayBuffer: (part: Blob) => ArrayBuffer}}} */ (
    /** @type {unknown} */ (self)
  ).FileReaderSync();
  let loaded = 0;
  return (/** @type {number} */ file, /** @type {number} */ start, /** @type {number} */ end) => {
    answer({ progress: { loaded, total, name: files[file].name } });
    loaded += end - start;
    return new Uint8Array(source.readAsArrayBuffer(files[file].slice(start, end)));
  };
}
