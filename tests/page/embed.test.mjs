// The lines for other pages: the guide shows the table's, every host has its texts in both languages, and the types cover what the guide lists.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isLocal, placeFor, settingsFor } from "../../www/js/embed/choice.js";
import { EXAMPLE, HOSTS, fragmentOf } from "../../www/js/embed/hosts.js";

const ROOT = join(import.meta.dirname, "..", "..");
const read = (...path) => readFileSync(join(ROOT, ...path), "utf8");
const guide = (language) => read("www", "guide", language, "embedding.md");
const texts = (file) => JSON.parse(read("www", "i18n", `${file}.json`));
const keys = (tree, before = "") =>
  Object.entries(tree).flatMap(([key, value]) => (typeof value === "string" ? [before + key] : keys(value, `${before}${key}.`)));
/** The code blocks of a page, without their fences. */
const blocks = (markdown) => [...markdown.matchAll(/^(`{3,})\w*\n([^]*?)\n\1$/gm)].map(([, , block]) => block);
const CHOICE = { width: 640, height: 360, lesson: "none", controls: "auto", autoplay: false };

for (const language of ["en", "zh"]) {
  test(`the guide shows the lines of every host, and no other frame or element, ${language}`, () => {
    const found = blocks(guide(language));
    const wanted = Object.values(HOSTS).map(({ lines }) => lines(EXAMPLE));
    for (const [name, { lines }] of Object.entries(HOSTS)) assert.ok(found.includes(lines(EXAMPLE)), `${name}:\n${lines(EXAMPLE)}`);
    const others = found.filter((block) => /<iframe|<alexnet-lab|embed\.html#|IFrame\(/.test(block) && !wanted.includes(block));
    assert.deepEqual(others, []);
  });

  test(`every host has a name and a sentence, and its name is in the guide, ${language}`, () => {
    const { hosts, notes } = texts(`embed.${language}`);
    assert.deepEqual(Object.keys(hosts), Object.keys(HOSTS));
    assert.deepEqual(Object.keys(notes), Object.keys(HOSTS));
    for (const name of ["reveal.js", "impress.js", "Slidev", "Marp", "Quarto", "PowerPoint", "Jupyter", "Moodle", "Canvas", "VitePress"]) {
      assert.ok(Object.values(hosts).some((host) => host.includes(name)) && guide(language).includes(name), name);
    }
  });
}

test("both languages have the texts that the dialog uses", () => {
  assert.deepEqual(keys(texts("embed.zh")).toSorted(), keys(texts("embed.en")).toSorted());
  const asked = [...read("www", "js", "embed", "view.js").matchAll(/\bsay\("([\w.]+)"/g)].map(([, key]) => key);
  assert.ok(asked.length > 10, `found ${asked}`);
  assert.deepEqual(
    asked.filter((key) => !keys(texts("embed.en")).includes(key)),
    [],
  );
});

test("README’s slide is that of the table, for the address of its own server", () => {
  const lines = HOSTS.reveal.lines({ ...EXAMPLE, address: "http://127.0.0.1:8080/" });
  assert.ok(read("README.md").includes(lines.replaceAll("\n", "\n    ")), lines);
});

test("settings with several parts and quotes come out as they went in", () => {
  assert.equal(fragmentOf({ lane2: "norm:bn,lr:0.02", "a b": "1&2+3" }), "v=1&lane2=norm:bn,lr:0.02&a%20b=1%262+3");
  const place = { ...EXAMPLE, settings: { x: '"><script>' }, title: 'A "lab" <b>' };
  for (const [name, { lines }] of Object.entries(HOSTS)) {
    const inside = lines(place).replace(/^<script [^]*?<\/script>/, "");
    assert.ok(!inside.includes("<script>") || name === "element", inside);
    assert.ok(!/="[^"]*"[^\s>=]/.test(inside), inside);
  }
  assert.match(HOSTS.element.lines(place), / x="&quot;>&lt;script>" /);
});

test("the present settings are kept, a lesson brings its own, and what the dialog asks for replaces what was", () => {
  const fragment = "v=1&norm=bn&lane2=norm:none&lang=zh&backend=cpu&controls=mini&lesson=norms&autoplay=true";
  assert.deepEqual(settingsFor(fragment, CHOICE), { norm: "bn", lane2: "norm:none", lang: "zh", backend: "cpu" });
  assert.deepEqual(settingsFor(fragment, { ...CHOICE, autoplay: true, controls: "slide" }), {
    norm: "bn",
    lane2: "norm:none",
    lang: "zh",
    backend: "cpu",
    controls: "slide",
    autoplay: "true",
  });
  assert.deepEqual(settingsFor(fragment, { ...CHOICE, lesson: "pooling", autoplay: true }), { lang: "zh", backend: "cpu", lesson: "pooling" });
  assert.deepEqual(settingsFor("", CHOICE), {});
});

test("an address of this machine alone is not written into lines", () => {
  for (const address of [
    "http://localhost:8080/",
    "http://lab.localhost/",
    "http://127.0.0.1/",
    "http://[::1]:80/",
    "http://0.0.0.0/",
    "file:///lab/",
    "blob:null/",
  ])
    assert.ok(isLocal(address), address);
  for (const address of ["https://your.host/lab/", "http://192.168.1.5:8080/", "https://localhost.example/"]) assert.ok(!isLocal(address), address);
  assert.equal(placeFor("http://localhost:8080/", "v=1", CHOICE).address, EXAMPLE.address);
  assert.equal(placeFor(null, "v=1", CHOICE).address, EXAMPLE.address);
  assert.equal(placeFor("https://a.example/b/", "v=1", CHOICE).address, "https://a.example/b/");
});

// ---- the types that the package ships --------------------------------------------------------------------------------

const types = read("www", "npm", "alexnet-lab.d.ts");
/** The body of an interface. */
const body = (name) => types.match(new RegExp(`export interface ${name}[^{]*\\{([^]*?)\\n\\}`))[1];
const members = (name) => [...body(name).matchAll(/^ {2}(\w+)\??[(:]/gm)].map(([, member]) => member);
/** The texts in the first column of the table with this head. */
const column = (language, head) => {
  const [, table] = guide(language).match(new RegExp(`^\\| ${head}.*\\n\\| ---.*\\n((?:\\|.*\\n)+)`, "m"));
  return table.split("\n").flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, word]) => word.replace("()", "")));
};
const HEADS = { en: { methods: "method", fields: "field", events: "event" }, zh: { methods: "方法", fields: "字段", events: "事件" } };

for (const [language, heads] of Object.entries(HEADS)) {
  test(`the types have every method, field, event and command of the guide, and no other, ${language}`, () => {
    assert.deepEqual(column(language, heads.methods).toSorted(), members("AlexNetLabElement").toSorted());
    assert.deepEqual(column(language, heads.fields).toSorted(), members("State").toSorted());
    assert.deepEqual(column(language, heads.events).toSorted(), members("Events").toSorted());
    const commands = [...types.match(/export type Command =([^]*?);\n\n/)[1].matchAll(/command: ([^;]*)/g)].flatMap(([, union]) => union.match(/\w+/g));
    assert.deepEqual(column(language, "`command`").toSorted(), commands.toSorted());
    const listed = (event) => guide(language).match(new RegExp(`^\\| \`${event}\` \\| ([^;；|]*)`, "m"))[1];
    for (const event of members("Events").filter((event) => listed(event).startsWith("`{"))) {
      const fields = (text) => [...text.matchAll(/\b([a-z_]+)\b(?=\??:|,| \}| …|, …)/g)].map(([, field]) => field).toSorted();
      const [, detail] = body("Events").match(new RegExp(`^ {2}${event}: \\{(.*)\\};$`, "m"));
      const typed = [...detail.matchAll(/(\w+)\??:/g)].map(([, field]) => field).filter((field) => field !== "field");
      assert.deepEqual(fields(listed(event)), typed.toSorted(), event);
    }
  });
}

test("the types have every phase and every answer of the guide", () => {
  const phases = (text) => [...text.matchAll(/[`"](\w+)[`"]/g)].map(([, phase]) => phase);
  const [, listed] = guide("en").match(/^\| `phase` \| (.*) \|$/m);
  assert.deepEqual(phases(listed), phases(types.match(/export type Phase =([^;]*);/)[1]));
  const message = types.match(/export type Message =([^]*?);\n\n/)[1];
  for (const part of ['event: "key"', "key: string; code: string; shiftKey: boolean", "answer:", "detail: State", "error: string", "id?: unknown"])
    assert.ok(message.includes(part), part);
  for (const field of ["settings", "restart", "all", "id"]) assert.match(types.match(/export type Command =([^]*?);\n\n/)[1], new RegExp(`\\b${field}\\??:`));
});

test("the types have the messages of a page that helps, as the guide lists them in both languages", () => {
  const typed = [/export type Help =([^]*?);\n\n/, /export type Message =([^]*?);\n\n/]
    .flatMap((type) => [...types.match(type)[1].matchAll(/(command|event): "(\w+)"; ([^}]*)\}/g)])
    .filter(([, kind, name]) => kind === "command" || ["recall", "keep"].includes(name))
    .map(([, kind, name, rest]) => `${kind} ${name} ${[...rest.matchAll(/(\w+):/g)].map(([, field]) => field)}`);
  assert.equal(typed.length, 4);
  for (const language of ["en", "zh"]) {
    const listed = [...guide(language).matchAll(/^\| `(command|event): "(\w+)", ([^`]*)`/gm)].map(
      ([, kind, name, rest]) => `${kind} ${name} ${rest.match(/\w+/g)}`,
    );
    assert.deepEqual(listed.toSorted(), typed.toSorted(), language);
    assert.ok(blocks(guide(language)).some((block) => block.includes('{ hostLabs } from "https://your.host/lab/js/embed.js"')));
  }
});

test("the frame obeys the commands and posts the events of the types", () => {
  const script = read("www", "js", "lab", "messages.js");
  const listed = (name) => script.match(new RegExp(`const ${name} = .*?\\[([^\\]]*)\\]`))[1].match(/\w+/g);
  assert.deepEqual(listed("EVENTS").toSorted(), members("Events").toSorted());
  const commands = [...types.match(/export type Command =([^]*?);\n\n/)[1].matchAll(/command: ([^;]*)/g)].flatMap(([, union]) => union.match(/\w+/g));
  assert.deepEqual([...listed("METHODS"), "set", "ready"].toSorted(), commands.toSorted());
});
