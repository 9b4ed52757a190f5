// Both languages say everything: every key the scripts ask for, every setting, error, note, reason and remedy of the engine.
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

/** The variants of a Rust enum, as serde names them. */
function variants(file, name) {
  const body = read("src", file).match(new RegExp(`pub enum ${name} \\{\\n([\\s\\S]*?)\\n\\}`))[1];
  return [...body.matchAll(/^ {4}([A-Z]\w*)/gm)].map((match) => snake(match[1]));
}

function scripts(folder = join(ROOT, "www", "js")) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? scripts(join(folder, entry.name)) : [readFileSync(join(folder, entry.name), "utf8")]);
}

test("both languages have the same keys with the same fields", () => {
  assert.deepEqual([...texts.zh.keys()].sort(), [...texts.en.keys()].sort());
  const fields = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
  for (const [key, text] of texts.en) assert.deepEqual(fields(texts.zh.get(key)), fields(text), key);
});

test("every key that a script names is there", () => {
  const asked = scripts().flatMap((script) => [...script.matchAll(/\bt\(\s*"([\w.]+)"/g)].map((match) => match[1]));
  assert.ok(asked.length > 60, `found ${asked.length} keys`);
  assert.deepEqual(asked.filter((key) => !texts.en.has(key)), []);
});

test("every setting has a label and help, and every option of one word a name", () => {
  const table = read("src", "config.rs");
  const settings = [...table.matchAll(/^ {4}(\w+): \((choice \[([^\]]*)\]|switch|integer[^)]*|number[^)]*)\) \w+ "/gm)];
  assert.ok(settings.length > 30, `found ${settings.length} settings`);
  const missing = settings.flatMap(([, key, , options = ""]) => {
    const names = [...options.matchAll(/"(\w+)"/g)].map((match) => match[1]).filter((name) => /^[a-z]/.test(name) && !/^(conv|fc)\d/.test(name));
    return [`settings.${key}.label`, `settings.${key}.help`, ...names.map((name) => `options.${key}.${name}`)];
  });
  assert.deepEqual(missing.filter((key) => !texts.en.has(key)), []);
});

for (const [group, file, name] of [
  ["errors", "error.rs", "Error"],
  ["notes", "error.rs", "Note"],
  ["reasons", "backend.rs", "Reason"],
  ["remedies", "trainer.rs", "Remedy"],
]) {
  test(`every ${name} of the engine has a sentence`, () => {
    const codes = variants(file, name);
    assert.ok(codes.length >= 3, `found ${codes}`);
    assert.deepEqual(codes.filter((code) => !texts.en.has(`${group}.${code}`)), []);
  });
}
