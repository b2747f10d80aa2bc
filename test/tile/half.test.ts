// f16 and bf16: exact conversions as JavaScript numbers, and the same as operations of the language.
import assert from "node:assert/strict";
import { test } from "node:test";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { floatFromBits, floatToBits, roundToFloat } from "../../src/ir/float-bits.js";
import {
  bf16BitsFromF32,
  f16BitsFromF32,
  f32FromBf16Bits,
  f32FromF16Bits,
  f32RoundedToOdd,
} from "../../src/tile/bodies/half.js";
import type { AnyTile, Dtype } from "../../src/tile/index.js";
import { grid, tensor } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

const f16Bits = (x: number): number => floatToBits("f16", x);
const f16Value = (bits: number): number => floatFromBits("f16", bits);
const bf16Bits = (x: number): number => floatToBits("bf16", x);
const bf16Value = (bits: number): number => floatFromBits("bf16", bits);
const roundF16 = (x: number): number => roundToFloat("f16", x);
const roundBf16 = (x: number): number => roundToFloat("bf16", x);

const all = Array.from({ length: 65536 }, (_, i) => i);
const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array };
function evaluate<I extends keyof typeof arrays, O extends keyof typeof arrays>(
  f: (x: AnyTile) => AnyTile,
  from: I,
  to: O,
  xs: readonly number[],
) {
  const k = kernel({ X: tensor(from as Dtype, "N"), Y: tensor(to as Dtype, "N") }, ({ X, Y, N }) =>
    grid(N.tile(), i => Y.at(i).set(f(X.at(i)))),
  );
  const data = new arrays[to](xs.length);
  const args = {
    X: { dtype: from, dims: [xs.length], data: arrays[from].from(xs) },
    Y: { dtype: to, dims: [xs.length], data },
  };
  interpretKernel(k.ir, args, { arithmetic: "stepwise" });
  return data;
}
/** floats around everything that rounds: neighbours and ties of all f16 and bf16 values, subnormal, huge, special */
function floats(): number[] {
  const out: number[] = [
    0,
    -0,
    Number.NaN,
    Infinity,
    -Infinity,
    65519.99,
    65520,
    65504,
    3.4028234663852886e38,
    2 ** -149,
    2 ** -25,
    2 ** -24,
  ];
  for (let i = 0; i < 65536; i += 7) {
    const [a, b] = [f16Value(i), f16Value((i + 1) & 0xffff)];
    out.push(
      a,
      (a + b) / 2,
      (a * 3 + b) / 4,
      bf16Value(i),
      (bf16Value(i) + bf16Value((i + 1) & 0xffff)) / 2,
      bf16Value(i) * 1.0001,
    );
  }
  return out.map(Math.fround);
}

test("every f16 and bf16 survives decoding and encoding", () => {
  for (const i of all) {
    const half = f16Value(i);
    if (!Number.isNaN(half)) assert.equal(f16Bits(half), i);
    const brain = bf16Value(i);
    if (!Number.isNaN(brain)) assert.equal(bf16Bits(brain), i);
    assert.ok(Object.is(roundF16(half), half) && Object.is(roundBf16(brain), brain));
  }
  assert.deepEqual(
    [f16Value(0x3c00), f16Value(0x0001), f16Value(0x7bff), f16Value(0xfc00)],
    [1, 2 ** -24, 65504, -Infinity],
  );
  assert.deepEqual([bf16Value(0x3f80), bf16Value(0x0001), bf16Value(0x7f7f)], [1, 2 ** -133, 3.3895313892515355e38]);
});

test("rounding goes to the nearest, ties to even, straight from float64", () => {
  assert.deepEqual([2048 + 1, 2048 + 3, 65519.999, 65520, 2 ** -25, 2 ** -25 * 1.0001].map(roundF16), [
    2048,
    2052,
    65504,
    Infinity,
    0,
    2 ** -24,
  ]);
  // through f32 this would round twice: 1 + 2^-11 + 2^-40 is above the tie, and f32 cuts the 2^-40
  assert.equal(roundF16(1 + 2 ** -11 + 2 ** -40), 1 + 2 ** -10);
  assert.equal(roundBf16(1 + 2 ** -8 + 2 ** -40), 1 + 2 ** -7);
});

test("decoding in the language", () => {
  assert.deepEqual([...evaluate(f32FromF16Bits, "i32", "f32", all)], all.map(f16Value));
  assert.deepEqual([...evaluate(f32FromBf16Bits, "i32", "f32", all)], all.map(bf16Value));
});

test("encoding in the language", () => {
  const xs = floats();
  const half = evaluate(f16BitsFromF32, "f32", "i32", xs);
  const brain = evaluate(bf16BitsFromF32, "f32", "i32", xs);
  xs.forEach((x, i) => {
    assert.equal(half[i], f16Bits(x), `f16 of ${x}`);
    assert.equal(brain[i], bf16Bits(x), `bf16 of ${x}`);
  });
});

test("f64 to f16 by way of an odd f32 rounds once", () => {
  const xs = floats().flatMap(x => [x * (1 + 2 ** -40), x * (1 - 2 ** -45), x]);
  const half = evaluate(x => f16BitsFromF32(f32RoundedToOdd(x)), "f64", "i32", xs);
  xs.forEach((x, i) => assert.equal(half[i], f16Bits(x), `f16 of ${x}`));
});
