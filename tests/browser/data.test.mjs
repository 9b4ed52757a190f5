// The user's own files in real browsers: valid files train, damaged ones are refused with the position of the byte, in both languages.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { NAMES, PRIVATE, launch } from "./browsers.mjs";
import { RECORD, call, choose as chooseIn, data, drop, idxImages, idxLabels, loaded, open as openAt, records, refusal, tar, trainTo } from "./files.mjs";
import { startShortLab, startLabWithout } from "./servers.mjs";

const SMALL = "v=1&width=0.25&batch=8&test_every=0&backend=cpu&workers=1&train_size=1000&norm=bn";
/** A copy with one byte set. */
const set = (bytes, at, value) => {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
};

const packed = gzipSync(idxImages());
const ARCHIVE = "cifar-10-binary.tar.gz";
const archive = (batch) => gzipSync(tar({ "batches.meta.txt": Buffer.from("airplane"), "data_batch_1.bin": batch, "test_batch.bin": records(20, 2) }));
const sound = archive(records(100));
const IMAGES = "train-images-idx3-ubyte";
const LABEL_FILE = "train-labels-idx1-ubyte";
/** The damage, the files by name, the code, and words of the sentence: the byte if there is one. */
const DAMAGED = [
  ["a truncated batch", { "data_batch_1.bin": records(3).subarray(0, 3 * RECORD - 5) }, "cifar_truncated", [3 * RECORD - 5]],
  ["a wrong label", { "data_batch_1.bin": set(records(3), 2 * RECORD, 77) }, "cifar_label", [2 * RECORD, 77]],
  ["an oversized batch", { "data_batch_1.bin": Buffer.alloc(10_001 * RECORD) }, "cifar_oversized", [10_000 * RECORD]],
  ["a wrong magic number", { [IMAGES]: set(idxImages(), 2, 9), [LABEL_FILE]: idxLabels() }, "idx_magic", [0, "00 00 09 03", "00 00 08 03"]],
  ["labels called images", { [IMAGES]: idxLabels() }, "idx_magic", [0, "00 00 08 01"]],
  ["an impossible header", { [IMAGES]: set(idxImages(), 11, 99) }, "idx_header", [8, 99]],
  ["truncated IDX", { [`${IMAGES}.gz`]: gzipSync(idxImages().subarray(0, 5000)) }, "idx_truncated", [5000, 16 + 100 * 784]],
  ["oversized IDX", { [LABEL_FILE]: Buffer.concat([idxLabels(), Buffer.alloc(4)]) }, "idx_oversized", [108, 112]],
  ["a wrong IDX label", { [LABEL_FILE]: set(idxLabels(), 8 + 42, 200) }, "idx_label", [50, 200]],
  ["gzip that ends early", { [`${IMAGES}.gz`]: packed.subarray(0, packed.length - 20) }, "compressed_truncated", [packed.length - 20]],
  ["gzip with a wrong checksum", { [`${IMAGES}.gz`]: set(packed, packed.length - 6, packed.at(-6) ^ 1) }, "compressed", [packed.length]],
  ["an archive that ends early", { [ARCHIVE]: sound.subarray(0, 30_000) }, "compressed_truncated", [30_000]],
  ["an archive with a wrong label", { [ARCHIVE]: archive(set(records(3), RECORD, 10)) }, "cifar_label", ["data_batch_1.bin", RECORD, 10]],
  ["an archive without batches", { [ARCHIVE]: gzipSync(tar({ "readme.html": Buffer.from("<p>") })) }, "archive_without_data", []],
  ["a file of another kind", { holiday: Buffer.from("no images at all") }, "unknown_file", []],
  ["a picture that is none", { "holiday.jpg": Buffer.from("no images at all") }, "broken_pictures", ["holiday.jpg"]],
  ["an empty file", { "data_batch_1.bin": Buffer.alloc(0) }, "empty_file", []],
  ["labels missing", { [IMAGES]: idxImages() }, "missing_partner", [LABEL_FILE]],
  ["test images alone", { "test_batch.bin": records(3) }, "no_training_images", []],
];

let lab, bare, folder;
before(async () => {
  lab = await startShortLab();
  bare = await startLabWithout("data");
  folder = mkdtempSync(join(tmpdir(), "alexnet-lab-data-"));
});
after(() => {
  lab?.close();
  bare?.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = (browser, settings, address = lab.address) => openAt(browser, settings, address);
const choose = (page, files) => chooseIn(page, folder, files);

/** Complaints other than the aborted download of the built-in set, which is not needed once files have been read. */
const unexpected = (complaints) => complaints.filter((complaint) => !/^failed: \S+\/data\/cifar10\/\S+ \S*ABORTED$/.test(complaint));

const losses = (steps) => steps.map(({ step, loss }) => [step, loss]);

for (const name of NAMES) {
  describe(name, () => {
    let browser, close;
    before(async () => ({ browser, close } = await launch(name)));
    after(() => close?.());
    /**
     * A test in Chromium alone: the module that reads files and draws toys, and the page that words its answers, are alike in every browser.
     * How files come to the page, and a refusal, are tested in each.
     */
    const alike = name === "chromium" ? test : () => {};

    test("batch files train, the archive's names as they are", async () => {
      const { page, complaints } = await open(browser, SMALL);
      await trainTo(page, 2);
      await choose(page, { "data_batch_1.bin": records(200), "data_batch_2.bin": records(100, 2), "test_batch.bin": records(50, 3) });
      await loaded(page);
      const { name, train_arrived, test_arrived, classes } = await data(page);
      assert.deepEqual([name, train_arrived, test_arrived], ["CIFAR-10", 300, 50]);
      assert.equal(classes[0], "airplane");
      await page.evaluate(() => (window.steps = []));
      const steps = await trainTo(page, 60);
      assert.equal(steps[0].step, 1, "the run starts anew");
      const mean = (part) => part.reduce((sum, { loss }) => sum + loss, 0) / part.length;
      // Ten classes of ten brightnesses: the loss falls from ln 10 = 2.3 by more than 1 within 60 steps.
      assert.ok(mean(steps.slice(-10)) < mean(steps.slice(0, 10)) - 0.5, `${losses(steps)}`);
      assert.deepEqual(unexpected(complaints), []);
      await page.close();
    });

    test("the archive trains, and its images stay when the device is replaced", async () => {
      const { page, complaints } = await open(browser, SMALL);
      await choose(page, { [ARCHIVE]: sound });
      await loaded(page);
      const given = await data(page);
      assert.deepEqual([given.train_arrived, given.test_arrived], [100, 20]);
      const first = losses(await trainTo(page, 3));
      await page.evaluate(() => document.querySelector("alexnet-lab").session.recover({}, false));
      await page.evaluate(() => (window.steps = [])); // the last events of the old run have arrived too
      assert.deepEqual(await data(page), given);
      // Without saved weights the new run repeats the old one from its start.
      assert.deepEqual(losses(await trainTo(page, 3)), first);
      assert.deepEqual(unexpected(complaints), []);
      await page.close();
    });

    test("packed IDX files train and name their data set, dropped on the page", async () => {
      const { page, complaints } = await open(browser, SMALL);
      const prevented = await drop(page, { [`${IMAGES}.gz`]: gzipSync(idxImages()), [`${LABEL_FILE}.gz`]: gzipSync(idxLabels()) });
      assert.deepEqual(prevented, [true, true]);
      await loaded(page);
      const { name, classes, held_out, train_total, test_total } = await data(page);
      assert.deepEqual([name, classes[9], held_out, train_total, test_total], ["Fashion-MNIST", "Ankle boot", true, 90, 10]);
      const shown = await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".data").textContent);
      assert.match(shown, /Fashion-MNIST.*held out/s);
      const steps = await trainTo(page, 5);
      assert.ok(
        steps.every(({ loss }) => Number.isFinite(loss)),
        `${losses(steps)}`,
      );
      assert.deepEqual(unexpected(complaints), []);
      await page.close();
    });

    alike("what is damaged is refused with its byte, and the run goes on bit for bit", async () => {
      const counts = { before: 4, after: 4 };
      const total = counts.before + counts.after * DAMAGED.length;
      const undisturbed = await open(browser, SMALL);
      const expected = losses(await trainTo(undisturbed.page, total));
      assert.deepEqual(undisturbed.complaints, []);
      await undisturbed.page.close();

      const { page, complaints } = await open(browser, SMALL);
      let steps = await trainTo(page, counts.before);
      for (const [what, files, code, words] of DAMAGED) {
        const names = await choose(page, files);
        const refused = await refusal(page);
        assert.equal(refused.code, code, what);
        for (const word of [code === "no_training_images" ? "" : names[0], ...words]) {
          assert.ok(refused.text.includes(String(word)), `${what}: "${refused.text}" does not say ${word}`);
        }
        assert.equal((await data(page)).source, "builtin");
        steps = await trainTo(page, steps.length + counts.after);
      }
      assert.deepEqual(losses(steps), expected, "the same steps with the same losses");
      assert.deepEqual(complaints, []);
      await page.close();
    });

    test("a file is refused while the run goes on, without a pause", async () => {
      const { page, complaints } = await open(browser, SMALL);
      await call(page, "play");
      await page.waitForFunction(() => window.steps.length >= 3, { timeout: 120_000 });
      await choose(page, { "data_batch_1.bin": records(3).subarray(0, 9000) });
      assert.equal((await refusal(page)).code, "cifar_truncated");
      const seen = await page.evaluate(() => window.steps.length);
      await page.waitForFunction((from) => window.steps.length >= from + 5, { timeout: 120_000 }, seen);
      const steps = await page.evaluate(() => window.steps.map(({ step }) => step));
      assert.deepEqual(
        steps,
        steps.map((_, i) => i + 1),
        "every step, in order",
      );
      assert.deepEqual(complaints, []);
      await page.close();
    });

    alike("the sentences are Chinese on a Chinese page", async () => {
      const { page, complaints } = await open(browser, `${SMALL}&lang=zh`);
      for (const [what, files, code, words] of DAMAGED) {
        await choose(page, files);
        const refused = await refusal(page);
        assert.equal(refused.code, code, what);
        for (const word of words) assert.ok(refused.text.includes(String(word)), `${what}: "${refused.text}" does not say ${word}`);
        // The remaining Latin letters are names of files, data sets and formats.
        const rest = Object.keys(files).reduce((text, file) => text.replaceAll(file, ""), refused.text);
        const known =
          /CIFAR-10|Fashion-MNIST|MNIST|IDX|[\w*-]+\.(bin|tar\.gz|gz)|\.gz|train-labels-idx1-ubyte|PNG|JPEG|WebP|GIF|BMP|[0-9a-f]{2}( [0-9a-f]{2}){3}/g;
        assert.doesNotMatch(rest.replace(known, ""), /[A-Za-z]{2}/, what);
        assert.match(rest, /[\u4e00-\u9fff]/, what);
      }
      assert.deepEqual(complaints, []);
      await page.close();
    });

    alike("toy objects train, and what is held back is drawn anew", async () => {
      const { page, complaints } = await open(browser, `${SMALL}&data=toy`);
      const first = losses(await trainTo(page, 3));
      const shown = await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".data").textContent);
      assert.match(shown, /generated/);
      const holdBack = async (what) => {
        await page.evaluate((value) => document.querySelector("alexnet-lab").setAttribute("hold_back", value), what);
        await page.waitForFunction(
          (value) => {
            const { describe, run } = document.querySelector("alexnet-lab").session.state;
            return run > 0 && describe.config.hold_back === value;
          },
          { timeout: 120_000 },
          what,
        );
        await page.evaluate(() => (window.steps = [])); // the last events of the old run have arrived too
      };
      await holdBack("rotation");
      const held = losses(await trainTo(page, 3));
      await holdBack("none");
      assert.deepEqual(losses(await trainTo(page, 3)), first, "the same images again");
      assert.deepEqual(
        held.map(([step]) => step),
        [1, 2, 3],
      );
      assert.notDeepEqual(held, first);
      // All images arrive during training.
      await call(page, "play");
      await page.waitForFunction(
        () => {
          const { train_arrived, train_total, test_arrived, test_total } = document.querySelector("alexnet-lab").session.state.describe.data;
          return train_arrived === train_total && test_arrived === test_total;
        },
        { timeout: 120_000 },
      );
      assert.deepEqual(complaints, []);
      await page.close();
    });

    for (const [lang, words] of [
      ["en", /photographs could not be loaded \(index\.json: the server answered with error 404\)/],
      ["zh", /照片无法加载（index\.json：服务器返回错误 404）/],
    ]) {
      alike(`without the photographs the lab trains on toy objects and says so, ${lang}`, async () => {
        const { page, complaints } = await open(browser, `${SMALL}&lang=${lang}&autoplay=true`, bare.address);
        await page.waitForFunction(() => window.steps.length >= 3, { timeout: 120_000 });
        const { source, name } = await data(page);
        assert.deepEqual([source, name], ["generated", "Toy objects"]);
        assert.match(await page.evaluate(() => location.hash), /&data=toy/);
        assert.match(await page.evaluate(() => document.querySelector("alexnet-lab").shadowRoot.querySelector(".card-note").textContent), words);
        // Only the browser's own words for the missing file.
        assert.deepEqual(
          complaints.filter((complaint) => !/404/.test(complaint)),
          [],
        );
        await page.close();
      });
    }

    test("a browser that hides the pixels of a canvas trains on the same images", async (context) => {
      const { page, complaints } = await open(browser, SMALL);
      const known = losses(await trainTo(page, 3));
      await page.close();
      const hiding = await launch(name, PRIVATE);
      context.after(() => hiding.close());
      const hidden = await open(hiding.browser, SMALL);
      const shown = await hidden.page.evaluate(() => {
        const canvas = new OffscreenCanvas(64, 64).getContext("2d");
        canvas.fillStyle = "#123456";
        canvas.fillRect(0, 0, 64, 64);
        try {
          const { data } = canvas.getImageData(0, 0, 64, 64);
          return data.every((byte, i) => byte === [0x12, 0x34, 0x56, 0xff][i % 4]);
        } catch {
          return false;
        }
      });
      assert.equal(shown, false, "this browser shows the pixels of a canvas as they are");
      assert.deepEqual(losses(await trainTo(hidden.page, 3)), known);
      assert.deepEqual([...complaints, ...hidden.complaints], []);
    });
  });
}
