// @ts-check
/** Texts by key from `i18n/<language>.json`, lessons' from `i18n/lessons.<language>.json`. No text stands in the code. */

/**
 * @typedef {(key: string, fields?: Record<string, unknown>) => string} Translate
 * @typedef {Translate & {has: (key: string) => boolean, language: string}} Texts
 */

export const LANGUAGES = ["en", "zh"];

/** @type {Map<string, Promise<any>>} */
const loading = new Map();

/** Which of the languages a tag means: `zh-CN`, `zh_TW` and `zh-Hans` are `zh`. @param {string} tag */
export function languageOf(tag) {
  return LANGUAGES.find((language) => language === tag.toLowerCase().split(/[-_]/)[0]);
}

/** The language that `auto` stands for. */
export function browserLanguage() {
  const wanted = navigator.languages?.length ? navigator.languages : [navigator.language ?? "en"];
  return wanted.map(languageOf).find(Boolean) ?? "en";
}

/**
 * @param {string} language one of LANGUAGES
 * @param {string} [part] of the texts that are loaded later, with a dot: `lessons.`
 * @returns {Promise<Texts>}
 */
export async function texts(language, part = "") {
  const file = part + language;
  if (!loading.has(file)) loading.set(file, load(file));
  const tree = await loading.get(file);
  /** @param {string} key @returns {unknown} */
  const find = (key) => key.split(".").reduce((node, part) => node?.[part], tree);
  /** @type {Translate} */
  const t = (key, fields = {}) => {
    const text = find(key);
    // A missing text shows its key: visible, and the tests look for it.
    return typeof text === "string" ? text.replace(/\{(\w+)\}/g, (_, name) => String(fields[name] ?? `{${name}}`)) : key;
  };
  return Object.assign(t, { has: (/** @type {string} */ key) => typeof find(key) === "string", language });
}

/** @param {string} file */
async function load(file) {
  const response = await fetch(new URL(`../i18n/${file}.json`, import.meta.url));
  if (!response.ok) throw new Error(`i18n/${file}.json: ${response.status}`);
  return response.json();
}
