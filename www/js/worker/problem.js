// @ts-check
/** An error as data. The wasm modules throw JSON. @param {unknown} error @returns {import("./types.js").Problem} */
export function problem(error) {
  const thrown = /** @type {{code?: unknown} | null} */ (error);
  const found = typeof thrown?.code === "string" ? /** @type {import("./types.js").Problem} */ (thrown) : parsed(thrown);
  // Removes wasm-bindgen's wrapping of the browser's words.
  return typeof found.why === "string" ? { ...found, why: found.why.replace(/JsValue\((.*?)\)$/s, "$1").replace(/\s+undefined$/, "") } : found;
}

/** @param {unknown} thrown @returns {import("./types.js").Problem} */
function parsed(thrown) {
  try {
    const parsed = JSON.parse(String(thrown));
    if (typeof parsed?.code === "string") return parsed;
  } catch {
    // Not the engine's own error: a panic, or an error of the browser.
  }
  const why = String(/** @type {{message?: unknown} | null} */ (thrown)?.message ?? thrown);
  // After a panic the module cannot be used again.
  return { code: thrown instanceof WebAssembly.RuntimeError ? "engine_ended" : "unexpected", why };
}
