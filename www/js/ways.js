// @ts-check
/** What there is to do when a step takes too long. */

/**
 * Ways out by their names in the texts: what each changes, and whether it trains then.
 * @param {import("./session.js").State} state
 * @returns {{name: string, changes: Record<string, string>, wanted?: boolean}[]}
 */
export function ways({ config, describe }) {
  /** @type {Record<string, string> | null} */
  const smaller = config.arch === "original" ? { arch: "scaled" } : Number(config.width) > 0.25 || Number(config.batch) > 8 ? { width: "0.25", batch: "8" } : null;
  const onCpu = (describe?.backend.name ?? config.backend) === "cpu";
  /** @type {{name: string, changes: Record<string, string>, wanted?: boolean}[]} */
  const found = [{ name: "stop", changes: {}, wanted: false }];
  if (smaller) found.unshift({ name: smaller.arch ?? "smaller", changes: smaller });
  if (!onCpu) found.unshift({ name: "cpu", changes: { backend: "cpu" } });
  return found;
}
