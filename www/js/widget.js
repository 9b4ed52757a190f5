// @ts-check
/**
 * The lab in a notebook: a module for anywidget. `src/bin/alexnet-lab/npm.rs` puts the single file into it, so it needs no server.
 * Traits: `settings`, both ways; `state`, from the lab; `height` in pixels.
 *
 * @typedef {{get: (trait: string) => unknown, set: (trait: string, value: unknown) => void, save_changes: () => void,
 *   on: (event: string, hear: (...values: unknown[]) => void) => void, off: (event: string, hear: (...values: unknown[]) => void) => void}} Model
 */
import html from "../../dist/lab.html";

/** How often the traits follow the training, ms. */
const EVERY = 500;

/** @param {{model: Model, el: HTMLElement}} view */
function render({ model, el }) {
  const frame = document.createElement("iframe");
  const settings = () => /** @type {Record<string, unknown>} */ (model.get("settings") ?? {});
  const attributes = Object.entries(settings()).map(([key, value]) => `${key}="${String(value).replace(/[&"<]/g, (sign) => `&#${sign.charCodeAt(0)};`)}"`);
  frame.srcdoc = html.replace("<alexnet-lab ", () => `<alexnet-lab ${attributes.join(" ")} `);
  frame.title = "AlexNet Lab";
  const size = () => (frame.style.cssText = `display: block; width: 100%; height: ${Number(model.get("height")) || 480}px; border: 0`);
  size();

  const post = (/** @type {object} */ message) => frame.contentWindow?.postMessage({ alexnetLab: 1, ...message }, "*");
  /** The settings that the lab has reported, as text. */
  let known = "";
  let saved = 0;
  const save = (/** @type {string} */ trait, /** @type {unknown} */ value) => {
    model.set(trait, value);
    model.save_changes();
  };
  const hear = (/** @type {MessageEvent} */ { source, data }) => {
    if (source !== frame.contentWindow || data?.alexnetLab !== 1) return;
    const { event, detail } = data;
    if (event === "settings") {
      known = JSON.stringify(detail);
      save("settings", detail);
    }
    if (event === "step" && detail.lane === 0 && performance.now() > saved + EVERY) {
      saved = performance.now();
      save("state", detail);
    }
  };
  const follow = () => JSON.stringify(settings()) !== known && post({ command: "set", settings: settings() });
  const command = (/** @type {unknown} */ message) => post(/** @type {object} */ (message));
  const listeners = /** @type {[string, (...values: unknown[]) => void][]} */ ([
    ["change:settings", follow],
    ["change:height", size],
    ["msg:custom", command],
  ]);
  addEventListener("message", hear);
  for (const [event, listener] of listeners) model.on(event, listener);
  el.append(frame);
  return () => {
    removeEventListener("message", hear);
    for (const [event, listener] of listeners) model.off(event, listener);
  };
}

export default { render };
