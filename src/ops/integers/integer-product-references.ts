// References of integer matrix products and convolutions: zero points are taken away in plain numbers, and the references of MatMul and Conv
// do the rest. Only references import this.

import { isFloat } from "../../ir/dtypes.js";
import { reference as convReference } from "../conv.js";
import { stridesOf } from "../known-values.js";
import { reference as matMulReference } from "../mat-mul.js";
import type { Attributes, ReferenceTensor } from "../operator.js";
import { numbersOf, tabulate } from "../reference-tensors.js";

const alone = { present: [], opset: 0, outputCount: 1 };

/** Reads a parameter of a matrix product at an index of the matrix: the row counts, or the column. */
export function productReader(
  p: ReferenceTensor | undefined,
  along: "rows" | "columns",
): (index: readonly number[]) => number {
  if (!p) return () => 0;
  const data = numbersOf(p);
  if (data.length === 1) return () => data[0]!;
  if (p.dims.length === 1) return index => data[index.at(along === "columns" ? -1 : -2)!]!;
  const strides = stridesOf(p.dims);
  return index => data[index.reduce((at, i, d) => at + (p.dims[d] === 1 ? 0 : i * strides[d]!), 0)]!;
}
const less = (t: ReferenceTensor, zero: (index: readonly number[]) => number): ReferenceTensor => {
  const strides = stridesOf(t.dims);
  const data = numbersOf(t);
  return tabulate(
    isFloat(t.dtype) ? "f64" : "i32",
    t.dims,
    i => data[i.reduce((at, x, d) => at + x * strides[d]!, 0)]! - zero(i),
  );
};

export const integerProductReference = (
  A: ReferenceTensor,
  B: ReferenceTensor,
  aZero?: ReferenceTensor,
  bZero?: ReferenceTensor,
): ReferenceTensor =>
  matMulReference({ A: less(A, productReader(aZero, "rows")), B: less(B, productReader(bZero, "columns")) }, {}, alone)
    .Y!;

/** Reads a parameter of filters by output channel. */
export function channelReader(p: ReferenceTensor | undefined): (channel: number) => number {
  const data = p ? numbersOf(p) : [0];
  return channel => data[data.length === 1 ? 0 : channel]!;
}
export function integerConvolutionReference(
  tensors: Readonly<Record<string, ReferenceTensor>>,
  attributes: Attributes,
): ReferenceTensor {
  const { x, w, x_zero_point, w_zero_point, B } = tensors;
  const [zeroX, zeroW] = [channelReader(x_zero_point)(0), channelReader(w_zero_point)];
  const shifted = { X: less(x!, () => zeroX), W: less(w!, ([k]) => zeroW(k!)), ...(B ? { B } : {}) };
  return { ...convReference(shifted, attributes, alone).Y!, dtype: "i32" };
}

/** Part `n` of 32-bit words, of so many bits, as numbers; those of u32 are unsigned. */
const partOf = (t: ReferenceTensor, n: number, bits: 8 | 16): ReferenceTensor => ({
  dtype: "f64",
  dims: t.dims,
  data: numbersOf(t).map(x => {
    const top = x << (32 - bits * (n + 1));
    return t.dtype === "u32" ? top >>> (32 - bits) : top >> (32 - bits);
  }),
});
/** What `f` gives for each part of words, all together, modulo 2³²; each is exact in float64. */
function ofParts(bits: 8 | 16, f: (part: (t: ReferenceTensor) => ReferenceTensor) => ReferenceTensor): ReferenceTensor {
  const parts = Array.from({ length: 32 / bits }, (_, n) => f(t => partOf(t, n, bits)));
  const numbers = parts.map(numbersOf);
  const sums = numbers[0]!.map((_, i) => numbers.reduce((sum, list) => (sum + list[i]!) | 0, 0));
  return { dtype: "i32", dims: parts[0]!.dims, data: sums };
}
/** Unsigned bytes as signed ones, 128 less, where the attribute `signed` says so. */
export const signedWords = (t: ReferenceTensor, { signed }: Attributes): ReferenceTensor =>
  signed ? { dtype: "i32", dims: t.dims, data: numbersOf(t).map(x => x ^ 0x80808080) } : t;
/** Outside of X lie parts of `fill`: X less them has zeros there, and they meet all weights. */
export const convolutionOfParts = (
  bits: 8 | 16,
  X: ReferenceTensor,
  W: ReferenceTensor,
  attributes: Attributes,
): ReferenceTensor =>
  ofParts(bits, part => {
    const fill = Number(attributes.fill ?? 0) - (attributes.signed ? 128 : 0);
    const w = part(W);
    const y = convReference({ X: less(part(signedWords(X, attributes)), () => fill), W: w }, attributes, alone).Y!;
    const weights = numbersOf(w);
    const each = weights.length / w.dims[0]!;
    const inner = y.dims.slice(2).reduce((a, b) => a * b, 1);
    const filled = numbersOf(y).map((sum, i) => {
      const k = Math.floor(i / inner) % w.dims[0]!;
      return sum + fill * weights.slice(k * each, (k + 1) * each).reduce((a, b) => a + b, 0);
    });
    return { ...y, data: filled };
  });
export const productOfParts = (
  bits: 8 | 16,
  A: ReferenceTensor,
  B: ReferenceTensor,
  attributes: Attributes = {},
): ReferenceTensor =>
  ofParts(bits, part => matMulReference({ A: part(signedWords(A, attributes)), B: part(B) }, {}, alone).Y!);
