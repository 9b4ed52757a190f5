// @ts-check
/** Applies the settings of a lesson or a recipe: on this machine, in this view, from initial weights. */

/**
 * @param {import("../../session/session.js").Session} session
 * @param {string} fragment settings that it does not name get their defaults
 * @returns {Promise<boolean>} false when it was refused; the state holds the reason
 */
export async function apply(session, fragment) {
  session.pause();
  await session.replace(() => {
    const { schema, config } = session.state;
    const kept = schema.filter(({ key, effect }) => effect === "view" || key === "backend" || key === "workers").map(({ key }) => `${key}=${config[key]}`);
    return [...kept, fragment].join("&");
  }, true);
  return session.state.describe !== null && session.state.problem === null;
}

/** The settings in which the networks of a lesson differ. @param {string} fragment */
export function differing(fragment) {
  const lanes = [...new URLSearchParams(fragment)].filter(([key]) => /^lane\d$/.test(key));
  return [...new Set(lanes.flatMap(([, changes]) => changes.split(",").map((change) => change.split(":")[0])))];
}
