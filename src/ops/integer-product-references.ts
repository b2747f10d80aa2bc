// References of integer matrix products and convolutions: zero points are taken away in plain numbers, and the references of MatMul and Conv
// do the rest. Only references import this.
import { reference as convReference } from "./conv.js";
import { isFloat } from "../ir/dtypes.js";
import { stridesOf } from "./known-values.js";
import { reference as matMulReference } from "./mat-mul.js";
import type { Attributes, ReferenceTensor } from "./operator.js";
import { numbersOf, tabulate } from "./reference-tensors.js";

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

/** The low (0) or high (1) halves of 32-bit integers, as signed numbers. */
const halves = (t: ReferenceTensor, half: 0 | 1): ReferenceTensor => ({
  dtype: "f64",
  dims: t.dims,
  data: numbersOf(t).map(x => (half ? x >> 16 : (x << 16) >> 16)),
});
/** What `f` gives for the low halves and for the high ones, together, modulo 2³²; each is exact in float64. */
function ofBothHalves(f: (half: (t: ReferenceTensor) => ReferenceTensor) => ReferenceTensor): ReferenceTensor {
  const [low, high] = [f(t => halves(t, 0)), f(t => halves(t, 1))];
  const [x, y] = [numbersOf(low), numbersOf(high)];
  return { dtype: "i32", dims: low.dims, data: x.map((a, i) => (a + y[i]!) | 0) };
}
export const convolutionOfPairs = (X: ReferenceTensor, W: ReferenceTensor, attributes: Attributes): ReferenceTensor =>
  ofBothHalves(half => convReference({ X: half(X), W: half(W) }, attributes, alone).Y!);
export const productOfPairs = (A: ReferenceTensor, B: ReferenceTensor): ReferenceTensor =>
  ofBothHalves(half => matMulReference({ A: half(A), B: half(B) }, {}, alone).Y!);
