// Bodies of functions against float64 natives: errors as stated, special values exactly, facts about ranges used.
import assert from "node:assert/strict";
import { test } from "node:test";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import type { RawArray } from "../../src/ir/evaluate/memory.js";
import { floatFromBits, floatToBits } from "../../src/ir/float-bits.js";
import type { NodeOf } from "../../src/ir/tile.js";
import { bodyOf, functions } from "../../src/tile/functions.js";
import type { AnyTile } from "../../src/tile/index.js";
import { grid, tensor, tileOf } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

type Float = "f32" | "f64";
const arrayOf = { f32: Float32Array, f64: Float64Array };

/** The body of a function on arrays, rounded after every operation as a machine would. */
function evaluate(
  name: string,
  dtype: Float,
  xs: readonly number[],
  ys?: readonly number[],
  { prepare = x => x, hasF64 = true }: { prepare?: (x: AnyTile) => AnyTile; hasF64?: boolean } = {},
): RawArray {
  const k = kernel({ X: tensor(dtype, "N"), Y: tensor(dtype, "N"), Z: tensor(dtype, "N") }, ({ X, Y, Z, N }) =>
    grid(N.tile(), i => {
      const x = prepare(X.at(i));
      const call = (name === "pow" ? x.pow(Y.at(i)) : x[name as "exp"]()).node as NodeOf<"call">;
      Z.at(i).set(tileOf(bodyOf(call, { hasF64 })));
    }),
  );
  const dims = [xs.length];
  const make = (v: readonly number[]) => ({ dtype, dims, data: arrayOf[dtype].from(v) });
  const Z = make(xs);
  interpretKernel(k.ir, { X: make(xs), Y: make(ys ?? xs), Z }, { arithmetic: "stepwise" });
  return Z.data;
}

const range = (lo: number, hi: number, n: number): number[] =>
  Array.from({ length: n }, (_, i) => lo + ((hi - lo) * i) / (n - 1));
/** magnitudes of the whole dtype, both signs */
const magnitudes = (lo: number, hi: number, n: number): number[] =>
  range(lo, hi, n).flatMap(e => [2 ** e * 1.37, -(2 ** e) * 1.73]);
const domains: Record<string, number[]> = {
  exp: [...range(-110, 92, 20001), ...range(-0.5, 0.5, 4001), ...magnitudes(-120, 0, 200)],
  exp2: [...range(-155, 130, 20001), ...range(-0.5, 0.5, 4001)],
  log: [...magnitudes(-148, 127, 4000).map(Math.abs), ...range(0.5, 2, 20001)],
  log2: [...magnitudes(-148, 127, 4000).map(Math.abs), ...range(0.5, 2, 20001)],
  tanh: [...range(-12, 12, 20001), ...magnitudes(-60, 3, 400)],
  erf: [...range(-7, 7, 20001), ...magnitudes(-60, 3, 400)],
  sin: [...range(-1e5, 1e5, 20001), ...range(-4, 4, 10001), ...magnitudes(-60, 0, 100)],
  cos: [...range(-1e5, 1e5, 20001), ...range(-4, 4, 10001)],
  sigmoid: [...range(-105, 105, 20001), ...range(-2, 2, 4001)],
};
const smallest = { f32: 2 ** -126, f64: 2 ** -1022 };
const unit = { f32: 2 ** -149, f64: 2 ** -1074 };

/** sin and cos near their zeros cancel: there the error counts absolutely */
const scaleOf = (name: string, want: number): number =>
  name === "sin" || name === "cos" ? Math.max(Math.abs(want), 0.05) : Math.abs(want);

function worst(name: string, dtype: Float, got: RawArray, want: readonly number[]): number {
  let most = 0;
  want.forEach((w, i) => {
    const g = got[i] as number;
    const rounded = arrayOf[dtype].of(w)[0]!;
    if (Object.is(g, rounded) || g === w) return;
    // an overflow or underflow that rounding decides
    const slack = Math.abs(w) < smallest[dtype] ? unit[dtype] * 1.5 : 0;
    const error = Math.max(0, Math.abs(g - w) - slack) / Math.max(scaleOf(name, w), smallest[dtype]);
    assert.ok(!Number.isNaN(error), `${name}: element ${i} is ${g} and should be ${w}`);
    most = Math.max(most, error);
  });
  return most;
}

for (const [name, xs] of Object.entries(domains))
  for (const dtype of ["f32", "f64"] as const) {
    const f = functions.get(name)!;
    test(`${name} in ${dtype} errs by at most ${f.errors[dtype]}`, () => {
      const inputs = [...arrayOf[dtype].from(xs)];
      const error = worst(
        name,
        dtype,
        evaluate(name, dtype, inputs),
        inputs.map(x => f.native(x)),
      );
      assert.ok(error <= f.errors[dtype], `error ${error}`);
      assert.ok(error >= f.errors[dtype] / 4, `the stated error is too generous: ${error}`);
    });
  }

test("pow errs as stated", () => {
  const bases = [...range(0.01, 8, 60), ...[1e-30, 1e30, 2 ** -140, 0.99999, 1.00001]];
  const exponents = [...range(-20, 20, 41), 0.5, -0.5, 1 / 3, 100.25, -77.125, 3e-5];
  const { errors, withoutF64 } = functions.get("pow")!;
  for (const [dtype, hasF64, stated] of [
    ["f32", true, errors.f32],
    ["f32", false, withoutF64!.error],
    ["f64", true, errors.f64],
  ] as const) {
    const xs = [...arrayOf[dtype].from(bases.flatMap(b => exponents.map(() => b)))];
    const ys = [...arrayOf[dtype].from(bases.flatMap(() => exponents))];
    const error = worst(
      "pow",
      dtype,
      evaluate("pow", dtype, xs, ys, { hasF64 }),
      xs.map((x, i) => x ** ys[i]!),
    );
    assert.ok(error <= stated, `error ${error} in ${dtype}`);
  }
});

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const specials: Record<string, readonly (readonly [number, number])[]> = {
  exp: [
    [nan, nan],
    [inf, inf],
    [-inf, 0],
    [0, 1],
    [-0, 1],
    [1000, inf],
    [-1000, 0],
  ],
  exp2: [
    [nan, nan],
    [inf, inf],
    [-inf, 0],
    [0, 1],
    [1, 2],
    [10, 1024],
    [-3, 0.125],
    [5000, inf],
    [-5000, 0],
  ],
  log: [
    [nan, nan],
    [inf, inf],
    [-inf, nan],
    [0, -inf],
    [-0, -inf],
    [-1, nan],
    [1, 0],
  ],
  log2: [
    [nan, nan],
    [inf, inf],
    [-inf, nan],
    [0, -inf],
    [-0, -inf],
    [-1, nan],
    [1, 0],
    [8, 3],
    [0.25, -2],
  ],
  tanh: [
    [nan, nan],
    [inf, 1],
    [-inf, -1],
    [0, 0],
    [-0, -0],
    [100, 1],
  ],
  erf: [
    [nan, nan],
    [inf, 1],
    [-inf, -1],
    [0, 0],
    [-0, -0],
    [30, 1],
  ],
  sin: [
    [nan, nan],
    [inf, nan],
    [-inf, nan],
    [0, 0],
    [-0, -0],
  ],
  cos: [
    [nan, nan],
    [inf, nan],
    [-inf, nan],
    [0, 1],
    [-0, 1],
  ],
  sigmoid: [
    [nan, nan],
    [inf, 1],
    [-inf, 0],
    [0, 0.5],
    [-0, 0.5],
    [1000, 1],
    [-1000, 0],
  ],
};
for (const [name, pairs] of Object.entries(specials))
  test(`${name} of special values`, () => {
    for (const dtype of ["f32", "f64"] as const) {
      const got = evaluate(
        name,
        dtype,
        pairs.map(p => p[0]),
      );
      pairs.forEach(([x, want], i) =>
        assert.ok(Object.is(got[i], want), `${name}(${x}) in ${dtype} is ${got[i]}, should be ${want}`),
      );
    }
  });

test("pow of special values is C's", () => {
  const values = [nan, inf, -inf, 0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 2.5, 1e30, -1e30];
  const native = functions.get("pow")!.native;
  for (const [dtype, hasF64] of [
    ["f32", true],
    ["f32", false],
    ["f64", true],
  ] as const) {
    const xs = values.flatMap(x => values.map(() => x));
    const ys = values.flatMap(() => values);
    const got = evaluate("pow", dtype, xs, ys, { hasF64 });
    xs.forEach((x, i) => {
      const want = arrayOf[dtype].of(native(x, ys[i]!))[0]!;
      const near = Math.abs((got[i] as number) - want) <= 1e-6 * Math.abs(want);
      assert.ok(
        Object.is(got[i], want) || (near && want !== 0),
        `${x} ** ${ys[i]} in ${dtype} is ${got[i]}, should be ${want}`,
      );
    });
  }
});

test("subnormal results are rounded once, not flushed", () => {
  const got = evaluate("exp2", "f32", [-126.5, -130, -149, -149.5, -150, -151]);
  assert.deepEqual(
    [...(got as Float32Array)],
    [-126.5, -130, -149, -149.5, -150, -151].map(x => Math.fround(2 ** x)),
  );
});

test("an argument that is evidently at most 0 gets the cheaper body with the same results", () => {
  const xs = [...range(-106, 0, 5001), -0, -inf, nan];
  for (const name of ["exp", "exp2"]) {
    const cheap = evaluate(name, "f32", xs, undefined, { prepare: x => x.abs().neg() });
    const want = evaluate(name, "f32", xs);
    xs.forEach((x, i) => {
      const [g, w] = [cheap[i] as number, want[i] as number];
      assert.ok(Object.is(g, w) || Math.abs(g - w) <= 2 ** -24 * w + unit.f32, `${name}(${x}): ${g} and ${w}`);
    });
  }
});

test("f16 and bf16 are computed in f32 and rounded once", () => {
  for (const [dtype, bits, value] of [
    ["f16", (x: number) => floatToBits("f16", x), (b: number) => floatFromBits("f16", b)],
    ["bf16", (x: number) => floatToBits("bf16", x), (b: number) => floatFromBits("bf16", b)],
  ] as const) {
    const xs = Array.from({ length: 4096 }, (_, i) => i * 16);
    const k = kernel({ X: tensor(dtype, "N"), Y: tensor(dtype, "N") }, ({ X, Y, N }) =>
      grid(N.tile(), i => {
        const call = (X.at(i) as AnyTile).tanh().node as NodeOf<"call">;
        Y.at(i).set(tileOf(bodyOf(call)));
      }),
    );
    const data = new Uint16Array(xs.length);
    const dims = [xs.length];
    interpretKernel(
      k.ir,
      { X: { dtype, dims, data: Uint16Array.from(xs) }, Y: { dtype, dims, data } },
      { arithmetic: "stepwise" },
    );
    xs.forEach((x, i) => {
      const want = bits(Math.tanh(value(x)));
      // f32's own error decides ties at most
      assert.ok(Math.abs(data[i]! - want) <= 1, `tanh(${value(x)}) in ${dtype} is ${value(data[i]!)}`);
    });
  }
});
