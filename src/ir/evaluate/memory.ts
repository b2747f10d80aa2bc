// Tensors in memory while a kernel is evaluated: raw typed arrays with strides, read and written element by element.
import type { Dtype } from "../dtypes.js";
import { isFloat } from "../dtypes.js";
import { bf16Bits, bf16Value, f16Bits, f16Value } from "../half.js";
import type { Scalar } from "./scalar.js";
import { product } from "./values.js";

export type RawArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** f16 and bf16 as their bits, bool as 0 and 1. */
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

const constructors: Record<Dtype, new (length: number) => RawArray> = {
  f64: Float64Array,
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  i32: Int32Array,
  u32: Uint32Array,
  i16: Int16Array,
  u16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
};
/** A zeroed array that holds elements of the dtype. */
export const newRawArray = (dtype: Dtype, length: number): RawArray => new constructors[dtype](length);
export const newStorage = (dtype: Dtype, dims: readonly number[]): Storage =>
  denseStorage(dtype, dims, newRawArray(dtype, product(dims)));
/** In what arrays a dtype travels: the name is for messages. */
export const rawArrayName = (dtype: Dtype): string => constructors[dtype].name;

const identity = (x: Scalar): Scalar => x;
/** bits in memory → value; undefined where memory holds the value itself */
export function decoder(dtype: Dtype): ((bits: number) => number) | undefined {
  return dtype === "f16" ? f16Value : dtype === "bf16" ? bf16Value : undefined;
}
/** value → what memory holds. Integers are already wrapped; typed arrays of floats round. */
export function encoder(dtype: Dtype): (x: never) => Scalar {
  if (dtype === "f16") return f16Bits as (x: never) => number;
  if (dtype === "bf16") return bf16Bits as (x: never) => number;
  return (isFloat(dtype) ? Number : identity) as (x: never) => Scalar;
}
