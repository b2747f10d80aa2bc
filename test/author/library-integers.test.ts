// Integer products of azulejo/kernels against loops: exact sums, zero points, words of nibbles.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as kernels from "../../src/kernels/index.js";
import type { TensorArgument } from "../../src/tile/index.js";
import type { Case, Get } from "./library-cases.js";
import { any, f32, i32, judgeCases, reader, sum } from "./library-cases.js";

const bytes = (dims: readonly number[], low: number, high: number): TensorArgument => ({
  dtype: "i8",
  dims,
  data: Int8Array.from(
    { length: dims.reduce((a, b) => a * b, 1) },
    (_, i) => low + ((i * 37 + (i >> 2)) % (high - low + 1)),
  ),
});
function integerCase(M: number, K: number, N: number): Case {
  const [X, W, XScale, WScale, b] = [
    bytes([M, K], -128, 127),
    bytes([K, N], -128, 127),
    f32([M], 1),
    f32([N], 2),
    f32([N], 3),
  ];
  const XZero = i32(...Array.from({ length: M }, (_, m) => m * 90 - 128));
  const WZero = i32(...Array.from({ length: N }, (_, n) => (n % 3) * 40 - 50));
  const [x, w, xs, ws, xz, wz, bias] = [X, W, XScale, WScale, XZero, WZero, b].map(reader) as [
    Get,
    Get,
    Get,
    Get,
    Get,
    Get,
    Get,
  ];
  return {
    name: `integerLinear ${M} × ${K} × ${N}`,
    kernel: any(() => kernels.integerLinear({ epilogue: kernels.relu })),
    tensors: {
      ...{ XScale, XZero, WScale, WZero, b },
      X: { ...X, dims: [M, K / 2, 2] },
      W: { ...W, dims: [K / 2, 2, N] },
    },
    want: {
      Y: [[M, N], (m, n) => Math.max(0, sum(K, k => (x(m, k) - xz(m)) * (w(k, n) - wz(n))) * xs(m) * ws(n) + bias(n))],
    },
  };
}

const [M, G, N] = [3, 2, 21];
const X = f32([M, G, 32]);
const scaleOf = (m: number): number =>
  Math.fround(Math.max(...(X.data as Float32Array).slice(m * G * 32, (m + 1) * G * 32).map(Math.abs)) / 127);
/** to the nearest integer; none of the cases is a half */
const numberOf: Get = (m, g, i) => Math.round(Math.fround(reader(X)(m!, g!, i!) * Math.fround(1 / scaleOf(m!))));
const W = bytes([G, 32, N], 0, 15);
const P: TensorArgument = {
  dtype: "i32",
  dims: [M, G, 4, 2],
  data: Int32Array.from({ length: M * G * 8 }, (_, n) => {
    const [m, g, i] = [Math.floor(n / G / 8), Math.floor(n / 8) % G, (n % 8) * 4];
    return [0, 1, 2, 3].reduce((word, j) => word | ((numberOf(m, g, i + j) & 255) << (8 * j)), 0);
  }),
};
const sumOf: Get = (m, g) => sum(32, i => numberOf(m!, g!, i));
const V: TensorArgument = {
  dtype: "u32",
  dims: [G, 4, N],
  data: Uint32Array.from({ length: G * 4 * N }, (_, at) => {
    const [g, c, n] = [Math.floor(at / N / 4), Math.floor(at / N) % 4, at % N];
    const w = reader(W);
    return sum(4, j => w(g, c * 8 + j, n) * 2 ** (8 * j) + w(g, c * 8 + j + 4, n) * 2 ** (8 * j + 4));
  }),
};
const Scale = f32([G, N], 4);
const product: Get = (m, n) =>
  scaleOf(m!) * sum(G, g => sum(32, i => numberOf(m!, g, i) * (reader(W)(g, i, n!) - 8)) * reader(Scale)(g, n!));

judgeCases([
  integerCase(1, 2, 3),
  integerCase(3, 18, 9),
  integerCase(2, 64, 33),
  {
    name: "quantizeRows",
    kernel: any(kernels.quantizeRows),
    tensors: { X },
    want: {
      P: [[M, G, 4, 2], reader(P)],
      Sum: [[M, G], sumOf],
      Scale: [[M], scaleOf],
    },
  },
  { name: "packNibbles", kernel: any(kernels.packNibbles), tensors: { W }, want: { V: [[G, 4, N], reader(V)] } },
  {
    name: "integerLinear4",
    kernel: any(() => kernels.integerLinear4()),
    tensors: {
      ...{ P, V, Scale },
      Sum: {
        dtype: "i32",
        dims: [M, G],
        data: Int32Array.from({ length: M * G }, (_, i) => sumOf(Math.floor(i / G), i % G)),
      },
      XScale: { dtype: "f32", dims: [M], data: Float32Array.from({ length: M }, (_, m) => scaleOf(m)) },
    },
    want: { Y: [[M, N], product] },
  },
]);

test("a row of zeros has scale 0, and its products are 0", async () => {
  const zeros: TensorArgument = { dtype: "f32", dims: [1, G, 32], data: new Float32Array(G * 32) };
  const q = await kernels.quantizeRows().run({ X: zeros });
  const { Y } = await kernels.integerLinear4().run({ P: q.P, Sum: q.Sum, XScale: q.Scale, V, Scale });
  assert.ok((Y.data as Float32Array).every(y => y === 0));
});

test("rows of numbers so small that their scale has no finite reciprocal count as zeros", async () => {
  const X: TensorArgument = { dtype: "f32", dims: [1, 1, 32], data: new Float32Array(32).fill(1e-38) };
  const q = await kernels.quantizeRows().run({ X });
  assert.deepEqual([...q.Sum.data, ...q.P.data], new Array(9).fill(0));
});
