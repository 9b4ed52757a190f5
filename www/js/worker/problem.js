// @ts-check
/** What went wrong, as data. The wasm modules throw JSON. @param {unknown} error @returns {import("./types.js").Problem} */
export function problem(error) {
  const thrown = /** @type {{code?: unknown} | null} */ (error);
  const found = typeof thrown?.code === "string" ? /** @type {import("./types.js").Problem} */ (thrown) : parsed(thrown);
  // wasm-bindgen's dress around the browser's words.
  return typeof found.why === "string" ? { ...found, why: found.why.replace(/JsValue\((.*?)\)$/s, "$1").replace(/\s+undefined$/, "") } : found;
}

/** @param {unknown} thrown @returns {import("./types.js").Problem} */
function parsed(thrown) {
  try {
    const parsed = JSON.parse(String(thrown));
    if (typeof parsed?.code === "string") return parsed;
  } catch {
    // Not ours: a panic, or the browser's own error.
  }
  const why = String(/** @type {{message?: unknown} | null} */ (thrown)?.message ?? thrown);
  // After a panic the module cannot be used again.
  return { code: thrown instanceof WebAssembly.RuntimeError ? "engine_ended" : "unexpected", why };
}
