// @ts-check
/** What went wrong, as data. The wasm modules throw JSON. @param {unknown} error @returns {import("../types.js").Problem} */
export function problem(error) {
  const thrown = /** @type {any} */ (error);
  if (typeof thrown?.code === "string") return thrown;
  try {
    const parsed = JSON.parse(String(thrown));
    if (typeof parsed?.code === "string") return parsed;
  } catch {
    // Not ours: a panic, or the browser's own error.
  }
  return { code: "unexpected", why: String(thrown?.message ?? thrown) };
}
