// Tensors as users hand them in and get them back: dtype, dims, and a typed array over row-major data.
import type { Dtype } from "../ir/dtypes.js";

export type TensorArray =
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

/** f16 and bf16 travel as Uint16Array of their bits, bool as Uint8Array of 0 and 1. */
export interface TensorData {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly data: TensorArray;
}
