// Differences of two tensors: what counts as one, which is the largest, and where it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { floatToBits } from "../../src/ir/float-bits.js";
import { departureOf } from "../../src/testing/departure.js";

const f32 = (dims: number[], ...data: number[]) => ({ dtype: "f32", dims, data: Float32Array.from(data) }) as const;
const f16 = (...data: number[]) =>
  ({ dtype: "f16", dims: [data.length], data: Uint16Array.from(data, x => floatToBits("f16", x)) }) as const;

test("equal tensors have no spread; NaN is NaN, and infinities are themselves", () => {
  const t = f32([4], NaN, Infinity, -Infinity, -0);
  assert.deepEqual(departureOf(t, f32([4], NaN, Infinity, -Infinity, 0), undefined), {});
});

test("the element that departs most is found at its index, in units of what is allowed", () => {
  const { spread, departure } = departureOf(f32([2, 3], 0, 1, 2, 3, 4.5, 5.2), f32([2, 3], 0, 1, 2, 3, 4, 5), 0.01);
  const { share, difference, allowed, ...where } = spread!;
  assert.deepEqual(where, { index: [1, 1], got: 4.5, want: 4 });
  assert.equal(difference, 0.5);
  assert(Math.abs(allowed - 0.09) < 1e-6, String(allowed));
  // 0.01 · (4 + 5)
  assert(Math.abs(share - 0.5 / 0.09) < 1e-6, String(share));
  assert.deepEqual([departure!.elements, departure!.size], [2, 6]);
});

test("a difference within the tolerance is a spread and no departure", () => {
  const { spread, departure } = departureOf(f32([1], 1.00005), f32([1], 1), undefined);
  assert.equal(departure, undefined);
  assert(spread!.share > 0.2 && spread!.share < 0.3);
});

test("a number beside NaN or infinity departs, whatever the tolerance", () => {
  for (const [got, want] of [
    [1, NaN],
    [NaN, 1],
    [Infinity, 1],
    [Infinity, -Infinity],
  ] as const)
    assert.equal(departureOf(f32([1], got), f32([1], want), 1e9).departure!.elements, 1, `${got} ${want}`);
});

test("integers and booleans must be equal, and 64 bits count in full", () => {
  const i64 = (...data: bigint[]) => ({ dtype: "i64", dims: [data.length], data: BigInt64Array.from(data) }) as const;
  const { departure } = departureOf(i64(2n ** 60n + 1n, 5n), i64(2n ** 60n, 5n), 1);
  assert.deepEqual(departure, {
    worst: { index: [0], got: 2n ** 60n + 1n, want: 2n ** 60n, difference: 1, allowed: 0, share: Infinity },
    elements: 1,
    size: 2,
  });
});

test("narrow floats are compared as the numbers that they are, with room for their rounding", () => {
  assert.equal(departureOf(f16(1, 2.002), f16(1, 2), undefined).departure, undefined);
  assert.equal(departureOf(f16(1, 2.5), f16(1, 2), undefined).departure!.worst!.got, 2.5);
});

test("other dtypes and dims depart as a whole", () => {
  assert.equal(departureOf(f16(1), f32([1], 1), undefined).departure!.problem, "it is f16, not f32");
  assert.equal(
    departureOf(f32([2, 1], 1, 2), f32([1, 2], 1, 2), undefined).departure!.problem,
    "its dims are [2, 1], not [1, 2]",
  );
});
