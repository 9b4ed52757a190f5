// When a run stops automatically. Run with `node --test tests/page/`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Stop } from "../../www/js/worker/stop.js";

const OFF = { stop_steps: "0", stop_accuracy: "0", stop_loss: "0", stop_seconds: "0" };

function stop(settings) {
  const made = new Stop();
  made.config = { ...OFF, ...settings };
  return made;
}

/** The steps at which a run of `steps` steps stops, evaluated every ten, where step n has taken n seconds. */
function run(made, steps, accuracy = () => 0, loss = () => 9) {
  const stops = [];
  for (let step = 1; step <= steps; step++) {
    const place = { step, seconds: step };
    const test = step % 10 === 0 ? { accuracy: accuracy(step), loss: loss(step) } : {};
    const keys = [made.at(place), step % 10 === 0 && made.at({ ...place, ...test })].filter(Boolean);
    for (const key of keys) stops.push([step, key]);
  }
  return stops;
}

test("nothing stops a run unless it is set", () => {
  assert.deepEqual(
    run(
      stop({}),
      200,
      () => 1,
      () => 0,
    ),
    [],
  );
});

test("steps stop it exactly there, and once", () => {
  assert.deepEqual(run(stop({ stop_steps: "37" }), 200), [[37, "stop_steps"]]);
  const late = stop({ stop_steps: "37" });
  assert.equal(late.at({ step: 38, seconds: 0 }), undefined, "a limit that lies behind stops nothing");
});

test("accuracy and loss stop it at an evaluation, and once", () => {
  assert.deepEqual(
    run(stop({ stop_accuracy: "29" }), 200, (step) => step / 100),
    [[30, "stop_accuracy"]],
  );
  assert.deepEqual(
    run(stop({ stop_loss: "1.5" }), 200, undefined, (step) => 2 - step / 100),
    [[50, "stop_loss"]],
  );
  // 29 of 100 is 29 %, regardless of rounding.
  for (let percent = 1; percent <= 100; percent++) {
    assert.equal(stop({ stop_accuracy: String(percent) }).at({ step: 1, seconds: 0, accuracy: percent / 100 }), "stop_accuracy", `${percent}`);
  }
});

test("time stops it as soon as it is over", () => {
  const made = stop({ stop_seconds: "25" });
  assert.deepEqual(run(made, 40), [[25, "stop_seconds"]]);
  // A limit that has already passed stops nothing; a limit ahead does.
  made.config = { ...OFF, stop_seconds: "30" };
  assert.equal(made.at({ step: 41, seconds: 41 }), undefined);
  made.config = { ...OFF, stop_seconds: "50" };
  assert.deepEqual(
    [49, 51, 53].map((seconds) => made.at({ step: seconds, seconds })),
    [undefined, "stop_seconds", undefined],
  );
  made.begin();
  assert.equal(made.at({ step: 1, seconds: 60 }), "stop_seconds", "the first step took longer");
});

test("each condition counts for itself; those met at the same place stop it once", () => {
  const made = stop({ stop_steps: "20", stop_accuracy: "20", stop_seconds: "60" });
  assert.deepEqual(
    run(made, 100, () => 0.5),
    [
      [10, "stop_accuracy"],
      [20, "stop_steps"],
      [60, "stop_seconds"],
    ],
  );
  const both = stop({ stop_accuracy: "20", stop_loss: "1" });
  assert.deepEqual(
    run(
      both,
      100,
      () => 0.5,
      () => 0.5,
    ),
    [[10, "stop_accuracy"]],
  );
});

test("another limit, or a run that begins anew, stops it again", () => {
  const made = stop({ stop_accuracy: "20" });
  assert.deepEqual(
    run(made, 20, () => 0.5),
    [[10, "stop_accuracy"]],
  );
  made.config = { ...OFF, stop_accuracy: "30" };
  assert.deepEqual(
    run(made, 20, () => 0.5),
    [[10, "stop_accuracy"]],
  );
  made.begin();
  assert.deepEqual(
    run(made, 20, () => 0.5),
    [[10, "stop_accuracy"]],
  );
});

test("a loss that is not a number stops nothing", () => {
  assert.deepEqual(
    run(
      stop({ stop_loss: "1", stop_accuracy: "50" }),
      100,
      () => NaN,
      () => NaN,
    ),
    [],
  );
});
