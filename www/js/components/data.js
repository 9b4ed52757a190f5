// @ts-check
/** Where the images come from: a built-in set with its source, or the user's own files, chosen or dropped. */
import { h, setAttribute, setText } from "../kit/dom.js";
import { integer } from "../kit/format.js";
import { icon } from "../kit/icons.js";

const ACCEPT = ".bin,.gz,.tar,.tgz,.idx,.idx1-ubyte,.idx3-ubyte,application/gzip,application/octet-stream,*/*";

export class Data {
  /** @param {import("./context.js").Context} context */
  constructor(context) {
    const { t, session } = context;
    this.context = context;
    this.name = h("strong");
    this.counts = h("p", { class: "fine" });
    this.heldOut = h("p", { class: "fine" }, t("data.held_out"));
    this.cite = h(
      "p",
      { class: "fine" },
      t("data.subset"),
      " ",
      t("data.cite"),
      " ",
      h("a", { href: "https://www.cs.toronto.edu/~kriz/cifar.html", target: "_blank", rel: "noopener" }, "cs.toronto.edu/~kriz/cifar.html"),
      " ",
      t("data.licence"),
    );
    this.generated = h("p", { class: "fine" }, t("data.generated"));
    const input = h("input", { type: "file", multiple: true, accept: ACCEPT, class: "visually-hidden", tabIndex: -1, "aria-hidden": "true" });
    input.addEventListener("change", () => {
      session.loadFiles([...(input.files ?? [])]);
      input.value = "";
    });
    // The browser names the files of a folder by their paths.
    const folder = h("input", { type: "file", multiple: true, class: "visually-hidden", tabIndex: -1, "aria-hidden": "true" });
    folder.webkitdirectory = true;
    folder.addEventListener("change", () => {
      session.loadFiles([...(folder.files ?? [])].map((file) => new File([file], file.webkitRelativePath || file.name)));
      folder.value = "";
    });
    this.drop = h("button", { type: "button", class: "drop", onclick: () => input.click() }, icon("file"), h("span", null, t("data.choose")));
    this.back = h("button", { type: "button", class: "action", onclick: () => context.act("builtin") }, t("data.back"));
    this.element = h(
      "div",
      { class: "data" },
      h("p", null, this.name),
      this.counts,
      this.heldOut,
      this.cite,
      this.generated,
      this.drop,
      input,
      h("button", { type: "button", class: "action", onclick: () => folder.click() }, t("data.folder")),
      folder,
      h("p", { class: "fine" }, t("data.formats")),
      h("p", { class: "fine" }, t("data.local")),
      this.back,
    );
  }

  /** @param {import("../session/state.js").State} state */
  update({ describe }) {
    if (!describe) return;
    const { t } = this.context;
    const { data } = describe;
    const key = `data.names.${data.name}`;
    setText(this.name, t.has(key) ? t(key) : data.name);
    setText(
      this.counts,
      t("data.counts", {
        train: integer(data.train_arrived),
        train_total: integer(data.train_total),
        test: integer(data.test_arrived),
        test_total: integer(data.test_total),
        classes: data.classes.length,
      }),
    );
    this.heldOut.hidden = !data.held_out;
    this.cite.hidden = data.source !== "builtin";
    this.generated.hidden = data.source !== "generated";
    this.back.hidden = data.source !== "files";
  }
}

/** Limits on the levels of folders and on the files: more pictures than the lab uses need not be listed. */
const DEEPEST = 9;
const MOST = 70_000;
/** Entries that a browser is asked about at a time; it answers each after a while. */
const TOGETHER = 200;

/** The dropped files and those in dropped folders, named by their paths, the least deep first. @param {(FileSystemEntry | File | null)[]} given */
async function filesOf(given) {
  /** @type {File[]} */
  const files = [];
  for (let depth = 0, level = given; level.length > 0 && depth <= DEEPEST; depth += 1) {
    /** @type {FileSystemEntry[]} */
    const below = [];
    for (let at = 0; at < level.length; at += TOGETHER) {
      if (files.length >= MOST) return files;
      const entries = level.slice(at, at + TOGETHER).filter((entry) => entry && !(depth > 0 && entry.name.startsWith(".")));
      for (const found of await Promise.all(/** @type {(FileSystemEntry | File)[]} */ (entries).map(enter))) {
        if (found instanceof File) files.push(found);
        else found.forEach((child) => below.push(child));
      }
    }
    level = below;
  }
  return files;
}

/** A file with its path, or the content of a folder. @param {FileSystemEntry | File} entry @returns {Promise<File | FileSystemEntry[]>} */
async function enter(entry) {
  if (entry instanceof File) return entry;
  try {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
      return new File([file], entry.fullPath.slice(1));
    }
    const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
    const read = () => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    const children = [];
    // Browsers return the entries in parts.
    for (let some = await read(); some.length > 0; some = await read()) children.push(...some);
    return children;
  } catch {
    throw { code: "unreadable", file: entry.name };
  }
}

/**
 * Loads files and folders dropped anywhere on the lab as data.
 * @param {HTMLElement} host @param {HTMLElement} lab shows that files can be dropped @param {(files: Promise<File[]>) => void} load
 * @param {AbortSignal} signal ends it
 */
export function acceptDrops(host, lab, load, signal) {
  const over = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    setAttribute(lab, "data-over", event.type === "dragover");
  };
  const drop = (/** @type {DragEvent} */ event) => {
    over(event);
    // The items disappear at the end of the event.
    const given = [...(event.dataTransfer?.items ?? [])].filter(({ kind }) => kind === "file");
    if (given.length > 0) load(filesOf(given.map((item) => item.webkitGetAsEntry() ?? item.getAsFile())));
  };
  host.addEventListener("dragover", over, { signal });
  host.addEventListener("dragleave", over, { signal });
  host.addEventListener("drop", drop, { signal });
}
