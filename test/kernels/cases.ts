// The kernels of the first stage with sizes and naive loops in float64: cases as data for the interpreter, lowering and benchmarks.
import type { Kernel } from "../../src/ir/tile.js";
import * as stage1 from "./stage1.js";

export type Arrays = Readonly<Record<string, ArrayLike<number>>>;
export type Sizes = Readonly<Record<string, number>>;
export interface KernelCase {
  readonly name: string;
  readonly kernel: () => Kernel;
  readonly output: string;
  readonly sizes: readonly Sizes[];
  /** the value of the output at one index, from the inputs */
  readonly want: (x: Arrays, d: Sizes) => Float64Array;
}

/** visits a box of indices in row-major order */
function each(dims: readonly number[], f: (i: readonly number[]) => number): Float64Array {
  const out = new Float64Array(dims.reduce((p, n) => p * n, 1));
  const i = dims.map(() => 0);
  for (let flat = 0; flat < out.length; flat++) {
    out[flat] = f(i);
    for (let d = dims.length - 1; d >= 0; d--) {
      if (++i[d]! < dims[d]!) break;
      i[d] = 0;
    }
  }
  return out;
}
const sum = (n: number, f: (i: number) => number): number => {
  let s = 0;
  for (let i = 0; i < n; i++) s += f(i);
  return s;
};
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const outputSize = (n: number, taps: number, stride: number, pad: number): number =>
  Math.floor((n + 2 * pad - taps) / stride) + 1;

const linear: KernelCase = {
  name: "linear",
  kernel: () => stage1.linear().ir,
  output: "Y",
  sizes: [
    { M: 7, N: 5, K: 11 },
    { M: 1, N: 8, K: 1 },
    { M: 13, N: 19, K: 33 },
    { M: 6, N: 8, K: 4 },
    { M: 0, N: 8, K: 4 },
    { M: 3, N: 0, K: 4 },
    { M: 3, N: 9, K: 0 },
  ],
  want: ({ X, W, b }, { M, N, K }) =>
    each([M!, N!], ([m, n]) => Math.max(0, sum(K!, k => X![m! * K! + k]! * W![k * N! + n!]!) + b![n!]!)),
};

const convSizes = (taps: number, stride: number, pad: number, more: Sizes): Sizes[] =>
  [
    [7, 5],
    [4, 9],
  ].map(([H, W]) => ({
    B: 2,
    H: H!,
    W: W!,
    U: outputSize(H!, taps, stride, pad),
    V: outputSize(W!, taps, stride, pad),
    ...more,
  }));
const inputAt = (X: ArrayLike<number>, d: Sizes, [b, y, x, c]: readonly number[]): number =>
  y! >= 0 && y! < d.H! && x! >= 0 && x! < d.W! ? X[((b! * d.H! + y!) * d.W! + x!) * d.C! + c!]! : 0;

const convolved = ({ X, F, b: bias }: Arrays, d: Sizes, stride: number, pad: number): Float64Array =>
  each([d.B!, d.U!, d.V!, d.K!], ([b, u, v, k]) => {
    const taps = sum(d.P!, p =>
      sum(d.Q!, q =>
        sum(d.C!, c => {
          const x = inputAt(X!, d, [b!, u! * stride + p - pad, v! * stride + q - pad, c]);
          return x * F![((p * d.Q! + q) * d.C! + c) * d.K! + k!]!;
        }),
      ),
    );
    return Math.max(0, taps + bias![k!]!);
  });
const conv = (stride: number, pad: number): KernelCase => ({
  name: `conv stride ${stride} pad ${pad}`,
  kernel: () => stage1.conv(stride, pad).ir,
  output: "Y",
  sizes: convSizes(3, stride, pad, { P: 3, Q: 3, C: 5, K: 11 }),
  want: (x, d) => convolved(x, d, stride, pad),
});
/** the image is read twice, and only one of the loads goes through a table of pointers */
const residualConv: KernelCase = {
  name: "residual conv",
  kernel: () => stage1.residualConv().ir,
  output: "Y",
  sizes: [3, 16].map(C => ({ B: 2, H: 7, W: 5, P: 3, Q: 3, C })),
  want: (x, d) => convolved(x, { ...d, U: d.H!, V: d.W!, K: d.C! }, 1, 1).map((y, i) => y + x.X![i]!),
};
const depthwise = (stride: number, pad: number): KernelCase => ({
  name: `depthwise stride ${stride} pad ${pad}`,
  kernel: () => stage1.depthwise(stride, pad).ir,
  output: "Y",
  sizes: convSizes(3, stride, pad, { C: 7 }),
  want: ({ X, F, b: bias }, d) =>
    each([d.B!, d.U!, d.V!, d.C!], ([b, u, v, c]) => {
      const taps = sum(3, p =>
        sum(
          3,
          q => inputAt(X!, d, [b!, u! * stride + p - pad, v! * stride + q - pad, c!]) * F![(p * 3 + q) * d.C! + c!]!,
        ),
      );
      return Math.min(6, Math.max(0, taps + bias![c!]!));
    }),
});
const maxPool: KernelCase = {
  name: "maxPool",
  kernel: () => stage1.maxPool(2, 1).ir,
  output: "Y",
  sizes: convSizes(3, 2, 1, { C: 6 }),
  want: ({ X }, d) =>
    each([d.B!, d.U!, d.V!, d.C!], ([b, u, v, c]) => {
      let most = -Infinity;
      for (let y = Math.max(0, u! * 2 - 1); y < Math.min(d.H!, u! * 2 + 2); y++)
        for (let x = Math.max(0, v! * 2 - 1); x < Math.min(d.W!, v! * 2 + 2); x++)
          most = Math.max(most, inputAt(X!, d, [b!, y, x, c!]));
      return most;
    }),
};
const softmax: KernelCase = {
  name: "softmax",
  kernel: () => stage1.softmax().ir,
  output: "Y",
  sizes: [
    { R: 3, C: 9 },
    { R: 2, C: 37 },
    { R: 1, C: 1 },
  ],
  want: ({ X }, { R, C }) =>
    each([R!, C!], ([r, c]) => Math.exp(X![r! * C! + c!]!) / sum(C!, i => Math.exp(X![r! * C! + i]!))),
};
/** so few columns that lanes go across rows: what is kept for a row has to be kept for each of them */
const softmaxOfTwo: KernelCase = {
  ...softmax,
  name: "softmax of two columns",
  kernel: () => stage1.softmax({ C: 2 }).ir,
  sizes: [1, 4, 6, 17].map(R => ({ R, C: 2 })),
};
const layerNorm: KernelCase = {
  name: "layerNorm",
  kernel: () => stage1.layerNorm().ir,
  output: "Y",
  sizes: [
    { R: 3, C: 9 },
    { R: 2, C: 37 },
  ],
  want: ({ X, g, b }, { R, C }) =>
    each([R!, C!], ([r, c]) => {
      const at = (i: number): number => X![r! * C! + i]!;
      const mean = sum(C!, at) / C!;
      const variance = sum(C!, i => (at(i) - mean) ** 2) / C!;
      return ((at(c!) - mean) / Math.sqrt(variance + 1e-5)) * g![c!]! + b![c!]!;
    }),
};
const attention = (causal: boolean): KernelCase => ({
  name: causal ? "causal attention" : "attention",
  kernel: () => stage1.attention({ causal, group: 2 }).ir,
  output: "O",
  sizes: [
    { B: 2, H: 4, G: 2, S: 11, T: 13, D: 5, E: 7 },
    { B: 1, H: 2, G: 1, S: 40, T: 40, D: 8, E: 12 },
  ],
  want: ({ Q, K, V }, d) =>
    each([d.B!, d.H!, d.S!, d.E!], ([b, h, s, e]) => {
      const key = (t: number): number => (b! * d.G! + (h! >> 1)) * d.T! + t;
      const last = causal ? Math.min(d.T!, s! + 1) : d.T!;
      const weight = (t: number): number =>
        Math.exp(
          sum(d.D!, i => Q![((b! * d.H! + h!) * d.S! + s!) * d.D! + i]! * K![key(t) * d.D! + i]!) / Math.sqrt(d.D!),
        );
      return sum(last, t => weight(t) * V![key(t) * d.E! + e!]!) / sum(last, weight);
    }),
});
const lstm: KernelCase = {
  name: "lstm",
  kernel: () => stage1.lstm().ir,
  output: "Y",
  sizes: [
    { T: 4, B: 3, I: 5, N: 7 },
    { T: 3, B: 1, I: 8, N: 16 },
  ],
  want: ({ X, W, R, b: bias }, { T, B, I, N }) => {
    const out = new Float64Array(T! * B! * N!);
    for (let b = 0; b < B!; b++) {
      let h = new Float64Array(N!);
      let c = new Float64Array(N!);
      for (let t = 0; t < T!; t++) {
        const gate = (j: number, n: number): number =>
          sum(I!, i => X![(t * B! + b) * I! + i]! * W![(j * I! + i) * N! + n]!) +
          sum(N!, k => h[k]! * R![(j * N! + k) * N! + n]!) +
          bias![j * N! + n]!;
        c = c.map((old, n) => sigmoid(gate(1, n)) * old + sigmoid(gate(0, n)) * Math.tanh(gate(2, n)));
        h = h.map((_, n) => sigmoid(gate(3, n)) * Math.tanh(c[n]!));
        out.set(h, (t * B! + b) * N!);
      }
    }
    return out;
  },
};
const transposingChain: KernelCase = {
  name: "transposingChain",
  kernel: () => stage1.transposingChain().ir,
  output: "Y",
  sizes: [
    { I: 7, J: 9 },
    { I: 16, J: 5 },
  ],
  want: ({ X, a, b }, { I, J }) =>
    each([J!, I!], ([j, i]) => Math.max(0, X![i! * J! + j!]! * a![i!]! + b![j!]!) * 0.5 - a![i!]!),
};

export const cases: readonly KernelCase[] = [
  linear,
  conv(1, 1),
  conv(2, 1),
  conv(1, 0),
  residualConv,
  depthwise(1, 1),
  depthwise(2, 1),
  maxPool,
  softmax,
  softmaxOfTwo,
  layerNorm,
  attention(false),
  attention(true),
  lstm,
  transposingChain,
];

/** Values of a kernel's dims as the symbols' map, and of its tensors' sizes. */
export function sizesOf(kernel: Kernel, sizes: Sizes): Record<string, number[]> {
  const named = new Map(
    kernel.dims.map(d => [d.size.key, sizes[d.name] ?? (d.size.isConst ? d.size.constant : Number.NaN)]),
  );
  return Object.fromEntries(
    kernel.tensors.map(t => [t.name, t.dims.map(p => (p.isConst ? p.constant : named.get(p.key)!))]),
  );
}
/** Inputs between −1 and 1, outputs full of NaN: deterministic. */
export function argumentsFor(kernel: Kernel, sizes: Sizes, seed = 7) {
  let state = seed;
  const next = (): number => {
    state = (state * 16807) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  };
  const dims = sizesOf(kernel, sizes);
  return Object.fromEntries(
    kernel.tensors.map(t => {
      const length = dims[t.name]!.reduce((p, n) => p * n, 1);
      const data = Float32Array.from({ length }, () => (t.role === "output" ? Number.NaN : next()));
      return [t.name, { dtype: "f32" as const, dims: dims[t.name]!, data }];
    }),
  );
}
