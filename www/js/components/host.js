// @ts-check
/**
 * The lab around a part that is loaded on demand, as in `lab/shell.js`.
 * @typedef {object} Host
 * @property {HTMLElement & {fire: (name: string, detail: object) => void}} host the element
 * @property {import("../session/session.js").Session} session
 * @property {ShadowRoot} root
 * @property {HTMLElement} lab
 * @property {string} size mini, slide or full
 * @property {import("../kit/supply.js").Supply} supply
 * @property {Promise<void>} started resolves when texts and style are loaded
 * @property {import("./context.js").Context} context
 * @property {import("./views.js").Views | null} views the charts
 * @property {import("./header.js").Header} [header]
 * @property {Record<string, import("./tabs.js").Tabs>} tabs
 * @property {(key: string) => string} early a view setting, before the engine has read it
 * @property {{kept: LessonCopy | null}} lesson
 * @property {() => void} arrange
 * @property {() => void} measure chooses the size again
 * @property {() => void} watch tells the worker what is visible
 * @property {(changes: Record<string, string>) => void} change
 *
 * @typedef {object} LessonCopy an open lesson, as plain data
 * @property {string} name
 * @property {number} at the step
 * @property {string} depth
 * @property {boolean} going its run is not over
 * @property {Map<string, string>} choices
 * @property {Map<string, any[]>} results
 */
export {};
