// @ts-check
/** Where the reader is in the lab: scroll positions, open dialogs, and the focus. A browser forgets them when an element is moved. */

export class Whereabouts {
  /** @param {ShadowRoot} root */
  constructor(root) {
    this.root = root;
    /** @type {Map<Element, [number, number]>} */
    this.scrolled = new Map();
    /** @type {HTMLElement | null} */
    this.focused = null;
    /** The focused element when the lab left the page. @type {HTMLElement | null} */
    this.kept = null;
    root.addEventListener(
      "scroll",
      ({ target }) => {
        if (target instanceof Element) this.scrolled.set(target, [target.scrollLeft, target.scrollTop]);
      },
      { capture: true, passive: true },
    );
    root.addEventListener("focusin", ({ target }) => (this.focused = /** @type {HTMLElement} */ (target)));
    // Some browsers fire this before they remove an element, so the focus is kept until the next task.
    root.addEventListener("focusout", () => setTimeout(() => root.activeElement || (this.focused = null)));
  }

  /** The element has left the page. */
  leave() {
    this.kept = this.focused;
  }

  /** The element is back, perhaps elsewhere. */
  restore() {
    const { root, kept } = this;
    for (const dialog of /** @type {NodeListOf<HTMLDialogElement>} */ (root.querySelectorAll("dialog[open]:not(:modal)"))) {
      dialog.removeAttribute("open"); // without a close event
      dialog.showModal();
    }
    for (const chip of root.querySelectorAll(".chip[aria-expanded=true]")) chip.setAttribute("aria-expanded", "false"); // moving closes menus
    if (kept?.isConnected && (document.activeElement ?? document.body) === document.body) kept.focus({ preventScroll: true });
    for (const [element, [left, top]] of this.scrolled) {
      if (element.isConnected) element.scrollTo({ left, top, behavior: "instant" });
      else this.scrolled.delete(element);
    }
  }
}
