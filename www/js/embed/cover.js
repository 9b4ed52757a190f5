// @ts-check
/**
 * Whether something lies over the whole lab, such as the black screen of a deck. In its own page, and in pages of the same origin around it, the lab
 * looks for opaque elements. Of a page of another origin only Chromium tells something: whether a spot of the lab is surely seen.
 */
import { h } from "../kit/dom.js";
import { framesAround } from "../kit/place.js";

/** Shares of the lab's width and height: what covers all of these spots covers the lab. */
const SPOTS = [
  [0.5, 0.5],
  [0.1, 0.1],
  [0.9, 0.1],
  [0.1, 0.9],
  [0.9, 0.9],
];
/** So many spots tell. Something that is always there may cover the others. */
const ENOUGH = 3;
/** Pause between two looks, and how long unseen spots count as a change of slides, ms. */
const [EVERY, PASSING] = [500, 1000];
/** An element that is less opaque does not hide what lies below. */
const OPAQUE = 0.9;

/** @param {Element} element @param {number} x @param {number} y */
function hides(element, x, y) {
  const { left, top, right, bottom } = element.getBoundingClientRect(); // a point of a dialog's backdrop is reported as the dialog
  const { backgroundColor, opacity } = getComputedStyle(element);
  const inside = x >= left && x <= right && y >= top && y <= bottom;
  return inside && Number(opacity) > OPAQUE && !/^(rgba|transparent)|\//.test(backgroundColor);
}

/** Whether opaque elements of its page lie over all spots of an element. @param {Element} element */
export function liesUnder(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  let known = element;
  for (let root; (root = known.getRootNode()), "host" in root;) known = /** @type {ShadowRoot} */ (root).host;
  return SPOTS.every(([across, down]) => {
    const [x, y] = [left + across * width, top + down * height];
    const stack = element.ownerDocument.elementsFromPoint(x, y);
    return stack.slice(0, Math.max(0, stack.indexOf(known))).some((above) => hides(above, x, y));
  });
}

/** Where a page that cannot be inspected is around. @param {ShadowRoot} root @param {AbortSignal} signal ends it */
function watchSpots(root, signal) {
  const { host } = root;
  const spots = SPOTS.map(() => h("div"));
  // In the place of the lab's upper left corner, without a size.
  const corner = h("div", { "aria-hidden": "true" }, spots);
  const place = () =>
    spots.forEach(({ style }, at) => {
      const [across, down] = SPOTS[at];
      style.cssText = `position: absolute; z-index: 6; width: 2px; height: 2px; pointer-events: none; left: ${across * host.clientWidth}px; top: ${down * host.clientHeight}px`;
    });
  corner.style.cssText = "position: relative; height: 0";
  root.prepend(corner);
  const sizes = new ResizeObserver(place);
  sizes.observe(host);

  /** The last report of each spot. @type {Map<Element, {inView: boolean, clear: boolean}>} */
  const reports = new Map();
  /**
   * Spots that have been seen clearly: the others tell nothing. A filter or a transform around the lab makes Chromium report all spots as not seen.
   * @type {Set<Element>}
   */
  let known = new Set();
  let since = Infinity;
  const forget = () => {
    known = new Set([...reports].filter(([, { clear }]) => clear).map(([spot]) => spot));
    since = Infinity;
  };
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting, isVisible } of /** @type {(IntersectionObserverEntry & {isVisible?: boolean})[]} */ (entries)) {
      reports.set(target, { inView: isIntersecting, clear: isVisible === true });
      if (isVisible) known.add(target);
    }
  }, /** @type {IntersectionObserverInit} */ ({ trackVisibility: true, delay: 100 }));
  for (const spot of spots) observer.observe(spot);

  // Who uses the lab sees it. In a window of another size, the page may scale the lab differently.
  const used = (/** @type {Event} */ { type, defaultPrevented }) => (type !== "keydown" || defaultPrevented) && forget();
  for (const type of ["pointermove", "pointerdown", "keydown"]) window.addEventListener(type, used, { signal });
  const screen = () => [outerWidth, outerHeight, devicePixelRatio].join();
  let before = screen();
  signal.addEventListener("abort", () => {
    observer.disconnect();
    sizes.disconnect();
    corner.remove();
  });
  return () => {
    if (before !== screen()) forget();
    before = screen();
    const unseen = [...known].every((spot) => reports.get(spot)?.inView && !reports.get(spot)?.clear);
    const covered = known.size >= ENOUGH && unseen && !root.querySelector(":modal"); // the lab's own dialogs cover it, too
    since = covered ? Math.min(since, performance.now()) : Infinity;
    return performance.now() - since >= PASSING;
  };
}

/** @param {HTMLElement} lab @param {(covered: boolean) => void} tell called after a change; at first it is not @param {AbortSignal} signal ends it */
export function watchCover(lab, tell, signal) {
  const around = [lab, ...framesAround()];
  const all = around.at(-1)?.ownerDocument.defaultView === window.top;
  const spots = all ? () => false : watchSpots(/** @type {ShadowRoot} */ (lab.shadowRoot), signal);
  let told = false;
  const look = () => {
    if (document.visibilityState === "hidden") return; // nothing is reported
    const covered = spots() || around.some(liesUnder);
    if (told !== covered) tell((told = covered));
  };
  const clock = setInterval(look, EVERY);
  signal.addEventListener("abort", () => clearInterval(clock));
}
