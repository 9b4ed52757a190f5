// @ts-check
/** Places on the screen and within elements, which a page may show scaled: slide decks scale their slides. */

/** Pixels between what is placed and the window's edges. */
const MARGIN = 8;
/** Device pixels that a CSS pixel of a canvas gets at most, and all of them together. */
const [FINEST, PIXELS] = [4, 2 ** 24];

/** How large an element is shown, beside what it is laid out for. @param {HTMLElement} element */
export const scaleOf = (element) => element.getBoundingClientRect().width / element.offsetWidth || 1;

/** Where a pointer is in an element, in the element's own pixels. @param {HTMLElement} element @param {{clientX: number, clientY: number}} pointer */
export function placeIn(element, { clientX, clientY }) {
  const { left, top } = element.getBoundingClientRect();
  const scale = scaleOf(element);
  return { x: (clientX - left) / scale, y: (clientY - top) / scale };
}

/** Puts something that lies in the top layer at a place of the window, and inside of it. @param {HTMLElement} element @param {number} left @param {number} top @param {number} [margin] */
export function placeInWindow(element, left, top, margin = MARGIN) {
  const { width, height } = element.getBoundingClientRect();
  const scale = scaleOf(element); // the top layer knows no transforms, but zoom
  const inside = (/** @type {number} */ at, /** @type {number} */ size, /** @type {number} */ room) =>
    `${Math.round(Math.max(margin, Math.min(at, room - size - margin)) / scale)}px`;
  element.style.left = inside(left, width, innerWidth);
  element.style.top = inside(top, height, innerHeight);
}

/** Below what it belongs to, or above where there is no room. @param {HTMLElement} element @param {HTMLElement} anchor @param {number} gap */
export function placeBelow(element, anchor, gap) {
  const { left, top, bottom } = anchor.getBoundingClientRect();
  const { height } = element.getBoundingClientRect();
  placeInWindow(element, left, bottom + gap + height <= innerHeight ? bottom + gap : top - gap - height);
}

/** Where it covers little of what lies below its anchor: above it, else at a side, and below where there is no room for either. @param {HTMLElement} element @param {HTMLElement} anchor @param {number} gap @param {HTMLElement} [column] whose sides are meant */
export function placeAbove(element, anchor, gap, column = anchor) {
  const { left, top, bottom } = anchor.getBoundingClientRect();
  const { width, height } = element.getBoundingClientRect();
  const sides = column.getBoundingClientRect();
  const side = [sides.right + gap, sides.left - gap - width].find((at) => at >= 0 && at + width <= innerWidth);
  if (top - gap - height >= 0) placeInWindow(element, left, top - gap - height);
  else if (side !== undefined && bottom > height / 2) placeInWindow(element, side, bottom - height);
  else placeBelow(element, anchor, gap);
}

/** Device pixels for each CSS pixel of a canvas: those of the screen, more where it is shown enlarged. @param {HTMLElement} element */
export function sharpness(element) {
  const { offsetWidth, offsetHeight } = element;
  const wanted = (devicePixelRatio || 1) * Math.max(1, scaleOf(element));
  return Math.min(wanted, FINEST, Math.sqrt(PIXELS / Math.max(1, offsetWidth * offsetHeight)));
}

/** @type {Set<() => void>} */
const listeners = new Set();
/** Of the screen that the listeners know. */
let pixels = 0;
/** @type {MediaQueryList | undefined} whether it is still that one */
let screen;

function tell() {
  if (pixels !== devicePixelRatio) {
    pixels = devicePixelRatio;
    screen = matchMedia(`(resolution: ${pixels}dppx)`);
    screen.addEventListener("change", tell, { once: true });
  }
  for (const listener of listeners) listener();
}

/** Not every browser tells of another screen: whoever draws asks. */
export function lookAtScreen() {
  if (pixels !== devicePixelRatio) tell();
}

/** Calls when a canvas may need other pixels: on another screen, or in a window of another size, whose slides are scaled otherwise. @param {() => void} listener @returns {() => void} ends it */
export function whenScreenChanges(listener) {
  if (listeners.size === 0) addEventListener("resize", tell);
  lookAtScreen();
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener("resize", tell);
  };
}
