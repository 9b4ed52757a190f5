// @ts-check
/** Building the DOM without a framework: no markup strings, so nothing to escape and nothing for the CSP to refuse. */

const SVG = "http://www.w3.org/2000/svg";
/** Values that no shape can be drawn with and no property accepts. */
const NOWHERE = /NaN|Infinity/;

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, unknown>} Props `on*` are listeners, `class`, `data-*` and `aria-*` attributes, the rest properties.
 */

/**
 * An HTML element: `h("button", {type: "button", onclick}, "Play")`.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props | null} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "number" && !Number.isFinite(value)) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name === "class" || name === "for" || name === "role" || name.includes("-")) {
      element.setAttribute(name, value === true ? "" : String(value));
    } else /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (element))[name] = value;
  }
  append(element, children);
  return element;
}

/**
 * An SVG element; every property is an attribute.
 * @param {string} tag
 * @param {Record<string, string | number | undefined>} [attributes]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) setAttribute(element, name, String(value));
  }
  append(element, children);
  return element;
}

/** @param {Element} element @param {(Child | Child[])[]} children */
function append(element, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Replaces the text only when it differs: no needless layout work or announcement. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Sets or removes an attribute only when it differs. A drawing gets no value that contains NaN or Infinity.
 * @param {Element} element @param {string} name @param {string | boolean | null} value
 */
export function setAttribute(element, name, value) {
  const shapeless = element instanceof SVGElement && NOWHERE.test(String(value));
  const text = value === true ? "" : value === false || shapeless ? null : value;
  if (element.getAttribute(name) === text) return;
  if (text === null) element.removeAttribute(name);
  else element.setAttribute(name, text);
}

/** A share for a style: 0 to 1, and 0 for NaN. @param {number} x */
export const share = (x) => Math.max(0, Math.min(1, x)) || 0;

/** True while the user types: keyboard shortcuts must not take those keys. @param {EventTarget | null | undefined} target */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(target.type);
}
