// @ts-check
/** The engine's measurements of this machine's adapters, kept between visits: JSON that only the engine reads. */

const KEY = "alexnet-lab.adapters";

/** @returns {string} empty when there is none, or the browser stores nothing: a sandboxed frame, blocked cookies */
export function recall() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} known */
export function keep(known) {
  try {
    if (known && known !== recall()) localStorage.setItem(KEY, known);
  } catch {
    // Measured again next time.
  }
}
