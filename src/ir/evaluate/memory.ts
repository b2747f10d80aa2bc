// Tensors in memory while a kernel is evaluated: raw typed arrays with strides, read and written element by element.
import type { TensorArray } from "../arrays.js";
import { arrayTypes, newArray } from "../arrays.js";
import type { Dtype } from "../dtypes.js";
import { isFloat } from "../dtypes.js";
import { floatFromBits, floatToBits, isNarrowFloat } from "../float-bits.js";
import type { Scalar } from "./scalar.js";
import { product } from "./values.js";

export type RawArray = TensorArray;

/** Floats of 16 bits and fewer as their bits, integers of fewer than 8 bits in a byte each, bool as 0 and 1. */
export interface Storage {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly data: RawArray;
  /** in elements */
  readonly offset: number;
  readonly strides: readonly number[];
  /** one byte an element of `data`: 1 where something was written; absent where everything is initialised */
  readonly initialized?: Uint8Array;
}

export function denseStrides(dims: readonly number[]): number[] {
  const strides = dims.map(() => 1);
  for (let d = dims.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * dims[d + 1]!;
  return strides;
}
export const denseStorage = (dtype: Dtype, dims: readonly number[], data: RawArray): Storage => ({
  dtype,
  dims,
  data,
  offset: 0,
  strides: denseStrides(dims),
});

export const newStorage = (dtype: Dtype, dims: readonly number[]): Storage =>
  denseStorage(dtype, dims, newArray(dtype, product(dims)));
/** In what arrays a dtype travels: the name is for messages. */
export const rawArrayName = (dtype: Dtype): string => arrayTypes[dtype].name;

const identity = (x: Scalar): Scalar => x;
/** bits in memory → value; undefined where memory holds the value itself */
export function decoder(dtype: Dtype): ((bits: number) => number) | undefined {
  return isNarrowFloat(dtype) ? bits => floatFromBits(dtype, bits) : undefined;
}
/** value → what memory holds. Integers are already wrapped; typed arrays of floats round. */
export function encoder(dtype: Dtype): (x: never) => Scalar {
  if (isNarrowFloat(dtype)) return (x: number) => floatToBits(dtype, x);
  return (isFloat(dtype) ? Number : identity) as (x: never) => Scalar;
}
