// @ts-check
/** Positions on the screen and within elements. A page may show elements scaled: slide decks scale their slides. */

/** Pixels between a placed element and the window's edges. */
const MARGIN = 8;
/** Most device pixels per CSS pixel of a canvas, and per canvas. */
const [FINEST, PIXELS] = [4, 2 ** 24];
/** Most device pixels of a frame whose size on the screen is unknown, unless the screen's own ratio gives more. */
const UNKNOWN = 2560 * 1440;

/** An element's size on the screen, relative to its size in the layout. @param {HTMLElement} element */
export const scaleOf = (element) => element.getBoundingClientRect().width / element.offsetWidth || 1;

/** The position of a pointer in an element, in the element's own pixels. @param {HTMLElement} element @param {{clientX: number, clientY: number}} pointer */
export function placeIn(element, { clientX, clientY }) {
  const { left, top } = element.getBoundingClientRect();
  const scale = scaleOf(element);
  return { x: (clientX - left) / scale, y: (clientY - top) / scale };
}

/** Moves an element of the top layer to a position in the window, and keeps it inside. @param {HTMLElement} element @param {number} left @param {number} top @param {number} [margin] */
export function placeInWindow(element, left, top, margin = MARGIN) {
  const { width, height } = element.getBoundingClientRect();
  const scale = scaleOf(element); // zoom affects the top layer, transforms do not
  const inside = (/** @type {number} */ at, /** @type {number} */ size, /** @type {number} */ room) =>
    `${Math.round(Math.max(margin, Math.min(at, room - size - margin)) / scale)}px`;
  element.style.left = inside(left, width, innerWidth);
  element.style.top = inside(top, height, innerHeight);
}

/** Places an element below its anchor, or above when there is no room below. @param {HTMLElement} element @param {HTMLElement} anchor @param {number} gap */
export function placeBelow(element, anchor, gap) {
  const { left, top, bottom } = anchor.getBoundingClientRect();
  const { height } = element.getBoundingClientRect();
  placeInWindow(element, left, bottom + gap + height <= innerHeight ? bottom + gap : top - gap - height);
}

/** Places an element where it hides little of what lies below its anchor: above it, else beside it, else below. @param {HTMLElement} element @param {HTMLElement} anchor @param {number} gap @param {HTMLElement} [column] beside which it may stand */
export function placeAbove(element, anchor, gap, column = anchor) {
  const { left, top, bottom } = anchor.getBoundingClientRect();
  const { width, height } = element.getBoundingClientRect();
  const sides = column.getBoundingClientRect();
  const side = [sides.right + gap, sides.left - gap - width].find((at) => at >= 0 && at + width <= innerWidth);
  if (top - gap - height >= 0) placeInWindow(element, left, top - gap - height);
  else if (side !== undefined && bottom > height / 2) placeInWindow(element, side, bottom - height);
  else placeBelow(element, anchor, gap);
}

/** The frames around this page that can be inspected, from the inside out. */
export function framesAround() {
  /** @type {HTMLElement[]} */
  const frames = [];
  for (let page = /** @type {Window} */ (window); page.frameElement; page = page.parent) frames.push(/** @type {HTMLElement} */ (page.frameElement));
  return frames;
}

/** What the page around has told of `density`. */
let told = 0;

/**
 * Device pixels per CSS pixel of this page: the screen's ratio, more in a frame that is shown enlarged. A page of another origin has to tell how large
 * it shows the frame. Until then there are two, in a large frame fewer.
 */
export function density() {
  const frames = framesAround();
  const scale = frames.reduce((scale, frame) => scale * scaleOf(frame), 1);
  const page = frames.at(-1)?.ownerDocument.defaultView ?? window;
  const unknown = page === page.parent ? 0 : told || Math.min(2, Math.sqrt(UNKNOWN / Math.max(1, innerWidth * innerHeight)));
  return Math.max(devicePixelRatio || 1, page.devicePixelRatio * scale, unknown);
}

/** Device pixels per CSS pixel of a canvas: the page's, more where the canvas is enlarged. @param {HTMLElement} element */
export function sharpness(element) {
  const { offsetWidth, offsetHeight } = element;
  const wanted = density() * Math.max(1, scaleOf(element));
  return Math.min(wanted, FINEST, Math.sqrt(PIXELS / Math.max(1, offsetWidth * offsetHeight)));
}

/** @type {Set<() => void>} */
const listeners = new Set();
/** The screen's ratio and the page's density that the listeners know. */
let [pixels, dense] = [0, 0];
/** @type {MediaQueryList | undefined} reports another ratio */
let screen;

function tell() {
  if (pixels !== devicePixelRatio) {
    pixels = devicePixelRatio;
    screen = matchMedia(`(resolution: ${pixels}dppx)`);
    screen.addEventListener("change", tell, { once: true });
  }
  dense = density();
  for (const listener of listeners) listener();
}

/** Not every browser reports another screen, so each drawing checks. */
export function lookAtScreen() {
  if (pixels !== devicePixelRatio) tell();
}

/** @param {unknown} pixels of the screen per CSS pixel of this page, as the page around has told it */
export function tellDensity(pixels) {
  told = Number(pixels) || 0;
  lookAtFrame();
}

/** Nothing reports that the page around scales this frame differently, so a clock checks. */
export function lookAtFrame() {
  if (Math.abs(dense - density()) > 0.01) tell();
}

/** Calls when a canvas may need another resolution: on another screen, in a resized window, whose slides are scaled differently, or in a frame that is. @param {() => void} listener @returns {() => void} ends it */
export function whenScreenChanges(listener) {
  if (listeners.size === 0) addEventListener("resize", tell);
  lookAtScreen();
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener("resize", tell);
  };
}
