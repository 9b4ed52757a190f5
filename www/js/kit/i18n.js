// @ts-check
/** Texts by key from `i18n/<language>.json`, those of lessons from `i18n/lessons.<language>.json`. The code contains no texts; English is built in. */

/**
 * @typedef {(key: string, fields?: Record<string, unknown>) => string} Translate
 * @typedef {{[key: string]: string | Tree}} Tree the content of a file of texts
 * @typedef {Translate & {has: (key: string) => boolean, language: string}} Texts
 */

export const LANGUAGES = ["en", "zh"];

/** The language of a tag: `zh-CN`, `zh_TW` and `zh-Hans` are `zh`. @param {string} tag */
export function languageOf(tag) {
  return LANGUAGES.find((language) => language === tag.toLowerCase().split(/[-_]/)[0]);
}

/** The language that `auto` stands for. */
export function browserLanguage() {
  const wanted = navigator.languages?.length ? navigator.languages : [navigator.language ?? "en"];
  return wanted.map(languageOf).find(Boolean) ?? "en";
}

/**
 * The texts of a file. @param {Tree} tree its content @param {string} language
 * @returns {Texts}
 */
export function texts(tree, language) {
  /** @param {string} key @returns {unknown} */
  const find = (key) => key.split(".").reduce((node, part) => /** @type {Tree | undefined} */ (node)?.[part], /** @type {Tree | string | undefined} */ (tree));
  /** @type {Translate} */
  const t = (key, fields = {}) => {
    const text = find(key);
    // A missing text shows its key: visible, and the tests look for it.
    return typeof text === "string" ? text.replace(/\{(\w+)\}/g, (_, name) => String(fields[name] ?? `{${name}}`)) : key;
  };
  return Object.assign(t, { has: (/** @type {string} */ key) => typeof find(key) === "string", language });
}
