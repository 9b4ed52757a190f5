/** The element `<alexnet-lab>`. Its attributes are the settings of the guide. */
export interface AlexNetLabElement extends HTMLElement {
  /** Trains; in a lesson, leads to its run. */
  play(): Promise<void>;
  pause(): Promise<void>;
  /** Trains one step; resolves when it is done. */
  step(): Promise<void>;
  /** Starts again from step 0 with the same initial weights. */
  reset(): Promise<void>;
  /** The next step of the open lesson. */
  next(): Promise<void>;
  /** The previous step of the open lesson. */
  back(): Promise<void>;
  getState(): Promise<State>;
}

export type Phase = "asleep" | "loading" | "compiling" | "ready" | "running" | "waiting" | "paused" | "diverged" | "lost" | "failed";

/** All settings by key, as texts, and the fields of the run. */
export interface State {
  [setting: string]: unknown;
  step?: number;
  loss?: number;
  accuracy?: number;
  phase: Phase;
  backend?: "gpu" | "cpu" | "";
  adapter?: string;
  lesson_step?: string;
  /** How much is shown. */
  size?: "mini" | "slide" | "full";
  /** The height in pixels at which the whole lab is shown. */
  natural_height?: number;
}

/** `detail` of the element's events; a frame posts the same. */
export interface Events {
  /** The first images are loaded. */
  ready: { backend: "gpu" | "cpu" };
  /** After every step of every network; `lane` is 0 for the first network. */
  step: { step: number; loss: number; accuracy: number; lane: number };
  /** The settings that differ from their defaults, after each change. */
  settings: Record<string, string>;
  /** How much is shown, and the height at which the whole lab is shown; when either changes. */
  size: { size: "mini" | "slide" | "full"; natural_height: number };
  /** A value was NaN or infinite. */
  diverged: { step: number; layer: string; place: string; remedy: string };
  /** The graphics device or the engine was lost. */
  lost: { code: string; [field: string]: unknown };
  /** A lesson was opened or is at another step. */
  lesson: { lesson: string; step?: string };
}

/** What a page sends to a frame by `postMessage`, as an object or as JSON text. */
export type Command =
  | { alexnetLab: 1; command: "play" | "pause" | "step" | "reset" | "next" | "back" | "getState" | "ready"; id?: unknown }
  | { alexnetLab: 1; command: "set"; settings: Record<string, string | number | boolean>; restart?: boolean; all?: boolean; id?: unknown };

/** A run as a frame gives it to a page that keeps it; `null`: it can be forgotten. */
export type Run = object | null;

/** What a page that helps its frames sends, as `hostLabs` of `js/embed.js` does: how they are shown, and runs. A frame does not answer. */
export type Help = { alexnetLab: 1; command: "shown"; covered: boolean; pixels: number } | { alexnetLab: 1; command: "recall"; key: string; run: Run };

/** What a frame sends to its page; `keep` only after the page has sent `recall`. */
export type Message =
  | { [Name in keyof Events]: { alexnetLab: 1; event: Name; detail: Events[Name] } }[keyof Events]
  | { alexnetLab: 1; event: "key"; detail: { key: string; code: string; shiftKey: boolean } }
  | { alexnetLab: 1; event: "recall"; detail: { key: string } }
  | { alexnetLab: 1; event: "keep"; detail: { key: string; size: number; run: Run } }
  | { alexnetLab: 1; answer: string; id?: unknown; detail: State }
  | { alexnetLab: 1; answer: string; id?: unknown; error: string };

declare global {
  interface HTMLElementTagNameMap {
    "alexnet-lab": AlexNetLabElement;
  }
}
