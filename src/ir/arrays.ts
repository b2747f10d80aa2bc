// Which typed array holds the elements of which dtype: one element each, never packed. Floats of 16 bits and fewer are their bits,
// integers of fewer than 8 bits are values in range, bool is 0 or 1.
import type { Dtype } from "./dtypes.js";

/** The typed array of each dtype, one entry an element: bits for floats of 16 bits and fewer, values for all others. */
export interface TensorArrays {
  f64: Float64Array;
  f32: Float32Array;
  f16: Uint16Array;
  bf16: Uint16Array;
  f8e4m3fn: Uint8Array;
  f8e4m3fnuz: Uint8Array;
  f8e5m2: Uint8Array;
  f8e5m2fnuz: Uint8Array;
  f8e8m0: Uint8Array;
  f4e2m1: Uint8Array;
  i64: BigInt64Array;
  i32: Int32Array;
  i16: Int16Array;
  i8: Int8Array;
  i4: Int8Array;
  i2: Int8Array;
  u64: BigUint64Array;
  u32: Uint32Array;
  u16: Uint16Array;
  u8: Uint8Array;
  u4: Uint8Array;
  u2: Uint8Array;
  bool: Uint8Array;
}
/** The array of a tensor of any dtype. */
export type TensorArray = TensorArrays[Dtype];

export interface ArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (length: number): TensorArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorArray;
}

export const arrayTypes: Readonly<Record<Dtype, ArrayConstructor>> = {
  f64: Float64Array,
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  f8e4m3fn: Uint8Array,
  f8e4m3fnuz: Uint8Array,
  f8e5m2: Uint8Array,
  f8e5m2fnuz: Uint8Array,
  f8e8m0: Uint8Array,
  f4e2m1: Uint8Array,
  i64: BigInt64Array,
  i32: Int32Array,
  i16: Int16Array,
  i8: Int8Array,
  i4: Int8Array,
  i2: Int8Array,
  u64: BigUint64Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  u4: Uint8Array,
  u2: Uint8Array,
  bool: Uint8Array,
};

/** A zeroed array that holds elements of the dtype. */
export const newArray = (dtype: Dtype, length: number): TensorArray => new arrayTypes[dtype](length);
