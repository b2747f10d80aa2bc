// Typed arrays and their bytes: the only place that knows which array stands for which dtype.
import type { Dtype } from "../ir/dtypes.js";
import type { TensorArray, TensorData } from "./tensor.js";

interface ArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (length: number): TensorArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorArray;
}

/** f16 and bf16 are their bits, bool is 0 or 1. */
export const arrayTypes: Readonly<Record<Dtype, ArrayConstructor>> = {
  f64: Float64Array,
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i64: BigInt64Array,
  i32: Int32Array,
  i16: Int16Array,
  i8: Int8Array,
  u64: BigUint64Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  bool: Uint8Array,
};

export const newArray = (dtype: Dtype, length: number): TensorArray => new arrayTypes[dtype](length);

/** The bytes as an array of the dtype; copied only where they are not aligned. */
export function arrayOf(dtype: Dtype, bytes: Uint8Array): TensorArray {
  const type = arrayTypes[dtype];
  const size = type.BYTES_PER_ELEMENT;
  // not slice(): that of a Node Buffer does not copy
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new type(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}
export const bytesOfTensor = (t: TensorData): Uint8Array =>
  new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);
