// Problems as data: the modules' own errors unchanged, and the browser's words without their wrapping.
import assert from "node:assert/strict";
import { test } from "node:test";
import { problem } from "../../www/js/worker/problem.js";

test("an error of the engine keeps its code and fields, and the browser's words lose their wrapping", () => {
  assert.deepEqual(problem('{"code":"unknown_key","key":"nose"}'), { code: "unknown_key", key: "nose" });
  const refused = JSON.stringify({ code: "no_device", why: "JsValue(OperationError: A valid external Instance reference no longer exists.\nundefined)" });
  assert.deepEqual(problem(refused), { code: "no_device", why: "OperationError: A valid external Instance reference no longer exists." });
  assert.deepEqual(problem(new Error("odd")), { code: "unexpected", why: "odd" });
});

test("after a panic the engine has ended", () => {
  assert.equal(problem(new WebAssembly.RuntimeError("unreachable")).code, "engine_ended");
});
