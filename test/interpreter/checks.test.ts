// What the interpreter finds while a kernel runs: bounds, gathers, double writes, elements that nobody wrote. Word for word.
import assert from "node:assert/strict";
import { test } from "node:test";
import { interpretKernel, runKernel } from "../../src/ir/evaluate/kernel.js";
import type { Storage } from "../../src/ir/evaluate/memory.js";
import { denseStorage, newStorage } from "../../src/ir/evaluate/memory.js";
import { parse } from "../../src/ir/parse.js";
import type { Kernel, Tensor } from "../../src/ir/tile.js";

const f32 = (dims: number[], fill = 1) => ({
  dtype: "f32" as const,
  dims,
  data: new Float32Array(dims.reduce((p, n) => p * n, 1)).fill(fill),
});
const i32 = (...data: number[]) => ({ dtype: "i32" as const, dims: [data.length], data: Int32Array.from(data) });
const refused = (text: string, args: Parameters<typeof interpretKernel>[1], message: string): void =>
  assert.throws(() => interpretKernel(parse(text), args), { code: "bounds", message });

test("a write outside of its tensor", () => {
  const text = "kernel k(M, N) { input X: f32[M] output Y: f32[N] grid m: M store Y[2*m - 1] = X[m] }";
  refused(
    text,
    { X: f32([2]), Y: f32([4]) },
    'kernel "k": "Y" is written at -1 along dim 0, which has 4 indices; keep writes inside the tensor',
  );
  refused(
    text.replace("- 1", "+ 1"),
    { X: f32([2]), Y: f32([3]) },
    'kernel "k": "Y" is written at 3 along dim 0, which has 3 indices; keep writes inside the tensor',
  );
});
test("a gather outside of its tensor", () => {
  const text =
    "kernel k(M, N) { input X: f32[M, 2] input I: i32[N] output Y: f32[N] grid n: N i = I[n] store Y[n] = X[@i, 1] }";
  const args = (...i: number[]) => ({ X: f32([3, 2]), I: i32(...i), Y: f32([i.length]) });
  refused(
    text,
    args(0, 3),
    'kernel "k": "X" is read at 3 along dim 0, which has 3 indices; clamp or check the gathered index',
  );
  refused(
    text,
    args(-1),
    'kernel "k": "X" is read at -1 along dim 0, which has 3 indices; clamp or check the gathered index',
  );
  interpretKernel(parse(text), args(0, 2, 1));
});
test("a read outside of its tensor is the fill, on both sides", () => {
  const Y = f32([5]);
  const text = "kernel k(M, N) { input X: f32[M] output Y: f32[N] grid n: N store Y[n] = X[n - 1] else -2.5 }";
  interpretKernel(parse(text), { X: { ...f32([3]), data: Float32Array.of(1, 2, 3) }, Y });
  assert.deepEqual([...Y.data], [-2.5, 1, 2, 3, -2.5]);
});
test("two writes of one element", () => {
  refused(
    "kernel k(M, N) { input X: f32[M] output Y: f32[N] grid m: M store Y[div(m, 2)] = X[m] }",
    { X: f32([4]), Y: f32([2]) },
    'kernel "k": "Y" is written twice at element 0; give every element one value',
  );
  refused(
    "kernel k(M) { input X: f32[M] output Y: f32[M] grid m: M store Y[m] = X[m] store Y[0] = 1 }",
    { X: f32([2]), Y: f32([2]) },
    'kernel "k": "Y" is written twice at element 0; give every element one value',
  );
});

const storages = (k: Kernel, by: Record<string, Storage>): Map<Tensor, Storage> =>
  new Map(k.tensors.map(t => [t, by[t.name]!]));
test("a read of what nothing has written", () => {
  const k = parse("kernel k(M) { input X: f32[M] output Y: f32[M] grid m: M store Y[m] = X[M - 1 - m] }");
  const X: Storage = { ...newStorage("f32", [4]), initialized: Uint8Array.of(1, 1, 0, 1) };
  assert.throws(() => runKernel(k, storages(k, { X, Y: newStorage("f32", [4]) })), {
    code: "bounds",
    message: 'kernel "k": "X" is read at element 2, which nothing has written; write it first',
  });
});
test("a window of a larger array is read and written with its own strides", () => {
  const k = parse(
    "kernel k(M, N) { input X: f32[M, N] output Y: f32[M, N] grid m: M, n: N store Y[m, n] = add(X[m, n], 100) }",
  );
  const whole = Float32Array.from({ length: 12 }, (_, i) => i);
  // columns 1 and 2 of a 3 × 4 array, into columns 2 and 3 of another
  const out = new Float32Array(12);
  const X: Storage = { ...denseStorage("f32", [3, 2], whole), offset: 1, strides: [4, 1] };
  const Y: Storage = { ...denseStorage("f32", [3, 2], out), offset: 2, strides: [4, 1] };
  runKernel(k, storages(k, { X, Y }));
  assert.deepEqual([...out], [0, 0, 101, 102, 0, 0, 105, 106, 0, 0, 109, 110]);
});
test("the three arithmetics differ in rounding alone", () => {
  const k = parse(
    "kernel k(M) { input X: f32[M] output Y: f32[M] grid m: M store Y[m] = sub(add(X[m], 16777216), 16777216) }",
  );
  const run = (arithmetic: "typed" | "real" | "stepwise"): number => {
    const Y = f32([1]);
    interpretKernel(k, { X: f32([1], 1), Y }, { arithmetic });
    return Y.data[0]!;
  };
  // 2^24 + 1 is no f32: rounding after every operation loses the 1
  assert.deepEqual([run("typed"), run("real"), run("stepwise")], [1, 1, 0]);
  const cast = parse(
    "kernel k(M) { input X: f32[M] output Y: f32[M] grid m: M store Y[m] = cast(cast(X[m], f16), f32) }",
  );
  const through = (arithmetic: "typed" | "real"): number => {
    const Y = f32([1]);
    interpretKernel(cast, { X: f32([1], 2049), Y }, { arithmetic });
    return Y.data[0]!;
  };
  assert.deepEqual([through("typed"), through("real")], [2048, 2049]);
});
