// What references of operators are written with: plain arrays, index loops. Only references, src/testing and tests import this.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes, is64BitInteger } from "../ir/dtypes.js";
import { forEachIndex, stridesOf } from "./known-values.js";
import type { ReferenceTensor, Tolerance } from "./operator.js";

export type Element = number | bigint;

export const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** A tensor whose element at an index is `f(index)`; the array handed to `f` is reused. */
export function tabulate(
  dtype: Dtype,
  dims: readonly number[],
  f: (index: readonly number[]) => Element,
): ReferenceTensor {
  const data: Element[] = [];
  forEachIndex(dims, index => data.push(f(index)));
  return { dtype, dims, data: data as number[] };
}

/** Reads elements by index; outside the dims there is nothing. */
export function elements(t: ReferenceTensor): (index: readonly number[]) => Element | undefined {
  const strides = stridesOf(t.dims);
  return index => {
    let at = 0;
    for (let d = 0; d < t.dims.length; d++) {
      if (index[d]! < 0 || index[d]! >= t.dims[d]!) return undefined;
      at += index[d]! * strides[d]!;
    }
    return t.data[at]!;
  };
}

/** The same elements in the same order under other dims. */
export const withDims = (t: ReferenceTensor, dims: readonly number[]): ReferenceTensor => ({
  dtype: t.dtype,
  dims,
  data: t.data,
});

/** All elements, in order; 64-bit integers beyond 2^53 lose their last digits. */
export const numbersOf = (t: ReferenceTensor): number[] => Array.from(t.data as ArrayLike<Element>, Number);

/** A number in the representation of a dtype: 64-bit integers are bigints. */
export const elementOf = (dtype: Dtype, x: number): Element => (is64BitInteger(dtype) ? BigInt(x) : x);

export const vectorOf = (dtype: Dtype, data: readonly number[]): ReferenceTensor =>
  tabulate(dtype, [data.length], ([i]) => elementOf(dtype, data[i!]!));

/** What movement and integer operators promise. */
export const exact: Tolerance = { relative: 0, absolute: 0 };

/** Movement is tested with every dtype: each width has its own loads and stores. */
export const movedDtypes: readonly Dtype[] = /* @__PURE__ */ Object.keys(dtypes) as Dtype[];
