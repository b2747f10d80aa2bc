// azulejo/kernels against loops in float64: compiled, on two threads, and eagerly; sizes that no tile divides, and none at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as kernels from "../../src/kernels/index.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import type { TensorArgument } from "../../src/tile/index.js";

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const f32 = (dims: readonly number[], seed = 0): TensorArgument => ({
  dtype: "f32",
  dims,
  data: Float32Array.from({ length: count(dims) }, (_, i) => Math.sin(1 + seed * 7 + i * 1.7)),
});
const i32 = (...data: number[]): TensorArgument => ({ dtype: "i32", dims: [data.length], data: Int32Array.from(data) });
const integers = (dtype: "i8" | "i4", dims: readonly number[]): TensorArgument => ({
  dtype,
  dims,
  data: Int8Array.from({ length: count(dims) }, (_, i) => ((i * 5) % 16) - 8),
});

/** reads an element by its indices */
const reader =
  ({ dims, data }: TensorArgument) =>
  (...index: number[]): number =>
    Number(data[index.reduce((at, i, d) => at * dims[d]! + i, 0)]);
const sum = (n: number, f: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < n; i++) total += f(i);
  return total;
};
/** all elements of a tensor from a function of their indices, row-major */
function* elements(dims: readonly number[], f: (...index: number[]) => number): Generator<number> {
  for (let flat = 0; flat < count(dims); flat++) {
    let rest = flat;
    const index = dims.map(() => 0);
    for (let d = dims.length - 1; d >= 0; d--) {
      index[d] = rest % dims[d]!;
      rest = Math.floor(rest / dims[d]!);
    }
    yield f(...index);
  }
}

type Tensors = Readonly<Record<string, TensorArgument>>;
interface Case {
  readonly name: string;
  readonly kernel: () => kernels.TileKernel;
  readonly tensors: Tensors;
  readonly dims?: Readonly<Record<string, number>>;
  /** each output's dims, and its elements */
  readonly want: Readonly<Record<string, readonly [dims: readonly number[], element: (...index: number[]) => number]>>;
}
const any = <K>(kernel: () => K) => kernel as unknown as Case["kernel"];

const gelu = (x: number): number => x * 0.5 * (1 + erf(x / Math.SQRT2));
/** Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)) · 2/√π: exact enough for the small arguments here */
function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

function linearCase(M: number, K: number, N: number): Case {
  const [X, W, b] = [f32([M, K]), f32([K, N], 1), f32([N], 2)];
  const [x, w, bias] = [X, W, b].map(reader) as [Get, Get, Get];
  return {
    name: `linear ${M} × ${K} × ${N}, ReLU before and GELU behind`,
    kernel: any(() => kernels.linear({ prologue: kernels.relu, epilogue: kernels.gelu })),
    tensors: { X, W, b },
    want: { Y: [[M, N], (m, n) => gelu(sum(K, k => Math.max(0, x(m, k)) * w(k, n)) + bias(n))] },
  };
}
type Get = (...index: number[]) => number;

function batchedCase(): Case {
  const [X, W] = [f32([3, 5, 7]), f32([3, 7, 9], 1)];
  const [x, w] = [reader(X), reader(W)];
  return {
    name: "batchedProduct",
    kernel: any(() => kernels.batchedProduct({ epilogue: kernels.silu })),
    tensors: { X, W },
    want: {
      Y: [
        [3, 5, 9],
        (b, m, n) => {
          const y = sum(7, k => x(b, m, k) * w(b, k, n));
          return y / (1 + Math.exp(-y));
        },
      ],
    },
  };
}
function groupedCase(offsets: readonly number[]): Case {
  const M = offsets.at(-1)!;
  const G = offsets.length - 1;
  const [X, W] = [f32([4, 6]), f32([G, 6, 10], 1)];
  const Rows = i32(...Array.from({ length: M }, (_, m) => (m * 3) % 4));
  const [x, w] = [reader(X), reader(W)];
  const groupOf = (m: number): number => offsets.findLastIndex((first, g) => g < G && first <= m);
  return {
    name: `groupedLinear, rows ${offsets.join(" ")}`,
    kernel: any(() => kernels.groupedLinear()),
    tensors: { X, Rows, W, Offsets: i32(...offsets) },
    want: { Y: [[M, 10], (m, n) => sum(6, k => x((m * 3) % 4, k) * w(groupOf(m), k, n))] },
  };
}
function quantizedCase(bits: 8 | 4): Case {
  const [X, W, Scale] = [f32([5, 24]), integers(bits === 8 ? "i8" : "i4", [24, 10]), f32([3, 10], 1)];
  const [x, w, s] = [X, W, Scale].map(reader) as [Get, Get, Get];
  return {
    name: `quantizedLinear of ${bits} bits`,
    kernel: any(() => kernels.quantizedLinear({ bits, group: 8 })),
    tensors: { X, W, Scale },
    want: { Y: [[5, 10], (m, n) => sum(24, k => x(m, k) * w(k, n) * s(Math.floor(k / 8), n))] },
  };
}
function convolutionCase(depthwise: boolean): Case {
  const [H, W, C, K, U, V] = [7, 6, 5, depthwise ? 5 : 9, 4, 3];
  const [X, b] = [f32([2, H, W, C]), f32([K], 2)];
  const F = f32(depthwise ? [3, 3, C] : [3, 3, C, K], 1);
  const [x, f, bias] = [X, F, b].map(reader) as [Get, Get, Get];
  const pixel = (n: number, y: number, z: number, c: number): number =>
    y < 0 || y >= H || z < 0 || z >= W ? 0 : x(n, y, z, c);
  const tap = (n: number, u: number, v: number, c: number, of: (p: number, q: number) => number): number =>
    sum(3, p => sum(3, q => pixel(n, u * 2 + p - 1, v * 2 + q - 1, c) * of(p, q)));
  const options = { stride: 2, pad: 1, epilogue: kernels.relu };
  return {
    name: depthwise ? "depthwiseConv2d" : "conv2d",
    kernel: any(() => (depthwise ? kernels.depthwiseConv2d(options) : kernels.conv2d(options))),
    tensors: { X, F, b },
    dims: { U, V },
    want: {
      Y: [
        [2, U, V, K],
        (n, u, v, k) =>
          Math.max(
            0,
            bias(k) +
              (depthwise
                ? tap(n, u, v, k, (p, q) => f(p, q, k))
                : sum(C, c => tap(n, u, v, c, (p, q) => f(p, q, c, k)))),
          ),
      ],
    },
  };
}
function attentionCase(
  options: kernels.AttentionOptions & { readonly cached?: boolean },
  score: (x: number, distance: number) => number = x => x,
): Case {
  const [B, S, T, D, E] = [2, 5, 11, 6, 7];
  const { causal = false, window = Infinity, group = 1 } = options;
  const H = 2 * group;
  const [Q, K, V] = [f32([B, H, S, D]), f32([B, 2, T, D], 1), f32([B, 2, T, E], 2)];
  // the second row of the batch has no keys
  const lengths = [9, 0];
  const past = options.cached ? [4, 2] : [0, 0];
  const [q, k, v] = [Q, K, V].map(reader) as [Get, Get, Get];
  const weight = (b: number, h: number, s: number, t: number): number => {
    const distance = past[b]! + s - t;
    if (t >= lengths[b]! || (causal && distance < 0) || distance >= window) return 0;
    const x = sum(D, d => q(b, h, s, d) * k(b, Math.floor(h / group), t, d)) / Math.sqrt(D);
    return Math.exp(score(x, distance));
  };
  return {
    name: `${options.cached ? "cachedAttention" : "attention"} ${JSON.stringify(options)}${options.score ? " with a score function" : ""}`,
    kernel: any(() => (options.cached ? kernels.cachedAttention(options) : kernels.attention(options))),
    tensors: { Q, K, V, Length: i32(...lengths), ...(options.cached ? { Past: i32(...past) } : {}) },
    want: {
      O: [
        [B, H, S, E],
        (b, h, s, e) => {
          const all = sum(T, t => weight(b, h, s, t));
          return all === 0 ? 0 : sum(T, t => weight(b, h, s, t) * v(b, Math.floor(h / group), t, e)) / all;
        },
      ],
    },
  };
}
function rowCases(): Case[] {
  const [R, C] = [5, 19];
  const [X, Skip, g, b, Label] = [f32([R, C]), f32([R, C], 1), f32([C], 2), f32([C], 3), i32(0, 18, 3, 7, 7)];
  const [x, skip, scale, bias, label] = [X, Skip, g, b, Label].map(reader) as [Get, Get, Get, Get, Get];
  const exps = (r: number): number => sum(C, c => Math.exp(x(r, c)));
  const mean = (r: number): number => sum(C, c => x(r, c)) / C;
  const variance = (r: number): number => sum(C, c => (x(r, c) - mean(r)) ** 2) / C;
  const both: Get = (r, c) => x(r!, c!) + skip(r!, c!);
  return [
    {
      name: "softmax",
      kernel: any(kernels.softmax),
      tensors: { X },
      want: { Y: [[R, C], (r, c) => Math.exp(x(r, c)) / exps(r)] },
    },
    {
      name: "layerNorm",
      kernel: any(() => kernels.layerNorm({ epsilon: 0.01 })),
      tensors: { X, g, b },
      want: {
        Y: [[R, C], (r, c) => ((x(r, c) - mean(r)) / Math.sqrt(variance(r) + 0.01)) * scale(c) + bias(c)],
      },
    },
    {
      name: "addRmsNorm",
      kernel: any(() => kernels.addRmsNorm({ epsilon: 0.01 })),
      tensors: { X, Skip, g },
      want: {
        Sum: [[R, C], both],
        Y: [[R, C], (r, c) => (both(r, c) / Math.sqrt(sum(C, k => both(r, k) ** 2) / C + 0.01)) * scale(c)],
      },
    },
    {
      name: "crossEntropy",
      kernel: any(kernels.crossEntropy),
      tensors: { X, Label },
      want: { Loss: [[R], r => Math.log(exps(r)) - x(r, label(r))] },
    },
  ];
}
function rotaryCase(): Case {
  const [X, Cos, Sin] = [f32([2, 3, 4, 2, 5]), f32([9, 5], 1), f32([9, 5], 2)];
  const Position: TensorArgument = { dtype: "i32", dims: [2, 4], data: Int32Array.of(0, 1, 2, 3, 5, 6, 7, 8) };
  const [x, cos, sin, position] = [X, Cos, Sin, Position].map(reader) as [Get, Get, Get, Get];
  return {
    name: "rotary",
    kernel: any(kernels.rotary),
    tensors: { X, Position, Cos, Sin },
    want: {
      Y: [
        [2, 3, 4, 2, 5],
        (b, h, s, half, d) => {
          const p = position(b, s);
          const turned = x(b, h, s, 1 - half, d) * sin(p, d);
          return x(b, h, s, half, d) * cos(p, d) + (half ? turned : -turned);
        },
      ],
    },
  };
}

const softCap: kernels.Score = (score, distance) => score.div(2).tanh().mul(2).sub(distance.mul(0.1));
const cases: readonly Case[] = [
  linearCase(13, 17, 19),
  linearCase(1, 33, 8),
  linearCase(3, 0, 5),
  linearCase(0, 4, 5),
  batchedCase(),
  groupedCase([0, 3, 3, 14]),
  groupedCase([0, 0, 6]),
  groupedCase([0, 0]),
  quantizedCase(8),
  quantizedCase(4),
  convolutionCase(false),
  convolutionCase(true),
  attentionCase({}),
  attentionCase({ causal: true, group: 3 }),
  attentionCase({ causal: true, window: 3 }),
  attentionCase({ causal: true, cached: true }),
  attentionCase({ causal: true, cached: true, window: 3, group: 2 }),
  attentionCase({ causal: true, score: softCap }, (x, distance) => Math.tanh(x / 2) * 2 - distance * 0.1),
  ...rowCases(),
  rotaryCase(),
];

for (const c of cases)
  test(c.name, async () => {
    const judge = (results: Readonly<Record<string, TensorArgument>>, how: string): void => {
      for (const [name, [dims, element]] of Object.entries(c.want)) {
        const got = results[name]!;
        assert.deepEqual(got.dims, dims, how);
        let i = 0;
        for (const want of elements(dims, element)) {
          const value = Number(got.data[i]);
          assert.ok(
            Math.abs(value - want) <= 2e-5 * (1 + Math.abs(want)),
            `${how}, ${name}[${i}]: ${value}, want ${want}`,
          );
          i++;
        }
      }
    };
    const kernel = c.kernel();
    const outputs = Object.fromEntries(
      Object.entries(c.want).map(([name, [dims]]) => [
        name,
        { dtype: "f32", dims, data: new Float32Array(count(dims)) },
      ]),
    ) as Tensors;
    judge(kernel.eager({ ...c.tensors, ...outputs }), "eager");
    const problem = await nativeProblem();
    for (const target of problem === undefined ? (["wasm", "native"] as const) : (["wasm"] as const))
      for (const threads of [1, 2]) {
        const options = { target, threads, ...(c.dims ? { dims: c.dims } : {}) };
        judge(await kernel.run(c.tensors, options), `${target}, ${threads} threads`);
      }
    kernel.dispose();
  });
