// @ts-check
/** Files that the page fetches while it runs. A card reports each failure and offers to try again. */
import { fetched } from "./fetched.js";
import { texts } from "./i18n.js";

export class Supply {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** The missing parts: the file, and how to try again. @type {Map<string, {file: string, again: () => void}>} */
    this.missing = new Map();
  }

  /**
   * Does work that needs files.
   * @param {string} part the name of the files; the file itself, unless the error names another
   * @param {() => Promise<unknown>} work
   * @returns {Promise<boolean>} whether it was done
   */
  async need(part, work) {
    try {
      await work();
      if (this.missing.delete(part)) this.changed();
      return true;
    } catch (error) {
      console.warn(error);
      this.missing.set(part, { file: /** @type {{file?: string} | null} */ (error)?.file ?? part, again: () => this.need(part, work) });
      this.changed();
      return false;
    }
  }

  /**
   * Loads the texts of a language; English while a file of the language is missing.
   * @param {string} language
   * @param {Record<string, import("./i18n.js").Tree>} english content of the English files, by the part of the texts: `lessons.`
   * @param {(...texts: import("./i18n.js").Texts[]) => void} use called again when a missing file has loaded
   */
  async speak(language, english, use) {
    const inEnglish = () => use(...Object.values(english).map((tree) => texts(tree, "en")));
    if (language === "en") return inEnglish();
    const files = Object.keys(english).map((part) => `i18n/${part}${language}.json`);
    const got = await this.need(files[0], async () =>
      use(...(await Promise.all(files.map((file) => fetched(file, "json")))).map((tree) => texts(/** @type {import("./i18n.js").Tree} */ (tree), language))),
    );
    if (!got) inEnglish();
  }

  /** Texts of a language that is no longer shown are not missing. */
  forgetTexts() {
    for (const part of this.missing.keys()) if (part.startsWith("i18n/")) this.missing.delete(part);
  }

  tryAgain() {
    for (const { again } of [...this.missing.values()]) again();
  }
}
