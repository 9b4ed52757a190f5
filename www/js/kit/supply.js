// @ts-check
/** Files of the page that are fetched while it runs. What fails is told in a card, and can be asked for again. */
import { fetched } from "./fetched.js";
import { texts } from "./i18n.js";

export class Supply {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** What is missing: the file, and how to try again. @type {Map<string, {file: string, again: () => void}>} */
    this.missing = new Map();
  }

  /**
   * Does what needs files.
   * @param {string} part by which they are known; the file, unless the error names another
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
      this.missing.set(part, { file: /** @type {any} */ (error)?.file ?? part, again: () => this.need(part, work) });
      this.changed();
      return false;
    }
  }

  /**
   * Gives texts in a language; in English while a file of the language is missing.
   * @param {string} language
   * @param {Record<string, any>} english what is in the English files, by the part of the texts: `lessons.`
   * @param {(...texts: import("./i18n.js").Texts[]) => void} use called again when what was missing has come
   */
  async speak(language, english, use) {
    const inEnglish = () => use(...Object.values(english).map((tree) => texts(tree, "en")));
    if (language === "en") return inEnglish();
    const files = Object.keys(english).map((part) => `i18n/${part}${language}.json`);
    const got = await this.need(files[0], async () =>
      use(...(await Promise.all(files.map((file) => fetched(file, "json")))).map((tree) => texts(tree, language))),
    );
    if (!got) inEnglish();
  }

  /** Texts of a language that nobody wants any more are not missing. */
  forgetTexts() {
    for (const part of this.missing.keys()) if (part.startsWith("i18n/")) this.missing.delete(part);
  }

  tryAgain() {
    for (const { again } of [...this.missing.values()]) again();
  }
}
