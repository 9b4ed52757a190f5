// The exports of a run: its record, the table and the figure. Run with `node --test tests/page/`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Record } from "../../www/js/charts/record.js";
import { csv } from "../../www/js/export/csv.js";
import { HEIGHT, WIDTH, figure } from "../../www/js/export/figure.js";
import { records } from "../../www/js/export/images.js";
import { withDensity } from "../../www/js/export/png.js";

const t = (key) => key.split(".").at(-1);
const rows = (count, first = 1, value = (step) => 2.3 / Math.sqrt(step)) =>
  Float32Array.from(Array.from({ length: count }, (_, i) => [first + i, value(first + i), i / count]).flat());

test("a record keeps every row while there is room, in pieces of any size", () => {
  const record = new Record(3, 1024);
  const all = rows(1000);
  for (let at = 0; at < all.length; at += 33) record.push(all.subarray(at, at + 33));
  assert.deepEqual(record.rows, all);
  assert.equal(record.stride, 1);
  record.clear();
  assert.equal(record.rows.length, 0);
});

test("a record of any length stays bounded, and keeps every 2^k-th row from the first on", () => {
  const record = new Record(1, 64);
  for (let step = 0; step < 5000; step++) {
    record.push(Float32Array.of(step));
    const kept = [...record.rows];
    assert.ok(kept.length <= 64 && kept.length >= Math.min(step + 1, 32), `${kept.length} at ${step}`);
    assert.deepEqual(
      kept,
      kept.map((_, i) => i * record.stride),
      `at ${step}`,
    );
    assert.ok(step - kept.at(-1) < record.stride, "the newest row of its grid is there");
  }
  assert.equal(record.stride, 128);
  assert.ok(record.values.length <= 64);
});

test("the table has a line a step and a line an evaluation; no digit is lost, and no number has three decimals", () => {
  const training = Float32Array.of(1, 2.302585, 0.125, 2, NaN, 0.3, 3, 1e-7, 1);
  const text = csv(training, Float32Array.of(2, 1.5, 0.4), Float32Array.of(2, 0.5, 0.75));
  assert.deepEqual(text.split("\n"), [
    "set,step,loss,accuracy",
    "train,1,2.302585,0.1250",
    "train,2,NaN,0.3",
    "train,3,1e-7,1",
    "test,2,1.5,0.4",
    "train_eval,2,0.5,0.75",
    "",
  ]);
  const random = Float32Array.from({ length: 3000 }, (_, i) => Math.fround(Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 7));
  const back = csv(random, new Float32Array(), new Float32Array())
    .trim()
    .split("\n")
    .slice(1)
    .flatMap((line) => line.split(",").slice(1).map(Number));
  assert.deepEqual(Float32Array.from(back), random);
  const thousandths = Float32Array.from({ length: 999 }, (_, i) => (i + 1) / 1000);
  assert.doesNotMatch(csv(thousandths, thousandths, thousandths), /\.\d{3}[,\n]/);
});

const CURVES = {
  training: rows(500),
  test: rows(5, 100),
  stride: 1,
  logarithmic: false,
  about: "v=1&norm=bn",
  events: [{ step: 200, label: 'ReLU < Sigmoid & "more"' }],
};

/** Every coordinate of the drawing. */
const coordinates = (svg) => [...svg.matchAll(/ d="([^"]*)"/g)].flatMap(([, d]) => d.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);

test("the figure is a well-formed drawing with both curves, axes and labels", () => {
  const svg = figure(CURVES, t, "en");
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  const tags = [...svg.matchAll(/<(\/?)(\w+)((?:[^>"]|"[^"]*")*?)(\/?)>/g)];
  const open = [];
  for (const [, end, name, , closed] of tags) {
    if (end) assert.equal(open.pop(), name);
    else if (!closed) open.push(name);
  }
  assert.deepEqual(open, []);
  for (const word of ["loss", "accuracy", "train", "test", "step", "v=1&#38;norm=bn", "ReLU &#60; Sigmoid"]) assert.ok(svg.includes(`${word}`), word);
  assert.equal(svg.match(/stroke-width="2.5"/g).length, 4, "a smoothed curve and its key in both panes");
  assert.equal(svg.match(/<circle/g).length, 2 * (5 + 1), "a dot an evaluation, and one in the key");
  assert.ok(coordinates(svg).every((x) => Number.isFinite(x) && Math.abs(x) <= Math.max(WIDTH, HEIGHT) * 2));
});

test("a figure of nothing, of one step, of a run that exploded, and on a logarithmic axis is drawn too", () => {
  const empty = new Float32Array();
  for (const change of [
    { training: empty, test: empty, events: [] },
    { training: rows(1), test: empty },
    { training: Float32Array.of(1, 2, 0.1, 2, 1e30, 0.1, 3, NaN, 0), test: empty },
    { logarithmic: true },
    { gap: true },
    { gap: true, test: rows(1, 100) },
    { gap: true, logarithmic: true, training: Float32Array.of(1, 2, 0.1, 2, NaN, 0.1, 3, 2, 0), test: Float32Array.of(1, 3, 0.1, 3, NaN, 0) },
    { training: rows(300, 100_000), test: rows(3, 100_100), events: [] },
    { training: rows(20_000), stride: 4 },
  ]) {
    const svg = figure({ ...CURVES, ...change }, t, "zh-Hans");
    assert.ok(!/NaN|Infinity|undefined/.test(svg), JSON.stringify(change).slice(0, 80));
    assert.ok(svg.length < 200_000, `${svg.length} characters`);
  }
});

test("no run can make the figure endless: on both axes it has few ticks, all inside, and no label is cut", () => {
  const empty = new Float32Array();
  const run = (losses) => Float32Array.from(losses.flatMap((loss, i) => [1000 * i + 1, loss, 0.1]));
  const runs = {
    none: empty,
    one: run([2.3]),
    equal: run([2.3, 2.3]),
    nan: run([NaN, NaN]),
    zeros: run([0, 0]),
    infinity: run([2.3, Infinity, 2]),
    tiny: run([1e-38, 1]),
    huge: run([2, 1e18, 1.2e22, 3e38]),
    negative: run([-1, -2]),
    long: rows(3, 12_345_678),
  };
  for (const [kind, training] of Object.entries(runs)) {
    for (const test of [empty, training]) {
      for (const logarithmic of [false, true]) {
        const svg = figure({ ...CURVES, training, test, logarithmic, gap: true }, t, "en");
        assert.ok(!/NaN|Infinity|undefined/.test(svg.replaceAll(/>gap NaN</g, "")), kind);
        assert.ok(svg.length < 30_000, `${kind}: ${svg.length} characters`);
        for (const [, x, anchor, words] of svg.matchAll(/<text x="([\d.-]+)" y="[^"]*" fill="#5d636d" text-anchor="(end|middle)"[^>]*>([^<]*)</g)) {
          const width = 7.8 * words.length;
          const [left, right] = anchor === "end" ? [x - width, Number(x)] : [x - width / 2, Number(x) + width / 2];
          assert.ok(left >= 0 && right <= WIDTH, `${kind}: ${words} from ${left} to ${right}`);
        }
      }
    }
  }
});

test("the figure shades the gap where the page does, and says how large it is", () => {
  const training = Float32Array.from(Array.from({ length: 100 }, (_, i) => [i + 1, 1, 0.75]).flat());
  const test = Float32Array.of(50, 1.5, 0.5, 100, 3, 0.25);
  const svg = figure({ ...CURVES, training, test, gap: true }, t, "en");
  assert.equal(svg.match(/Z" fill="[^"]+" fill-opacity/g).length, 2, "an area in each pane");
  assert.ok(svg.includes(">gap 2.00<") && svg.includes(">gap 50\u00a0%<"), svg);
  assert.ok(!figure({ ...CURVES, training, test }, t, "en").includes("fill-opacity"));
  // From the training images in evaluation mode, where they were evaluated.
  const fit = Float32Array.of(50, 1.25, 0.5, 100, 0.5, 0.875);
  const fair = figure({ ...CURVES, training, test, fit, gap: true }, t, "en");
  assert.ok(fair.includes(">gap 2.50<") && fair.includes(">gap 63\u00a0%<"), fair);
});

test("images become records of CIFAR-10", () => {
  const pixels = Uint8Array.from({ length: 2 * 3072 }, (_, i) => (i * 7) % 251);
  const bytes = records(pixels, Uint8Array.of(3, 9));
  assert.equal(bytes.length, 2 * 3073);
  assert.deepEqual([bytes[0], bytes[3073]], [3, 9]);
  // Image 1, row 5, column 8, green.
  assert.equal(bytes[3073 + 1 + 1024 + 5 * 32 + 8], pixels[3072 + (5 * 32 + 8) * 3 + 1]);
});

test("a picture says how large it is, in a chunk of its own behind the header", () => {
  // The smallest grey PNG without its image data and end: nothing after the header is read.
  const png = Buffer.from("89504e470d0a1a0a0000000d4948445200000001000000010800000000 3a7e9b55 ffff".replaceAll(" ", ""), "hex");
  const dense = Buffer.from(withDensity(png, 192));
  // 192 pixels per inch are 7559 (0x1d87) per metre; the checksum is zlib's crc32 of type and data.
  assert.equal(dense.subarray(33, 54).toString("hex"), "00000009704859730000" + "1d8700001d8701" + "8fe5f165");
  assert.deepEqual([dense.subarray(0, 33), dense.subarray(54)], [png.subarray(0, 33), png.subarray(33)]);
});
