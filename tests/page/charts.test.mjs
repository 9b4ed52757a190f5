// The parts of the charts that need no browser. Run with `node --test tests/page/`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bestGrid } from "../../www/js/charts/pictures/patches.js";
import { sigmoidBound } from "../../www/js/charts/gradients/norms.js";
import { worstPairs } from "../../www/js/charts/pictures/confusion.js";
import { top } from "../../www/js/charts/pictures/predictions.js";
import {
  ACTIVATION_ROW,
  BIN,
  CEILING,
  FLOOR,
  GRADIENT_BINS,
  GRADIENT_ROW,
  History,
  activationAt,
  density,
  gradientAt,
  percentile,
  vigour,
} from "../../www/js/charts/rows.js";
import { gapAreas, gapAt, valueAt } from "../../www/js/charts/plots/gap.js";
import { Track } from "../../www/js/charts/plots/track.js";
import { Numbers, decade } from "../../www/js/charts/numbers.js";
import {
  Scale,
  accuracyRange,
  curveScale,
  differenceRange,
  extent,
  linearTicks,
  logTicks,
  lossRange,
  placeMarks,
  together,
} from "../../www/js/charts/scale.js";
import { Series, Smooth, align } from "../../www/js/charts/plots/series.js";

test("log ticks are decades of one stride, far enough apart, and stay put when the axis grows", () => {
  assert.deepEqual(logTicks(-12, 0, 1200, 50), [-12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0]);
  for (const pixels of [90, 200, 333, 700]) {
    for (const end of [0, 2, 4, 7.2]) {
      const ticks = logTicks(-12, end, pixels, 50);
      const perDecade = pixels / (end + 12);
      ticks.forEach((tick, i) => {
        assert.ok(tick >= -12 && tick <= end);
        if (i) assert.ok((tick - ticks[i - 1]) * perDecade >= 50, `${ticks} in ${pixels} pixels`);
      });
      assert.ok(ticks.includes(0), "1 is always labelled");
    }
  }
});

test("linear ticks are round, inside, and at most as many as asked", () => {
  assert.deepEqual(linearTicks(0, 1000, 5), [0, 200, 400, 600, 800, 1000]);
  assert.deepEqual(linearTicks(-0.3, 0.3, 3), [-0.2, 0, 0.2]);
  assert.deepEqual(linearTicks(5, 5, 3), [5]);
  for (const [low, high] of [
    [0, 7],
    [13, 13.5],
    [-2e6, 3e6],
    [1e-9, 2e-9],
  ]) {
    const ticks = linearTicks(low, high, 6);
    assert.ok(ticks.length >= 2 && ticks.length <= 7, `${ticks}`);
    const slack = 1e-6 * (high - low);
    for (const tick of ticks) assert.ok(tick >= low - slack && tick <= high + slack);
  }
});

test("axes hold their curves with room for the noise around them", () => {
  assert.deepEqual(lossRange(Infinity, -Infinity), [0, 2.5], "no curve yet");
  for (const [low, high] of [
    [2.29, 2.31],
    [1.9, 2.4],
    [0.3, 2.4],
    [0, 0.01],
    [40, 41],
    [3, 3],
  ]) {
    const [from, to] = lossRange(low, high);
    assert.ok(from >= 0 && from <= low && to > high && to - from >= 0.25, `${low} to ${high}: ${from} to ${to}`);
  }
  assert.equal(lossRange(0.3, 2.4)[0], 0);
  for (const high of [-Infinity, 0, 0.1, 0.5, 0.79, 1]) {
    const [from, to] = accuracyRange(high);
    assert.ok(from === 0 && to >= high && to <= 1, `${high}: ${to}`);
  }
});

/** Kinds of values in a curve that an axis must handle. */
const KINDS = {
  none: [],
  one: [2.3],
  equal: [2.3, 2.3, 2.3],
  "equal and large": [1e22, 1e22],
  nan: [NaN, NaN],
  zeros: [0, 0],
  infinity: [2.3, Infinity, 2],
  "only infinities": [Infinity, -Infinity],
  extremes: [1e-300, 1, 1e300],
  "both extremes": [-1e300, 1e300],
  denormal: [5e-324, 1e-323],
  negative: [-2, -1],
  "1e18": [2, 1e18],
  "almost equal": [1e22, 1e22 + 4e6],
};

test("an axis of anything has two ends, a place for every value, and few ticks that lie on it", () => {
  for (const [kind, values] of Object.entries(KINDS)) {
    for (const logarithmic of [false, true]) {
      const ends = extent(values, logarithmic);
      for (const scale of [new Scale([ends.low, ends.high], logarithmic), curveScale("loss", ends, logarithmic), curveScale("accuracy", ends, logarithmic)]) {
        const name = `${kind}, ${scale.logarithmic ? "log" : "linear"} ${scale.low} to ${scale.high}`;
        assert.ok(Number.isFinite(scale.low) && Number.isFinite(scale.high) && scale.high > scale.low, name);
        for (const value of [...values, 0, 1, -1]) {
          const at = scale.at(value);
          const placeless = !Number.isFinite(value) || (scale.logarithmic && value < 0);
          assert.ok(placeless ? Number.isNaN(at) : Math.abs(at) <= 5, `${name}: ${value} at ${at}`);
        }
        for (const pixels of [-5, 0, 40, 300, 1e5]) {
          const ticks = scale.ticks(pixels, 30);
          assert.ok(ticks.length <= 3 * 40, `${name}: ${ticks.length} ticks in ${pixels} pixels`);
          for (const tick of ticks) assert.ok(scale.at(tick) > -1e-6 && scale.at(tick) < 1 + 1e-6, `${name}: ${tick}`);
        }
        assert.ok(scale.ticks(300, 30).length > 1, `${name} has no ticks: ${scale.ticks(300, 30)}`);
      }
    }
  }
});

test("an axis has at least two labels, all different and apart, however low it is", () => {
  const en = new Numbers("en");
  for (let k = 1; k < 4000; k++) {
    const share = (/** @type {number} */ by) => (k * by) % 1;
    const low = share(Math.SQRT2) * 10 ** ((k % 9) - 2);
    const high = low + share(Math.E) * 10 ** ((((k / 9) | 0) % 10) - 3);
    const [from, to] = [share(Math.PI) - 1, share(Math.LN2)].map((end) => 20 ** ((k % 3) - 1) * end);
    const loss = (/** @type {number} */ value) => en.number(value);
    for (const [scale, label] of /** @type {const} */ ([
      [curveScale("loss", { low, high }, false), loss],
      [curveScale("loss", { low, high }, true), loss],
      [new Scale(differenceRange(from, to)), loss],
      [curveScale("accuracy", { low: 0, high: share(Math.SQRT1_2) }, false), (/** @type {number} */ value) => en.wholePercent(value)],
    ])) {
      for (const pixels of [20, 40, 60, 100, 150, 200, 400]) {
        const ticks = scale.ticks(pixels, 33);
        const labels = ticks.map(label);
        const name = `${scale.low} to ${scale.high} in ${pixels} pixels: ${labels}`;
        assert.ok(ticks.length >= 2 && new Set(labels).size === ticks.length, name);
        if (pixels >= 60) ticks.slice(1).forEach((tick, at) => assert.ok((scale.at(tick) - scale.at(ticks[at])) * pixels >= 14, name));
      }
    }
  }
});

test("ticks that were counted up from minus infinity, or for ever, are none", () => {
  for (const [low, high] of [
    [-Infinity, 1],
    [0, Infinity],
    [NaN, 1],
    [-Infinity, Infinity],
    [1, 0],
  ]) {
    assert.ok(logTicks(low, high, 300, 30).length === 0, `${low} to ${high}`);
    assert.ok(linearTicks(low, high, 5).length <= 1, `${low} to ${high}`);
  }
  assert.ok(logTicks(-300, 300, 1e9, 1).length <= 40 && linearTicks(0, 1, 1e9).length <= 40);
});

test("a logarithmic axis has 1, 2 and 5 times the powers of ten where there is room for them", () => {
  assert.deepEqual(new Scale([0.9, 110], true).ticks(400, 30), [1, 2, 5, 10, 20, 50, 100]);
  assert.deepEqual(new Scale([0.9, 1100], true).ticks(120, 30), [1, 10, 100, 1000]);
});

test("a network that has exploded does not decide on the axis of the others, as long as there are others", () => {
  const [calm, other, exploded] = [
    { low: 1.8, high: 2.4 },
    { low: 0.2, high: 9 },
    { low: 2.3, high: 1e22 },
  ];
  const none = { low: Infinity, high: -Infinity };
  for (const logarithmic of [false, true]) {
    assert.deepEqual(together([exploded, calm, other], logarithmic), { low: 0.2, high: 9 });
    assert.deepEqual(together([exploded], logarithmic), exploded, "one network alone has its axis");
    assert.deepEqual(together([exploded, exploded], logarithmic), exploded);
    assert.deepEqual(together([calm, none], logarithmic), calm, "one that has no curve yet");
    assert.deepEqual(together([none, none], logarithmic), none);
  }
  assert.deepEqual(
    together(
      [
        { low: -1e9, high: 0 },
        { low: -0.1, high: 0.2 },
      ],
      false,
    ),
    { low: -0.1, high: 0.2 },
    "differences",
  );
});

test("numbers have sensible digits", () => {
  const en = new Numbers("en");
  const cases = [
    [0, "0"],
    [0.01234, "0.0123"],
    [18432, "18,400"],
    [1.23e-7, "1.2e-7"],
    [-1.23e-7, "−1.2e-7"],
    [2.5e9, "2.5e9"],
    [-3.5, "−3.5"],
    [NaN, "NaN"],
    [Infinity, "∞"],
    [-Infinity, "−∞"],
  ];
  for (const [value, text] of cases) assert.equal(en.number(value), text);
  assert.deepEqual(
    [en.live(-0.5), en.percent(-0.05), en.wholePercent(-0.05), en.wholePercent(0.2)],
    ["−0.500", "−5.0\u00a0%", "−5\u00a0%", "20\u00a0%"],
    "one minus sign",
  );
  assert.equal(en.live(2.3), "2.30");
  assert.equal(en.live(0.045), "0.0450");
  assert.equal(en.live(1.2e-7), "1.2e-7");
  assert.equal(en.power(-7), "1.0e-7");
  assert.equal(en.power(NaN), "–");
  assert.deepEqual([-12, -2, 0, 1].map(decade), ["1e-12", "0.01", "1", "10"]);
});

test("0 % and 100 % are said only when exact", () => {
  const en = new Numbers("en");
  const cases = [
    [0, "0"],
    [1e-6, "<0.1"],
    [0.004, "0.4"],
    [0.0984, "9.8"],
    [0.5, "50"],
    [0.98, "98"],
    [0.9951, "99.5"],
    [0.99999, ">99.9"],
    [1, "100"],
  ];
  for (const [share, text] of cases) assert.equal(en.percent(share), `${text}\u00a0%`);
  assert.equal(en.percent(NaN), "–");
});

test("labels of marks never overlap, and the newest has its label", () => {
  const marks = [10, 20, 30, 200, 205, 390].map((x) => ({ x, width: 80 }));
  for (const rows of [1, 2, 3]) {
    const placed = placeMarks(marks, rows, 400);
    assert.ok(placed[5].row >= 0 && placed[5].left + 80 <= 400);
    for (let a = 0; a < marks.length; a++) {
      for (let b = 0; b < a; b++) {
        if (placed[a].row < 0 || placed[a].row !== placed[b].row) continue;
        assert.ok(Math.abs(placed[a].left - placed[b].left) >= 80, `${a} and ${b}`);
      }
    }
  }
  assert.equal(placeMarks([{ x: 0, width: 500 }], 1, 400)[0].row, -1);
});

test("a mark has its label where there is room before its line, if there is none behind it", () => {
  const at = (xs, width = 80, limit = 400) =>
    placeMarks(
      xs.map((x) => ({ x, width })),
      1,
      limit,
    ).map(({ row, left }) => (row < 0 ? null : left));
  assert.deepEqual(at([100, 150]), [66, 150], "the label of the first ends before the second begins");
  assert.deepEqual(at([310, 390]), [236, 320], "the second one stands at the end");
  assert.deepEqual(at([10, 20]), [null, 20], "no room on either side");
  assert.deepEqual(at([100, 110, 300]), [26, 110, 300]);
  assert.deepEqual(at([60, 110, 160, 200]), [null, 32, 116, 200], "the newest ones first");
  assert.deepEqual(at([395]), [320]);
});

test("a series of any length stays bounded, ordered, and keeps its extremes", () => {
  const series = new Series(100);
  for (let i = 0; i < 100_000; i++) series.push(i, i === 12_345 ? -50 : i === 54_321 ? 70 : Math.sin(i));
  assert.ok(series.x.length <= 100 && series.x.length >= 25, `${series.x.length}`);
  assert.ok(series.x.every((x, i) => i === 0 || x > series.x[i - 1]));
  assert.equal(series.y[series.x.indexOf(12_345)], -50);
  assert.equal(series.y[series.x.indexOf(54_321)], 70);
});

test("thinning keeps the point where a run diverged", () => {
  const series = new Series(64);
  for (let i = 0; i < 1000; i++) series.push(i, i === 333 ? NaN : 1);
  assert.ok(Number.isNaN(series.y[series.x.indexOf(333)]));
});

test("the smoothed curve starts at the first value and passes over what is not finite", () => {
  const smooth = new Smooth(0.9);
  assert.ok(Math.abs(smooth.push(4) - 4) < 1e-12);
  assert.ok(Number.isNaN(smooth.push(NaN)));
  // Weights 0.9 and 1 of 4 and 1, divided by 1.9.
  assert.ok(Math.abs(smooth.push(1) - (0.9 * 4 + 1) / 1.9) < 1e-12);
});

test("series are aligned on the union of their steps", () => {
  const aligned = align([
    { x: [1, 2, 4], y: [10, 20, NaN] },
    { x: [2, 3], y: [7, 8] },
  ]);
  assert.deepEqual(aligned, [
    [1, 2, 3, 4],
    [10, 20, null, null],
    [null, 7, 8, null],
  ]);
});

test("percentiles follow a known distribution, as in Rust", () => {
  // log10|g| uniform on [-6, -2], as in src/stats/gradients.rs.
  const bins = new Float32Array(GRADIENT_BINS);
  const n = 40_000;
  for (let i = 0; i < n; i++) bins[Math.floor((-6 + (4 * (i + 0.5)) / n - FLOOR) / BIN)]++;
  for (const [q, wanted] of [
    [0.05, -5.8],
    [0.5, -4],
    [0.95, -2.2],
  ]) {
    // A bin at an end of the range is only partly covered: at these shares the error is at most 5 % of its width, 0.0075.
    assert.ok(Math.abs(percentile(bins, 0, 0, q) - wanted) < 0.01, `${percentile(bins, 0, 0, q)} ${wanted}`);
  }
  assert.ok(Number.isNaN(percentile(new Float32Array(GRADIENT_BINS), 0, 0, 0.5)));
  assert.equal(percentile(bins, 10 * n, 0, 0.5), FLOOR);
  assert.equal(percentile(bins, 0, 10 * n, 0.5), CEILING);
  assert.ok(Math.abs(FLOOR + 12.0412) < 1e-4 && Math.abs(CEILING - 7.2247) < 1e-4);
});

/** @param {Record<number, number>} values */
function gradientRow(values) {
  const row = new Float32Array(GRADIENT_ROW);
  for (const [at, value] of Object.entries(values)) row[Number(at)] = value;
  return row;
}

test("a gradient row is read at its places, shares of all values", () => {
  const rows = new Float32Array(2 * GRADIENT_ROW);
  rows.set(gradientRow({ 5: 40, 128: 30, 129: 10, 130: 15, 131: 4, 132: 1, 133: 2.5, 134: -9, 135: -8, 136: -7 }), GRADIENT_ROW);
  const g = gradientAt(rows, 1);
  assert.equal(g.total, 100);
  assert.deepEqual(
    [g.below, g.above, g.zero].map((share) => Math.round(share * 100)),
    [30, 10, 15],
  );
  assert.deepEqual([g.nan, g.inf, g.norm, g.p5, g.p50, g.p95], [4, 1, 2.5, -9, -8, -7]);
  assert.equal(g.bins[5], 40);
  assert.equal(gradientAt(rows, 0).below, 0, "an empty row divides by nothing");
});

test("an activation row is read at its places", () => {
  const row = new Float32Array(ACTIVATION_ROW);
  row.set([3, 0, -1, 6, 2.5, 0.5, 0.25, 0.125], 64);
  row[63] = 7;
  const a = activationAt(row, 0);
  assert.deepEqual([a.nan, a.inf, a.min, a.max, a.mean, a.std, a.saturated, a.dead, a.total], [3, 0, -1, 6, 2.5, 0.5, 0.25, 0.125, 10]);
});

test("smoothing a histogram for drawing keeps its sum", () => {
  const bins = new Float32Array(GRADIENT_BINS);
  bins[40] = 30;
  bins[41] = 10;
  const curve = density(bins, 80, new Float32Array(GRADIENT_BINS));
  assert.ok(Math.abs(curve.reduce((sum, share) => sum + share, 0) - 0.5) < 1e-6);
  assert.ok(curve[40] > curve[41] && curve[41] > curve[42] && curve[42] > 0);
});

test("a history of any length stays bounded and loses no count", () => {
  const history = new History(16);
  for (let step = 0; step < 1000; step++) history.push(step, gradientRow({ 20: 3, 130: 1, 133: step < 500 ? 1 : 3, 135: -9 }));
  assert.ok(history.columns.length < 16 && history.columns.length >= 7, `${history.columns.length}`);
  let [values, zeros, merged, norms] = [0, 0, 0, 0];
  for (const column of history.columns) {
    values += column.row[20];
    zeros += column.row[130];
    merged += column.merged;
    norms += column.row[133] * column.merged;
  }
  assert.deepEqual([values, zeros, merged], [3000, 1000, 1000]);
  assert.ok(Math.abs(norms / merged - 2) < 1e-4);
  assert.ok(history.columns.every((column, i) => i === 0 || column.step > history.columns[i - 1].step));
  // The median of a merged column is taken from its bins: the middle of bin 20.
  assert.ok(Math.abs(history.columns[0].row[135] - (FLOOR + 20.5 * BIN)) < 1e-5);
});

test("the worst pairs are mistakes, ordered by the share of the true class", () => {
  const counts = [90, 10, 0, 3, 5, 2, 0, 0, 50];
  assert.deepEqual(worstPairs(counts, 3, 2), [
    { truth: 1, guess: 0, count: 3, share: 0.3 },
    { truth: 1, guess: 2, count: 2, share: 0.2 },
  ]);
  assert.deepEqual(worstPairs([5, 0, 0, 5], 2, 3), []);
});

test("a gradient pales as it vanishes", () => {
  assert.equal(vigour(-2), 1);
  assert.equal(vigour(-11), 0);
  assert.equal(vigour(NaN), 0);
  assert.ok(vigour(-4) > vigour(-6) && vigour(-6) > vigour(-8) && vigour(-8) > 0);
});

test("the top classes come in order, ties by class", () => {
  assert.deepEqual(top(new Float32Array([0.1, 0.4, 0.1, 0.3, 0.1]), 3), [1, 3, 0]);
  assert.deepEqual(top(new Float32Array([1, 0]), 5), [0, 1]);
});

test("the sigmoid's bound falls by 4 a layer from the last hidden one", () => {
  // Chain rule by hand: dL/da2 contains no sigmoid', dL/da1 one, dL/da0 two.
  assert.deepEqual(sigmoidBound([1e-9, 1e-5, 0.8, 3]), [0.05, 0.2, 0.8, NaN]);
});

test("patches fill their box", () => {
  const { columns, rows, patch } = bestGrid(32, 700, 330, 1, 4);
  assert.ok(columns * rows >= 32 && columns * (patch + 4) - 4 <= 700.001 && rows * (patch + 4) - 4 <= 330.001);
  assert.ok(patch > 70, `${patch}`);
});

test("a curve's value between two points lies on the line that joins them, and beyond its ends there is none", () => {
  const curve = { x: [10, 20, 40], y: [1, 2, 0] };
  assert.deepEqual(
    [10, 15, 20, 30, 40].map((x) => valueAt(curve, x)),
    [1, 1.5, 2, 1, 0],
  );
  assert.ok([9, 41, NaN].every((x) => Number.isNaN(valueAt(curve, x))) && Number.isNaN(valueAt({ x: [], y: [] }, 1)));
});

test("the gap is test minus training, at a step that only one of them has too", () => {
  const training = { x: [1, 2, 3, 4], y: [4, 3, 2, 1] };
  const test = { x: [2, 4], y: [3, 5] };
  assert.deepEqual(
    [2, 3, 4].map((step) => gapAt(training, test, step)),
    [0, 2, 4],
  );
  assert.ok(Number.isNaN(gapAt(training, test, 1)), "there was no evaluation yet");
});

test("the gap begins at the training images in evaluation mode, if they were evaluated, else at the smoothed curve", () => {
  const track = new Track();
  for (const step of [1, 2, 3]) track.push(step, 2);
  track.test.push(3, 3);
  assert.equal(gapAt(track.base, track.test, 3), 1);
  track.fit.push(3, 0.5);
  assert.equal(gapAt(track.base, track.test, 3), 2.5);
  // The run continues from step 2.
  track.cut(2, [2, 2]);
  assert.deepEqual([track.fit.x.length, track.base], [0, track.smooth]);
});

/** Area of a polygon, by the shoelace formula. */
const areaOf = (outline) =>
  Math.abs(
    outline.reduce((sum, [x, y], i) => {
      const [nextX, nextY] = outline[(i + 1) % outline.length];
      return sum + (x * nextY - nextX * y) / 2;
    }, 0),
  );

test("what is shaded is all that lies between both curves, and is interrupted where one is not finite", () => {
  const training = { x: [0, 10, 20, 30], y: [4, 3, 2, 1] };
  const [outline, ...others] = gapAreas(training, { x: [10, 30], y: [3, 5] });
  assert.equal(others.length, 0);
  assert.equal(areaOf(outline), 40, "a triangle of 20 steps, 4 high");
  assert.ok(
    outline.every(([x]) => x >= 10 && x <= 30),
    "nothing before the first evaluation",
  );
  assert.deepEqual(gapAreas(training, { x: [20], y: [9] }), [], "one evaluation has no area");
  assert.deepEqual(gapAreas({ x: [], y: [] }, { x: [], y: [] }), []);
  const broken = gapAreas({ x: [0, 1, 2, 3, 4], y: [1, 1, NaN, 1, 1] }, { x: [0, 1, 3, 4], y: [2, 2, 2, 2] });
  assert.deepEqual(broken.map(areaOf), [1, 1]);
});
