// @ts-check
/**
 * What a page does for the labs in its frames, if it wants to. Frames of another origin cannot see how they are shown, and frames in a sandbox have no
 * storage. This runs in that page; `host_memory.js` and `lab/messages.js` are the other ends.
 */
import { density, framesAround, scaleOf } from "../kit/place.js";
import { liesUnder } from "./cover.js";

/** Most bytes of all runs together: the oldest go first. */
const MOST = 64e6;
/** Pause between two looks at the frames, ms. */
const EVERY = 500;

/** @typedef {{key: string, size: number, run: object | null}} Copy of a run; its size is in bytes */

export function hostLabs() {
  /** By key, the oldest first. @type {Map<string, Copy>} */
  const copies = new Map();
  /** The labs' frames, and what each was told last. @type {Map<HTMLIFrameElement, string>} */
  const frames = new Map();

  const keep = (/** @type {Copy} */ copy) => {
    copies.delete(copy.key);
    if (copy.run) copies.set(copy.key, copy);
    let sum = [...copies.values()].reduce((sum, { size }) => sum + size, 0);
    for (const { key, size } of copies.values()) {
      if (sum <= MOST) break;
      sum -= size;
      copies.delete(key);
    }
  };
  const post = (/** @type {HTMLIFrameElement} */ frame, /** @type {object} */ message) => frame.contentWindow?.postMessage({ alexnetLab: 1, ...message }, "*"); // a sandbox has no origin that could be named
  addEventListener("message", ({ source, data }) => {
    const frame = data?.alexnetLab === 1 && [...document.querySelectorAll("iframe")].find(({ contentWindow }) => contentWindow === source);
    if (!frame) return;
    const { event, detail } = data;
    if (event === "recall") post(frame, { command: "recall", key: detail.key, run: copies.get(detail.key)?.run ?? null });
    if (event === "keep") keep(detail);
    // A frame that begins, perhaps again, has been told nothing.
    if (event === "size" || !frames.has(frame)) frames.set(frame, "");
  });
  setInterval(() => {
    for (const [frame, told] of frames) {
      if (!frame.isConnected) frames.delete(frame);
      else {
        const shown = { covered: [frame, ...framesAround()].some(liesUnder), pixels: density() * scaleOf(frame) };
        if (JSON.stringify(shown) === told) continue;
        frames.set(frame, JSON.stringify(shown));
        post(frame, { command: "shown", ...shown });
      }
    }
  }, EVERY);
}
