// @ts-check
/** Ways out of a step that takes too long. */

/**
 * Ways out by their names in the texts: what each changes, and whether training continues.
 * @param {import("../session/state.js").State} state
 * @returns {{name: string, changes: Record<string, string>, wanted?: boolean}[]}
 */
export function ways({ config, describe }) {
  const { arch, batch, width } = config;
  /** @type {{name: string, changes: Record<string, string>, wanted?: boolean}[]} */
  const found = [{ name: "stop", changes: {}, wanted: false }];
  // Not on a software adapter, which may still be busy with the step that was ended.
  if (arch === "original") found.unshift({ name: "scaled", changes: { arch: "scaled", backend: "auto" } });
  else if (Number(width) > 0.25 || Number(batch) > 8) found.unshift({ name: "smaller", changes: { width: "0.25", batch: "8", backend: "auto" } });
  const onCpu = (describe?.backend.name ?? config.backend) === "cpu";
  // With a larger batch the original does not fit into a page's memory.
  if (!onCpu && (arch !== "original" || Number(batch) <= 8)) found.unshift({ name: "cpu", changes: { backend: "cpu" } });
  return found;
}
