// Makes files such as users have, and passes them to a page.
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { newPage } from "./browsers.mjs";

export const RECORD = 3073;

/** `count` CIFAR-10 records of noise, labels 0 to 9 in turn; each class is brighter than the last. Another seed makes other images. */
export function records(count, seed = 1) {
  const bytes = Buffer.alloc(count * RECORD);
  let state = seed;
  for (let i = 0; i < bytes.length; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const label = Math.floor(i / RECORD) % 10;
    bytes[i] = i % RECORD === 0 ? label : label * 20 + (state >>> 26);
  }
  return bytes;
}

export const idx = (magic, numbers, body) => {
  const header = Buffer.alloc(4 + 4 * numbers.length);
  header.writeUInt32BE(magic, 0);
  numbers.forEach((number, i) => header.writeUInt32BE(number, 4 + 4 * i));
  return Buffer.concat([header, body]);
};
/** The first labels of the published Fashion-MNIST, then 0 to 9 in turn. */
export const LABELS = Buffer.from([9, 0, 0, 3, 0, 2, 7, 2, 5, 5, ...Array.from({ length: 90 }, (_, i) => i % 10)]);
export const idxLabels = () => idx(0x801, [LABELS.length], LABELS);
export const idxImages = () =>
  idx(
    0x803,
    [LABELS.length, 28, 28],
    Buffer.from(Array.from({ length: LABELS.length * 784 }, (_, i) => LABELS[Math.floor(i / 784)] * 25 + (i % 784 === 0 ? Math.floor(i / 784) : 0))),
  );

/** A tar archive with the folder of `cifar-10-binary.tar.gz`. */
export function tar(files) {
  const blocks = Object.entries(files).flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(`cifar-10-batches-bin/${name}`, 0);
    header.write("0000644\0", 100);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("        0", 148); // the checksum counts as spaces; type 0 is a file
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** A BMP picture of 8 x 8 pixels: a colour of its own with noise. @param {number} seed */
export function bmp(seed) {
  const bytes = Buffer.alloc(54 + 8 * 8 * 3);
  bytes.write("BM", 0);
  for (const [at, number] of [
    [2, bytes.length],
    [10, 54],
    [14, 40],
    [18, 8],
    [22, 8],
    [34, 192],
  ])
    bytes.writeUInt32LE(number, at);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let at = 54; at < bytes.length; at++) bytes[at] = (Math.imul(at + 1000 * seed, 2654435761) >>> 26) + ((37 * seed) % 190);
  return bytes;
}

/** A zip archive of stored files. @param {Record<string, Buffer>} files */
export function zip(files) {
  const [parts, list] = [[], []];
  let offset = 0;
  for (const [path, bytes] of Object.entries(files)) {
    const name = Buffer.from(path);
    const sizes = Buffer.alloc(16);
    gzipSync(bytes).subarray(-8, -4).copy(sizes); // its checksum
    sizes.writeUInt32LE(bytes.length, 4);
    sizes.writeUInt32LE(bytes.length, 8);
    sizes.writeUInt16LE(name.length, 12);
    const shared = Buffer.concat([Buffer.from([20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0]), sizes]);
    parts.push(Buffer.from("PK\x03\x04"), shared, name, bytes);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    list.push(Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), shared, place, name);
    offset += 30 + name.length + bytes.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(files).length, 4);
  end.writeUInt16LE(Object.keys(files).length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, directory, Buffer.from("PK\x05\x06"), end]);
}

export async function open(browser, settings, address) {
  const { page, complaints } = await newPage(browser, [address]);
  await page.evaluateOnNewDocument(() => {
    window.steps = [];
    addEventListener("ready", () => (window.ready = true), true);
    addEventListener("step", (event) => window.steps.push(event.detail), true);
  });
  await page.goto(`${address}/#${settings}`);
  await page.waitForFunction(() => window.ready, { timeout: 120_000 });
  // The order of the built-in images does not depend on the later shards, so do not wait for them.
  await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.describe.data.train_arrived >= 1000, { timeout: 120_000 });
  return { page, complaints };
}

export const call = (page, method) => page.evaluate((name) => document.querySelector("alexnet-lab")[name](), method);

/** Trains until there are `count` step events in all, pauses, and returns them. */
export async function trainTo(page, count) {
  await call(page, "play");
  await page.waitForFunction((wanted) => window.steps.length >= wanted, { timeout: 120_000 }, count);
  await call(page, "pause");
  return page.evaluate((wanted) => window.steps.slice(0, wanted), count);
}

/** Chooses files as with the file picker. */
export async function choose(page, folder, files) {
  const paths = Object.entries(files).map(([name, bytes]) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  });
  const input = await page.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot.querySelector("input[type=file]"));
  await input.asElement().uploadFile(...paths);
  return paths.map((path) => basename(path));
}

/** Drops files as with the mouse. The DataTransfer is made in the page, as a test has no desktop to drag from. */
export async function drop(page, files) {
  const given = Object.entries(files).map(([name, bytes]) => [name, bytes.toString("base64")]);
  return page.evaluate((entries) => {
    const transfer = new DataTransfer();
    for (const [name, text] of entries) transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
    const target = document.querySelector("alexnet-lab").shadowRoot.querySelector(".curves, main");
    const send = (type) => target.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, composed: true, cancelable: true }));
    // If the event is not prevented, the browser leaves the page for the file.
    return ["dragover", "drop"].map((type) => !send(type));
  }, given);
}

export const data = (page) => page.evaluate(() => document.querySelector("alexnet-lab").session.state.describe.data);
export const loaded = (page) =>
  page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.describe?.data.source === "files", { timeout: 120_000 });

/** The card of a refused file: its sentence and its code, after the end of the command. Closes the card. */
export async function refusal(page) {
  await page.waitForFunction(
    () => {
      const { problem, reading } = document.querySelector("alexnet-lab").session.state;
      return problem && !reading && document.querySelector("alexnet-lab").shadowRoot.querySelector(".card-bad");
    },
    { timeout: 120_000 },
  );
  const refused = await page.evaluate(() => {
    const element = document.querySelector("alexnet-lab");
    const text = element.shadowRoot.querySelector(".card-bad .card-words").textContent;
    const { code } = element.session.state.problem;
    element.session.patch({ problem: null });
    return { code, text };
  });
  // The next frame removes the card, so that a later one belongs to the next file.
  await page.waitForFunction(() => !document.querySelector("alexnet-lab").shadowRoot.querySelector(".card-bad"));
  return refused;
}
