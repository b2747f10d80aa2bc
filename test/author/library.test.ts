// azulejo/kernels against loops in float64: products, convolutions, kernels over rows; sizes that no tile divides, and none at all.
import * as kernels from "../../src/kernels/index.js";
import { any, type Case, f32, type Get, i32, integers, judgeCases, reader, sum } from "./library-cases.js";

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

function splitCase(M: number, K: number, N: number): Case {
  return {
    ...linearCase(M, K, N),
    name: `splitLinear ${M} × ${K} × ${N}`,
    kernel: any(() => kernels.splitLinear({ prologue: kernels.relu, epilogue: kernels.gelu })),
  };
}
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
const cases: readonly Case[] = [
  linearCase(13, 17, 19),
  linearCase(1, 33, 8),
  linearCase(3, 0, 5),
  linearCase(0, 4, 5),
  splitCase(1, 700, 9),
  splitCase(5, 0, 3),
  batchedCase(),
  groupedCase([0, 3, 3, 14]),
  groupedCase([0, 0, 6]),
  groupedCase([0, 0]),
  quantizedCase(8),
  quantizedCase(4),
  convolutionCase(false),
  convolutionCase(true),
  ...rowCases(),
];

judgeCases(cases);
