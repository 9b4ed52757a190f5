// @ts-check
/**
 * What every component receives: texts, the session's state, and functions to request something.
 * @typedef {object} Context
 * @property {import("../session/session.js").Session} session
 * @property {import("../kit/i18n.js").Texts} t
 * @property {ShadowRoot} root
 * @property {import("../kit/supply.js").Supply} supply of files fetched on demand
 * @property {{restart: boolean, all: boolean}} flip what changing a component does to the weights, and whether it applies to all networks
 * @property {import("../kit/tip.js").Tip} tip where components explain themselves
 * @property {(changes: Record<string, string>) => void} change
 * @property {(action: string) => void} act
 * @property {(kind: "activation" | "norm" | "pool" | "dropout", anchor: HTMLElement) => void} openMenu
 * @property {(kind: string, on: boolean) => void} highlight
 * @property {(block: string, channel?: number) => void} look opens the view into a layer
 * @property {() => boolean} dark
 * @property {() => string[] | null} laneNames the open lesson's names of the networks, while they are its own
 * @property {() => string} link
 * @property {() => string} size mini, slide or full
 * @property {() => void} recalled reports that the charts have gone back in the run, or to the present
 * @property {() => import("../charts/frame.js").ChartOptions} chartOptions
 */
export {};
