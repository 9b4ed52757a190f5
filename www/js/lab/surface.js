// @ts-check
/** The lab's frame in the page: its size, theme and language, independent of its content. */
import { h, setAttribute } from "../kit/dom.js";
import { writeIn } from "../kit/format.js";
import { browserLanguage, languageOf } from "../kit/i18n.js";
import { loadStyle } from "../kit/style.js";
import { Supply } from "../kit/supply.js";
import { Room } from "./room.js";
import english from "../../i18n/en.json" with { type: "json" };

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const forcedColours = matchMedia("(forced-colors: active)");

/** Pixels of the smallest slide. */
const SLIDE = { width: 480, height: 280 };

export class Surface {
  /**
   * @param {import("../components/host.js").Host["host"]} host
   * @param {import("../session/session.js").Session} session
   */
  constructor(host, session) {
    this.host = host;
    this.session = session;
    this.root = /** @type {ShadowRoot} */ (host.shadowRoot);
    this.size = "full";
    /** The last extent that the page was told. */
    this.told = "";
    /** @type {import("../kit/i18n.js").Texts | null} */
    this.texts = null;
    /** The requested language. */
    this.language = "";
    this.supply = new Supply(() => this.redraw());
    this.lab = h("div", { class: "lab", "data-size": "full", hidden: true });
    this.root.append(this.lab);
    this.room = new Room(host, this.lab, () => this.measure());
    this.closing = new AbortController();
    const { signal } = this.closing;
    prefersDark.addEventListener("change", () => this.applyTheme(), { signal });
    forcedColours.addEventListener("change", () => this.applyTheme(true), { signal });
    this.applyTheme();
  }

  async start() {
    const styled = this.supply.need("style.css", async () => {
      await loadStyle(this.root, "style.css");
      if (!this.lab.hidden) this.restyle();
    });
    await this.applyLanguage();
    await styled;
    this.lab.hidden = false;
    this.restyle();
  }

  restyle() {
    this.room.measure();
    this.measure();
    this.recolour(); // colours and sizes are known only now
  }

  destroy() {
    this.closing.abort();
    this.room.destroy();
    this.lab.remove();
  }

  /** A view setting before the engine has read it, so that the first texts have the right language. @param {string} key */
  early(key) {
    return (
      this.session.state.config[key] ??
      new URLSearchParams(this.session.state.fragment).get(key) ??
      Object.fromEntries(this.session.attributes)[key] ??
      this.host.getAttribute(key) ??
      "auto"
    );
  }

  async applyLanguage() {
    const language = languageOf(this.early("lang")) ?? browserLanguage();
    if (this.language === language) return;
    this.language = language;
    this.supply.forgetTexts();
    await this.supply.speak(language, { "": english }, (t) => {
      if (this.language !== language) return;
      this.texts = t;
      writeIn(language);
      // Not on the host: there the page's author sets `lang`.
      this.lab.lang = t.language === "zh" ? "zh-Hans" : "en";
      if (this.isPage) document.documentElement.lang = this.lab.lang;
      this.build();
    });
  }

  /** Whether the lab is the page, not a part of one. */
  get isPage() {
    return this.host.matches("[bind~=url]");
  }

  dark() {
    // Forced colours bring the system's theme.
    const theme = forcedColours.matches ? "auto" : this.early("theme");
    return theme === "dark" || (theme !== "light" && prefersDark.matches);
  }

  /** @param {boolean} [anew] even if the theme is the same, as its colours may differ */
  applyTheme(anew = false) {
    const theme = this.dark() ? "dark" : "light";
    if (this.host.dataset.theme === theme && !anew) return;
    this.host.dataset.theme = theme;
    if (this.isPage) document.documentElement.dataset.theme = theme;
    this.recolour();
  }

  /** mini about 320x240, slide about 640x360 and up to 620 pixels high, else full. Only an element whose height is limited can be too low for the full lab. */
  measure() {
    const { width } = this.room;
    // The page scrolls, but a lesson's picture has to fit into its window. A mini lab has no picture, so the picture never makes one.
    const fits = this.isPage && width >= SLIDE.width && this.lab.hasAttribute("data-stage");
    const height = fits ? Math.min(this.room.height, Math.max(SLIDE.height, innerHeight)) : this.room.height;
    const wanted = this.early("controls");
    let size = "full";
    if (["mini", "slide", "full"].includes(wanted)) size = wanted;
    else if ((width < SLIDE.width || height < SLIDE.height) && height < 480) size = "mini";
    else if (height < 620) size = "slide";
    setAttribute(this.lab, "data-narrow", width < 720);
    setAttribute(this.lab, "data-wide", size === "full" && width >= 1080);
    if (size !== this.size) {
      this.size = size;
      setAttribute(this.lab, "data-size", size);
      this.arrange();
    }
    const told = JSON.stringify(this.extent);
    if (told === this.told || this.lab.hidden) return;
    this.told = told;
    this.host.dispatchEvent(new CustomEvent("size", { detail: this.extent, bubbles: true, composed: true }));
  }

  /** How much is shown, and the height in pixels at which the whole lab would be: hosts that fit a frame to its content ask for it. */
  get extent() {
    return { size: this.size, natural_height: this.room.full || this.lab.offsetHeight };
  }

  // ---- overridden by the shell -------------------------------------------------------------------------------------

  /** Rebuilds all parts in the current language. */
  build() {}

  /** Lays out the parts for the current size. */
  arrange() {}

  /** Redraws after a change of colours or sizes. */
  recolour() {}

  /** Redraws in the next frame. */
  redraw() {}
}
