// Typed numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { typedNumber } from "../../www/js/kit/number.js";

const read = (text, whole = false) => {
  try {
    return typedNumber(text, whole);
  } catch (problem) {
    return problem.code;
  }
};

test("a number is read as it is written in any country", () => {
  for (const [text, value] of [
    ["0.02", 0.02],
    ["0,02", 0.02],
    [" 0,001 ", 0.001],
    [",5", 0.5],
    [".5", 0.5],
    ["5,", 5],
    ["-0,5", -0.5],
    ["1e-4", 1e-4],
    ["1,5e-4", 1.5e-4],
    ["5E3", 5000],
    ["1.000,5", 1000.5],
    ["1,000.5", 1000.5],
    ["1.234.567", 1234567],
    ["1,234,567", 1234567],
    ["60 000", 60000],
    ["60\u202f000", 60000],
    ["1'000", 1000],
    ["1.234", 1.234],
    ["０．０２", 0.02],
    ["０，０２", 0.02],
    ["0。02", 0.02],
    ["٠٫٥", 0.5],
    ["−3", -3],
    ["10,25", 10.25],
    ["1000,125", 1000.125],
  ])
    assert.equal(Number(read(text)), value, text);
  for (const [text, value] of [
    ["60,000", 60000],
    ["60.000", 60000],
    ["1e3", 1000],
    ["８", 8],
    ["12,0", 12],
    ["4.294.967.295", 4294967295],
  ])
    assert.equal(Number(read(text, true)), value, text);
});

test("what can be two numbers, or is none, is refused", () => {
  for (const text of ["1,000", "12,345", "-1,234"]) assert.equal(read(text), "two_numbers", text);
  for (const text of ["", "abc", "1,2,3", "1.2.3", "1.00,5.0", "0x10", "NaN", "Infinity", "--1", "1e", "1 2", "5 %", ","])
    assert.equal(read(text), "bad_value", text);
  for (const text of ["2.5", "0,5"]) assert.equal(read(text, true), "bad_value", text);
});
