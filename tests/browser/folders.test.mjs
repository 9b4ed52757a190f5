// Folders and files of other formats in real browsers: those with data train, the others are refused with their format, in both languages.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { NAMES, launch } from "./browsers.mjs";
import { bmp, choose, data, idx, loaded, open, records, refusal, tar, trainTo, zip } from "./files.mjs";
import { startShortLab } from "./servers.mjs";

const SMALL = "v=1&width=0.25&batch=8&test_every=0&backend=cpu&workers=1&train_size=1000&norm=bn";

let lab, folder;
before(async () => {
  lab = await startShortLab();
  folder = mkdtempSync(join(tmpdir(), "alexnet-lab-folders-"));
});
after(() => {
  lab?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Drops a folder with these files: from the disk where the browser lets a test do so, else as the entries that a page receives. */
async function dropFolder(page, browser, name, files) {
  if (browser === "firefox") return dropEntries(page, name, files);
  mkdirSync(join(folder, name), { recursive: true });
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), bytes);
  }
  const client = await page.createCDPSession();
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await client.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data: { items: [], files: [join(folder, name)], dragOperationsMask: 1 } });
  }
  await client.detach();
}

function dropEntries(page, name, files) {
  const given = Object.entries(files).map(([path, bytes]) => [`/${name}/${path}`, bytes.toString("base64")]);
  return page.evaluate(
    (root, entries) => {
      const file = ([fullPath, text]) => ({
        isFile: true,
        fullPath,
        name: fullPath.split("/").pop(),
        file: (resolve) => resolve(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], fullPath.split("/").pop())),
      });
      const directory = (path, below) => {
        const names = [...new Set(below.map(([full]) => full.slice(path.length + 1).split("/")[0]))];
        const children = names.map((child) => {
          const full = `${path}/${child}`;
          const own = below.find(([other]) => other === full);
          return own
            ? file(own)
            : directory(
                full,
                below.filter(([other]) => other.startsWith(`${full}/`)),
              );
        });
        // Returns one entry at a time, as a browser may.
        const createReader = () => ({ readEntries: (resolve) => resolve(children.splice(0, 1)) });
        return { isFile: false, fullPath: path, name: path.split("/").pop(), createReader };
      };
      const item = { kind: "file", webkitGetAsEntry: () => directory(`/${root}`, entries) };
      const target = document.querySelector("alexnet-lab").shadowRoot.querySelector("main, .curves");
      const event = new Event("drop", { bubbles: true, composed: true, cancelable: true });
      Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], items: [item] } });
      target.dispatchEvent(event);
    },
    name,
    given,
  );
}

const notes = (page) => page.evaluate(() => document.querySelector("alexnet-lab").session.state.notes.map(({ code }) => code));
const noteText = (page) => page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".card-note")?.textContent ?? "");

const picture = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const pickle = Buffer.from("\x80\x02}q\x01(U\x0bbatch_label", "latin1");
const beginning = (member) => Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(22), Buffer.from([member.length, 0, 0, 0]), Buffer.from(member)]);
/** Files of other formats by name, the code, and a word of the advice. */
const FORMATS = [
  ["data_batch_1", pickle, "pickle", "cifar-10-binary.tar.gz"],
  ["cifar-10-python.tar.gz", gzipSync(tar({ data_batch_1: pickle })), "pickle", "cifar-10-binary.tar.gz"],
  ["mnist.npz", beginning("x_test.npy"), "numpy", "IDX"],
  ["images.npy", Buffer.from("\x93NUMPY\x01\0", "latin1"), "numpy", "IDX"],
  ["train_32x32.mat", Buffer.from("MATLAB 5.0 MAT-file, Platform: GLNXA64"), "matlab", "SVHN"],
  ["train_X.bin", Buffer.alloc(2 * 27648, 99), "stl10", "CIFAR-10"],
  ["train.parquet", Buffer.from("PAR1\x15\x04"), "parquet", "IDX"],
  ["mnist.h5", Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), "hdf5", "IDX"],
  ["mnist_train.csv", Buffer.from("5,0,0,0\n"), "table", "IDX"],
  ["gzip.zip", beginning("gzip/"), "compressed", ""],
  ["train-images-idx3-ubyte.gz", Buffer.from("<!DOCTYPE html><title>403</title>"), "web_page", ""],
  ["test_batch.bin", Buffer.from("version https://git-lfs.github.com/spec/v1\n"), "lfs_pointer", "git lfs pull"],
  ["holiday.jpg", Buffer.from("\xff\xd8\xff\xe0", "latin1"), "broken_pictures", "JPEG"],
];
/** Names that are the same in every language. */
const KNOWN =
  /CIFAR-10+|Fashion-MNIST|[QE]?MNIST|IDX|STL-10|SVHN|MATLAB|NumPy|Python|PyTorch|pickle|Parquet|Hugging Face|HDF5|CSV|ZIP|PNG|JPEG|WebP|GIF|BMP|Git LFS|git lfs pull|[\w*-]+\.(bin|tar\.gz|gz|zip)|\.(npy|npz)/g;

for (const name of NAMES) {
  describe(name, () => {
    let browser, close;
    before(async () => ({ browser, close } = await launch(name)));
    after(() => close?.());
    /** A test in Chromium alone: formats are told apart by the module that reads files, and named by the page, alike in every browser. */
    const alike = name === "chromium" ? test : () => {};

    test("a dropped folder is looked through, and what systems leave stops nothing", async () => {
      const { page, complaints } = await open(browser, SMALL, lab.address);
      await dropFolder(page, name, "parent", {
        ".DS_Store": Buffer.from("Bud1"),
        "Thumbs.db": Buffer.from("x"),
        "readme.html": Buffer.from("<p>"),
        "cifar-10-batches-bin/data_batch_1.bin": records(100),
        "cifar-10-batches-bin/data_batch_1 (1).bin": records(100),
        "cifar-10-batches-bin/._data_batch_1.bin": Buffer.from("x"),
        "cifar-10-batches-bin/test_batch.bin": records(20, 2),
        "cifar-10-batches-bin/older/test_batch.bin": records(20, 3),
      });
      await loaded(page);
      const { train_total, test_total, held_out } = await data(page);
      assert.deepEqual([train_total, test_total, held_out], [100, 20, false]);
      assert.deepEqual(await notes(page), []);
      assert.ok((await trainTo(page, 3)).every(({ loss }) => Number.isFinite(loss)));
      assert.deepEqual(
        complaints.filter((complaint) => !/ABORTED/.test(complaint)),
        [],
      );
      await page.close();
    });

    test("a folder of pictures for each class trains, dropped, chosen, or as a zip archive; a broken one is named", async () => {
      const { page, complaints } = await open(browser, SMALL, lab.address);
      const classes = Array.from({ length: 12 }, (_, at) => `class ${at}`);
      const photos = Object.fromEntries(classes.flatMap((name, at) => Array.from({ length: 10 }, (_, n) => [`${name}/${n}.bmp`, bmp(12 * n + at)])));
      await dropFolder(page, name, "classes", { ...photos, "class 3/broken.jpg": Buffer.from("no picture") });
      await loaded(page);
      const dropped = await data(page);
      assert.deepEqual([dropped.name, dropped.train_total, dropped.test_total, dropped.held_out], ["Pictures", 108, 12, true]);
      assert.deepEqual(dropped.classes, classes.toSorted());
      assert.deepEqual(await notes(page), ["broken_pictures"]);
      assert.match(await noteText(page), /could not be read: 1 \(broken\.jpg\)/);
      const steps = await trainTo(page, 3);
      assert.ok(steps[0].loss > 2 && steps.every(({ loss }) => Number.isFinite(loss)), `${steps[0].loss}, and ln 12 = 2.48`);
      const losses = steps.map(({ loss }) => loss);
      // The same pictures, packed: the same data set, so the same losses.
      await choose(page, folder, { "photos.zip": zip(Object.fromEntries(Object.entries(photos).map(([path, bytes]) => [`photos/${path}`, bytes]))) });
      await loaded(page);
      // A step of the run before may have come meanwhile.
      await page.evaluate(() => (window.steps = []));
      assert.deepEqual({ ...(await data(page)) }, dropped);
      assert.deepEqual(await notes(page), []);
      assert.deepEqual(
        (await trainTo(page, 3)).map(({ loss }) => loss),
        losses,
      );
      if (name === "chromium") {
        // As with the button for folders; a test cannot choose one in Firefox.
        const input = await page.evaluateHandle(() => document.querySelector("alexnet-lab").shadowRoot.querySelectorAll(".data input[type=file]")[1]);
        await input.uploadFile(join(folder, "classes"));
        await page.waitForFunction(() => document.querySelector("alexnet-lab").session.state.notes.some(({ code }) => code === "broken_pictures"));
        assert.deepEqual(await data(page), dropped);
      }
      assert.deepEqual(
        complaints.filter((complaint) => !/ABORTED/.test(complaint)),
        [],
      );
      await page.close();
    });

    for (const [lang, words] of [
      ["en", [/folder is empty/, /pictures could not be read: 2/]],
      ["zh", [/文件夹是空的/, /图片都无法读取：2 张/]],
    ]) {
      test(`a folder without data says what it holds, ${lang}`, async () => {
        const { page, complaints } = await open(browser, `${SMALL}&lang=${lang}`, lab.address);
        const folders = [
          ["empty", {}, "no_files"],
          ["photos", { "cat/1.png": picture, "dog/1.png": picture }, "broken_pictures"],
        ];
        for (const [at, [what, files, code]] of folders.entries()) {
          await dropFolder(page, name, what, files);
          const refused = await refusal(page);
          assert.equal(refused.code, code);
          assert.match(refused.text, words[at]);
        }
        assert.deepEqual(complaints, []);
        await page.close();
      });

      alike(`each format that is not read has its own sentence, ${lang}`, async () => {
        const { page, complaints } = await open(browser, `${SMALL}&lang=${lang}`, lab.address);
        for (const [file, bytes, code, word] of FORMATS) {
          await choose(page, folder, { [file]: bytes });
          const { code: found, text } = await refusal(page);
          assert.equal(found, code, file);
          assert.ok(text.includes(file) && text.includes(word), `${file}: ${text}`);
          const rest = text.replaceAll(file, "").replace("data_batch_1", "").replace(KNOWN, "");
          if (lang === "zh") assert.doesNotMatch(rest, /[A-Za-z]{2}/, file);
        }
        assert.deepEqual(complaints, []);
        await page.close();
      });

      alike(`letters of EMNIST train in 26 classes, turned upright, and it is said, ${lang}`, async () => {
        const { page, complaints } = await open(browser, `${SMALL}&lang=${lang}`, lab.address);
        const count = 520;
        // A bright line along the first row, which lies at the left if the image is turned.
        const images = Buffer.from(Array.from({ length: count * 784 }, (_, at) => (at % 784 < 28 ? 255 : Math.imul(at, 2654435761) >>> 26)));
        const labels = Buffer.from(Array.from({ length: count }, (_, at) => 1 + (at % 26)));
        await choose(page, folder, {
          "emnist-letters-train-images-idx3-ubyte.gz": gzipSync(idx(0x803, [count, 28, 28], images)),
          "emnist-letters-train-labels-idx1-ubyte.gz": gzipSync(idx(0x801, [count], labels)),
        });
        await loaded(page);
        const { name: set, classes, train_total } = await data(page);
        assert.deepEqual([set, classes.length, classes[25], train_total], ["EMNIST letters", 26, "Z", 468]);
        assert.deepEqual(await notes(page), ["transposed"]);
        assert.match(await noteText(page), lang === "en" ? /turned upright/ : /转正/);
        // Random guessing among 26 classes has a loss of ln 26 = 3.26, among ten 2.30.
        const [first] = await trainTo(page, 3);
        assert.ok(first.loss > 2.8, `${first.loss}`);
        assert.deepEqual(
          complaints.filter((complaint) => !/ABORTED/.test(complaint)),
          [],
        );
        await page.close();
      });
    }
  });
}
