// Numbers as WebGPU has to compute them where WGSL has no type for them, and runs of more workgroups than a dispatch has along one dim. Skipped, by
// name, where there is no adapter.
import assert from "node:assert/strict";
import { compileKernel, Tensor } from "../../src/index.js";
import { functions } from "../../src/tile/functions.js";
import { bool, dot, f16, f32, grid, i64, literal } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { gpuTest } from "./gpu-test.js";

async function resultsOf(
  k: Parameters<typeof compileKernel>[0],
  inputs: Record<string, Tensor>,
): Promise<Record<string, Tensor>> {
  const model = await compileKernel(k, { target: "webgpu" });
  try {
    return await model.run(inputs);
  } finally {
    model.dispose();
  }
}

// ends, halves of words, and what carries from one word to the other
const wide: readonly bigint[] = [
  ...[1n, -1n, 7n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 32n, 2n ** 32n - 1n, -(2n ** 32n), 2n ** 31n, -(2n ** 31n)],
  ...[0x123456789abcdefn, -0x7edcba987654321n, 4294967291n * 2147483629n, 10n ** 18n + 9n, -(10n ** 18n) - 9n, 0n],
];
gpuTest("64-bit integers are exact", async () => {
  const names = {
    A: i64("N"),
    B: i64("N"),
    Sum: i64("N"),
    Less: i64("N"),
    Times: i64("N"),
    Most: i64("N"),
    By: i64("N"),
  };
  const all = kernel(names, ({ A, B, Sum, Less, Times, Most, By, N }) =>
    grid(N.tile(), n => {
      const [a, b] = [A.at(n), B.at(n)];
      Sum.at(n).set(a.add(b));
      Less.at(n).set(a.sub(b));
      Times.at(n).set(a.mul(b));
      Most.at(n).set(a.maximum(b));
      By.at(n).set(a.div(b));
    }),
  );
  const least = -(2n ** 63n);
  const pairs = wide.flatMap(a => wide.map(b => [a, b] as const));
  const column = (f: (a: bigint, b: bigint) => bigint): bigint[] => pairs.map(([a, b]) => BigInt.asIntN(64, f(a, b)));
  const tensor = (values: readonly bigint[]): Tensor => new Tensor("i64", BigInt64Array.from(values), [values.length]);
  const got = await resultsOf(all, { A: tensor(column(a => a)), B: tensor(column((_, b) => b)) });
  const want = {
    Sum: column((a, b) => a + b),
    Less: column((a, b) => a - b),
    Times: column((a, b) => a * b),
    Most: column((a, b) => {
      if (a > b) return a;
      return b;
    }),
    // a division by zero gives 0; −2⁶³ by −1 wraps
    By: column((a, b) => (b === 0n ? 0n : a === least && b === -1n ? least : a / b)),
  };
  for (const [name, values] of Object.entries(want))
    assert.deepEqual([...(got[name]!.data as BigInt64Array)], values, name);
});

gpuTest("NaN is true, and 0 times or divided by what is not finite is NaN", async () => {
  const names = { X: f32("N"), True: bool("N"), Times: f32("N"), By: f32("N") };
  const all = kernel(names, ({ X, True, Times, By, N }) =>
    grid(N.tile(), n => {
      const x = X.at(n);
      True.at(n).set(x.cast("bool"));
      Times.at(n).set(x.mul(0));
      By.at(n).set(literal("f32", 0).div(x));
    }),
  );
  const values = Float32Array.of(0, 2, Infinity, -Infinity, NaN);
  const got = await resultsOf(all, { X: new Tensor("f32", values, [5]) });
  assert.deepEqual([...(got.True!.data as Uint8Array)], [0, 1, 1, 1, 1]);
  assert.deepEqual([...(got.Times!.data as Float32Array)], [0, 0, NaN, NaN, NaN]);
  assert.deepEqual(
    Array.from(got.By!.data as Float32Array, x => x + 0),
    [NaN, 0, 0, 0, NaN],
  );
});

gpuTest("powers of f32 need no f64", async () => {
  const powers = kernel({ X: f32("N"), Y: f32("N"), Z: f32("N") }, ({ X, Y, Z, N }) =>
    grid(N.tile(), n => {
      Z.at(n).set(X.at(n).pow(Y.at(n)));
    }),
  );
  const { native, withoutF64 } = functions.get("pow")!;
  const ends = [0, 1, -2, 3, 2.5, -3.5, Infinity, -Infinity, NaN];
  const pairs = [
    ...ends.flatMap(x => ends.map(y => [x, y] as const)),
    ...Array.from({ length: 4000 }, (_, i) => [2 ** (Math.sin(i) * 120), Math.cos(i * i)] as const),
    ...Array.from({ length: 4000 }, (_, i) => [1 + Math.sin(i) / 500, 9e3 * Math.cos(i * i)] as const),
  ];
  const [xs, ys] = [Float32Array.from(pairs, p => p[0]), Float32Array.from(pairs, p => p[1])];
  const dims = [pairs.length];
  const { Z } = await resultsOf(powers, { X: new Tensor("f32", xs, dims), Y: new Tensor("f32", ys, dims) });
  (Z!.data as Float32Array).forEach((z, i) => {
    const want = native(xs[i]!, ys[i]!);
    const fits = Object.is(z, want) || Math.abs(z - want) <= withoutF64!.error * Math.abs(want);
    assert.ok(fits, `${xs[i]} to the power ${ys[i]} is ${z} and should be ${want}`);
  });
});

gpuTest("sums of f16 are added up in f32", async () => {
  const sums = kernel({ X: f16("M K"), W: f16("K N"), Y: f16("M N") }, ({ X, W, Y, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k).cast("f16"));
    }),
  );
  // in f16 a sum of ones stays at 2048
  const [size, one] = [4096, 0x3c00];
  const ones = (...dims: number[]): Tensor =>
    new Tensor("f16", new Uint16Array(dims.reduce((p, n) => p * n, 1)).fill(one), dims);
  const { Y } = await resultsOf(sums, { X: ones(2, size), W: ones(size, 3) });
  assert.deepEqual(halvesOf(Y!), new Array(6).fill(0x6c00));
});
const halvesOf = ({ data }: Tensor): number[] => {
  const { buffer, byteOffset, length } = data as Uint16Array;
  return [...new Uint16Array(buffer, byteOffset, length)];
};

// a dispatch has 65,535 workgroups along one dim, each of 64 invocations
gpuTest("more elements than a line of workgroups has invocations", async () => {
  const outer = kernel({ A: f32("M"), B: f32("N"), Y: f32("M N") }, ({ A, B, Y, M, N }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      Y.at(m, n).set(A.at(m).mul(2048).add(B.at(n)));
    }),
  );
  const numbers = (count: number): Tensor =>
    new Tensor(
      "f32",
      Float32Array.from({ length: count }, (_, i) => i),
      [count],
    );
  const [rows, columns] = [2100, 2001];
  assert.ok(rows * columns > 65535 * 64);
  const { Y } = await resultsOf(outer, { A: numbers(rows), B: numbers(columns) });
  const wrong = (Y!.data as Float32Array).findIndex((y, i) => y !== Math.floor(i / columns) * 2048 + (i % columns));
  assert.equal(wrong, -1);
});
