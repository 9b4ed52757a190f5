// @ts-check
/**
 * What every component gets: texts, the session's state, and the ways to ask for something.
 * @typedef {object} Context
 * @property {import("../session/session.js").Session} session
 * @property {import("../kit/i18n.js").Texts} t
 * @property {ShadowRoot} root
 * @property {import("../kit/supply.js").Supply} supply of the files that are fetched
 * @property {{restart: boolean, all: boolean}} flip what a switched component does to the weights, and whether in all networks
 * @property {import("../kit/tip.js").Tip} tip where components explain themselves
 * @property {(changes: Record<string, string>) => void} change
 * @property {(action: string) => void} act
 * @property {(kind: "activation" | "norm" | "pool" | "dropout", anchor: HTMLElement) => void} openMenu
 * @property {(kind: string, on: boolean) => void} highlight
 * @property {(block: string, channel?: number) => void} look into a layer
 * @property {() => boolean} dark
 * @property {() => string} link
 * @property {() => string} size mini, slide or full
 * @property {() => void} recalled the charts have gone back in the run, or to the present
 * @property {() => import("../charts/canvas.js").ChartOptions} chartOptions
 */
export {};
