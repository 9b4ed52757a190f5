// When the worker measures, and how numbers are written. Run with `node --test tests/page/`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Rate, Throttle } from "../../www/js/worker/rhythm.js";
import { bytes, number, si } from "../../www/js/kit/format.js";

/** For a minute, runs a task of a given cost whenever the throttle allows it; returns how often, and its share of the time. */
function spend(throttle, cost) {
  let [now, count, spent] = [0, 0, 0];
  while (now < 60_000) {
    if (throttle.due(now)) {
      throttle.ran(now, now + cost);
      now += cost;
      count += 1;
      spent += cost;
    }
    now += 1;
  }
  return { count, share: spent / now };
}

test("snapshots come ten a second while they are cheap, and never take more than their share", () => {
  const cheap = spend(new Throttle(100, 0.05), 2);
  assert.ok(cheap.count >= 580 && cheap.count <= 600, `${cheap.count} in a minute`);
  for (const cost of [2, 6, 50, 400]) {
    const { share } = spend(new Throttle(100, 0.05), cost);
    // One run may cross the end of the minute.
    assert.ok(share <= 0.05 + cost / 60_000, `cost ${cost} ms: ${share}`);
  }
});

test("snapshots come five a second while that takes an eighth of the time, and otherwise keep to their share", () => {
  const least = { interval: 200, share: 0.125 };
  const counts = [2, 12, 25, 26, 400].map((cost) => spend(new Throttle(100, 0.05, least), cost).count);
  const alone = [2, 12, 25, 26, 400].map((cost) => spend(new Throttle(100, 0.05), cost).count);
  assert.deepEqual([counts[0], counts[3], counts[4]], [alone[0], alone[3], alone[4]]);
  for (const at of [1, 2]) assert.ok(counts[at] >= 298 && counts[at] > alone[at], `${counts[at]} in a minute, ${alone[at]} by share alone`);
});

test("the rate is time over steps, of training alone", () => {
  const rate = new Rate();
  assert.ok(Number.isNaN(rate.milliseconds));
  for (let i = 0; i <= 10; i++) rate.finished(1000 + 40 * i, 4);
  assert.equal(rate.milliseconds, 10);
  rate.clear();
  rate.finished(90_000, 1);
  assert.ok(Number.isNaN(rate.milliseconds));
  rate.finished(90_025, 1);
  assert.equal(rate.milliseconds, 25);
});

test("numbers have units and sensible digits", () => {
  assert.deepEqual([0, 2.302585, 0.00012, 123456, NaN, -0.00002].map(number), ["0", "2.3", "1.2e-4", "123,000", "NaN", "−2.0e-5"]);
  assert.deepEqual([950, 62378344, 1.23e12].map(si), ["950", "62.4 M", "1.23 T"]);
  assert.deepEqual([0, 1023, 1536, 20_480_000].map(bytes), ["0 B", "1023 B", "1.5 KiB", "19.5 MiB"]);
});
