// @ts-check
/** Where the reader is in the lab: what is scrolled, what is open, and the focus. A browser forgets it when an element is moved. */

export class Whereabouts {
  /** @param {ShadowRoot} root */
  constructor(root) {
    this.root = root;
    /** @type {Map<Element, [number, number]>} */
    this.scrolled = new Map();
    /** @type {HTMLElement | null} */
    this.focused = null;
    /** The focus when it left. @type {HTMLElement | null} */
    this.kept = null;
    root.addEventListener(
      "scroll",
      ({ target }) => {
        if (target instanceof Element) this.scrolled.set(target, [target.scrollLeft, target.scrollTop]);
      },
      { capture: true, passive: true },
    );
    root.addEventListener("focusin", ({ target }) => (this.focused = /** @type {HTMLElement} */ (target)));
    // Some browsers tell it before an element is taken away: what was focused then is known until the next task.
    root.addEventListener("focusout", () => setTimeout(() => root.activeElement || (this.focused = null)));
  }

  /** The element has left the page. */
  leave() {
    this.kept = this.focused;
  }

  /** It is back, maybe elsewhere. */
  restore() {
    const { root, kept } = this;
    for (const dialog of /** @type {NodeListOf<HTMLDialogElement>} */ (root.querySelectorAll("dialog[open]:not(:modal)"))) {
      dialog.removeAttribute("open"); // without the event of closing
      dialog.showModal();
    }
    for (const chip of root.querySelectorAll(".chip[aria-expanded=true]")) chip.setAttribute("aria-expanded", "false"); // menus are closed by moving
    if (kept?.isConnected && (document.activeElement ?? document.body) === document.body) kept.focus({ preventScroll: true });
    for (const [element, [left, top]] of this.scrolled) {
      if (element.isConnected) element.scrollTo({ left, top, behavior: "instant" });
      else this.scrolled.delete(element);
    }
  }
}
