// Both languages are complete: every key that scripts use, and every setting, error, note, reason and remedy of the engine.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "..", "..");
const read = (...path) => readFileSync(join(ROOT, ...path), "utf8");
const flatten = (tree, prefix = "") =>
  Object.entries(tree).flatMap(([key, value]) => (typeof value === "string" ? [[prefix + key, value]] : flatten(value, `${prefix}${key}.`)));
const texts = Object.fromEntries(["en", "zh"].map((language) => [language, new Map(flatten(JSON.parse(read("www", "i18n", `${language}.json`))))]));
const snake = (name) => name.replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase();

/** The variants of a Rust enum under their serde names: their fields, and those in their English sentence. */
function variants(file, name) {
  const body = read("src", file).match(new RegExp(`pub enum ${name} \\{\\n([\\s\\S]*?)\\n\\}`))[1];
  const found = new Map();
  for (const [, attribute = "", variant, fields = ""] of body.matchAll(/(#\[error\(\s*"(?:[^"\\]|\\.)*"\s*\)\]\s*)?^ {4}([A-Z]\w*)(?: \{([^}]*)\})?,/gm)) {
    found.set(snake(variant), { fields: [...fields.matchAll(/(\w+):/g)].map((match) => match[1]), shown: shown(attribute) });
  }
  return found;
}

/** The table of settings: key, kind, options. */
const SETTINGS = [
  ...read("src", "config", "mod.rs").matchAll(/^ {4}(\w+): \(((?:choice|word)[^[]*\[([^\]]*)\]|switch|integer[^)]*|number[^)]*)\) \w+ \w+ "/gm),
];

/** The fields in a sentence. */
const shown = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort();

/** The codes that the page's scripts throw. */
const thrown = () => scripts().flatMap((script) => [...script.matchAll(/(?:throw |return |\? |reject\(|fail\()\{ code: "(\w+)"/g)].map((match) => match[1]));

/** The codes of notes that the page's scripts report. */
const reported = () =>
  scripts().flatMap((script) => [...script.matchAll(/(?:report\("notes", \[|note\(|notes: \[\.\.\.notes, )\{ code: "(\w+)"/g)].map((match) => match[1]));

function scripts(folder = join(ROOT, "www", "js")) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? scripts(join(folder, entry.name)) : [readFileSync(join(folder, entry.name), "utf8")],
  );
}

test("both languages have the same keys with the same fields", () => {
  assert.deepEqual([...texts.zh.keys()].sort(), [...texts.en.keys()].sort());
  for (const [key, text] of texts.en) assert.deepEqual(shown(texts.zh.get(key)), shown(text), key);
});

test("every key that a script names is there", () => {
  const asked = scripts().flatMap((script) => [...script.matchAll(/\bt\(\s*"([\w.]+)"/g)].map((match) => match[1]));
  assert.ok(asked.length > 60, `found ${asked.length} keys`);
  assert.deepEqual(
    asked.filter((key) => !texts.en.has(key)),
    [],
  );
});

test("every setting has a label and help, and every option of one word a name", () => {
  assert.ok(SETTINGS.length > 30, `found ${SETTINGS.length} settings`);
  const missing = SETTINGS.flatMap(([, key, , options = ""]) => {
    const names = [...options.matchAll(/"(\w+)"/g)].map((match) => match[1]).filter((name) => /^[a-z]/.test(name) && !/^(conv|local|fc)\d/.test(name));
    return [`settings.${key}.label`, `settings.${key}.help`, ...names.map((name) => `options.${key}.${name}`)];
  });
  assert.deepEqual(
    missing.filter((key) => !texts.en.has(key)),
    [],
  );
});

for (const [group, file, name] of [
  ["errors", "error.rs", "Error"],
  ["notes", "error.rs", "Note"],
  ["reasons", "backend/machine.rs", "Reason"],
  ["remedies", "trainer/mod.rs", "Remedy"],
  ["hints", "config/hints.rs", "Hint"],
  ["diverged", "step/mod.rs", "Place"],
  ["effects", "config/mod.rs", "Effect"],
]) {
  test(`every ${name} of the engine has a sentence that its fields fill`, () => {
    const found = variants(file, name);
    assert.ok(found.size >= 2, `found ${[...found.keys()]}`);
    for (const [code, { fields, shown: english }] of found) {
      const text = texts.en.get(`${group}.${code}`);
      assert.ok(text, `${group}.${code} is missing`);
      if (group === "diverged" || group === "effects") continue; // filled by the page
      const filled = group === "hints" ? SETTINGS.map(([, key]) => key) : fields;
      const unknown = shown(text).filter((field) => !filled.includes(field));
      assert.deepEqual(unknown, [], `${group}.${code} shows fields that ${name} does not have`);
      // The byte, the label and the file of the English sentence appear on the page too.
      // A browser's or driver's own words have no translation: the page shows them folded.
      const raw = (field) => ["why", "place"].includes(field) && !shown(text).includes(field);
      if (group === "errors")
        assert.deepEqual(
          shown(text),
          english.filter((field) => !raw(field)),
          `${group}.${code}`,
        );
    }
  });
}

test("no sentence is left of an error or a note that is gone", () => {
  const own = thrown();
  assert.ok(
    ["download", "not_ready", "unexpected"].every((code) => own.includes(code)),
    `found ${own}`,
  );
  const known = new Set([...variants("error.rs", "Error").keys(), ...own]);
  const keys = (group) => [...texts.en.keys()].filter((key) => key.startsWith(`${group}.`)).map((key) => key.slice(group.length + 1));
  assert.deepEqual(
    keys("errors").filter((code) => !known.has(code)),
    [],
  );
  assert.deepEqual(
    own.filter((code) => !texts.en.has(`errors.${code}`)),
    [],
  );
  const notes = new Set([...variants("error.rs", "Note").keys(), ...reported()]);
  assert.deepEqual(
    keys("notes").filter((code) => !notes.has(code)),
    [],
  );
  assert.deepEqual(
    reported().filter((code) => !texts.en.has(`notes.${code}`)),
    [],
  );
});

test("the words that the IDX reader puts into its errors are translated", () => {
  const reader = read("src", "data", "idx.rs").split("mod tests")[0];
  const words = [...reader.matchAll(/\("(\w+)", \w+, |Holds::\w+ => "(\w+)"/g)].map((match) => match[1] ?? match[2]);
  assert.deepEqual([...new Set(words)].toSorted(), ["columns", "count", "images", "labels", "rows"]);
  assert.deepEqual(
    words.filter((word) => !texts.en.has(`terms.${word}`)),
    [],
  );
});
