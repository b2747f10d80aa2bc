// Tensors as users hand them in and get them back: dtype, dims, and a typed array over row-major data.
import type { TensorArray, TensorArrays } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";

export type { TensorArray, TensorArrays };

/**
 * One element of `data` an element, never packed: f16 and bf16 travel as Uint16Array of their bits, floats of 8 and 4 bits as Uint8Array of
 * theirs, i4 and i2 as Int8Array, u4 and u2 as Uint8Array, bool as Uint8Array of 0 and 1.
 */
export interface TensorData {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly data: TensorArray;
}
