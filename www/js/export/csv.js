// @ts-check
/** The record of a run as a table. */

/**
 * A header line, one line per training step, then one line per evaluation: set, step, loss, accuracy (0 to 1).
 * @param {Float32Array} training rows of step, loss, accuracy
 * @param {Float32Array} test the same
 * @param {Float32Array} fit the same on training images, in evaluation mode
 */
export function csv(training, test, fit) {
  return ["set,step,loss,accuracy", ...lines("train", training), ...lines("test", test), ...lines("train_eval", fit)].join("\n") + "\n";
}

/** @param {string} set @param {Float32Array} rows */
function* lines(set, rows) {
  for (let at = 0; at < rows.length; at += 3) yield [set, ...Array.from(rows.subarray(at, at + 3), shortest)].join();
}

/**
 * The fewest digits that give the same 32-bit number; 9 always do. Exactly three decimals become four: where a point separates
 * thousands, a spreadsheet would read 0.125 as 125.
 * @param {number} x
 */
function shortest(x) {
  const digits = [6, 7, 8].find((count) => Math.fround(Number(x.toPrecision(count))) === x) ?? 9;
  return String(Number(x.toPrecision(digits))).replace(/\.\d{3}$/, "$&0");
}
