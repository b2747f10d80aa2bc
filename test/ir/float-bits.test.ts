// Narrow floats: every number of each format comes back from its bits, and known bits mean known numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NarrowFloat } from "../../src/ir/float-bits.js";
import { floatFromBits, floatToBits, largestOf, roundToFloat } from "../../src/ir/float-bits.js";
import { packed, unpacked } from "../../src/ir/packed.js";

const formats: readonly { dtype: NarrowFloat; codes: number; largest: number; smallest: number }[] = [
  { dtype: "f16", codes: 65536, largest: 65504, smallest: 2 ** -24 },
  { dtype: "bf16", codes: 65536, largest: 3.3895313892515355e38, smallest: 2 ** -133 },
  { dtype: "f8e4m3fn", codes: 256, largest: 448, smallest: 2 ** -9 },
  { dtype: "f8e4m3fnuz", codes: 256, largest: 240, smallest: 2 ** -10 },
  { dtype: "f8e5m2", codes: 256, largest: 57344, smallest: 2 ** -16 },
  { dtype: "f8e5m2fnuz", codes: 256, largest: 57344, smallest: 2 ** -17 },
  { dtype: "f8e8m0", codes: 256, largest: 2 ** 127, smallest: 2 ** -127 },
  { dtype: "f4e2m1", codes: 16, largest: 6, smallest: 0.5 },
];
for (const { dtype, codes, largest, smallest } of formats)
  test(`${dtype}: its numbers, its largest and its smallest`, () => {
    let [high, low] = [0, Infinity];
    for (let bits = 0; bits < codes; bits++) {
      const x = floatFromBits(dtype, bits);
      if (Number.isNaN(x)) continue;
      assert.equal(floatToBits(dtype, x), bits, `${dtype} ${bits}`);
      if (Number.isFinite(x)) high = Math.max(high, x);
      if (x > 0) low = Math.min(low, x);
    }
    assert.deepEqual([high, low, largestOf(dtype)], [largest, smallest, largest]);
  });

const beyond: readonly (readonly [NarrowFloat, number, number])[] = [
  ["f8e4m3fn", 464, 448], // a tie, and 448 is even
  ["f8e4m3fn", 464.1, Number.NaN],
  ["f8e4m3fn", -Infinity, Number.NaN],
  ["f8e4m3fnuz", 247.9, 240],
  ["f8e4m3fnuz", 248, Number.NaN],
  ["f8e4m3fnuz", -0, 0],
  ["f8e5m2", 61439, 57344],
  ["f8e5m2", 61440, Infinity],
  ["f8e5m2fnuz", -1e9, Number.NaN],
  ["f4e2m1", 2.5, 2],
  ["f4e2m1", -1e9, -6],
  ["f4e2m1", Number.NaN, -0],
  ["f8e8m0", 3, 4], // halves up
  ["f8e8m0", 2.99, 2],
  ["f8e8m0", 0, 2 ** -127],
  ["f8e8m0", -1, Number.NaN],
  ["f8e8m0", 1.5 * 2 ** 127, Number.NaN],
];
for (const [dtype, x, want] of beyond)
  test(`${dtype}: ${x} becomes ${Object.is(want, -0) ? "-0" : want}`, () =>
    assert.ok(Object.is(roundToFloat(dtype, x), want), `${roundToFloat(dtype, x)}`));

test("elements of 4 and 2 bits are packed from the lowest bits up, the last byte filled with zeros", () => {
  const values = Int8Array.of(-8, 7, -1);
  const bytes = packed("i4", new Uint8Array(values.buffer));
  assert.deepEqual([...bytes], [0x78, 0x0f]);
  assert.deepEqual([...new Int8Array(unpacked("i4", bytes, 3).buffer)], [...values]);
  assert.deepEqual([...packed("u2", Uint8Array.of(3, 0, 2, 1, 2))], [0b01100011, 0b10]);
  assert.deepEqual([...unpacked("u2", Uint8Array.of(0b01100011, 0b10), 5)], [3, 0, 2, 1, 2]);
  assert.deepEqual([...new Int8Array(unpacked("i2", Uint8Array.of(0b1110), 2).buffer)], [-2, -1]);
});
