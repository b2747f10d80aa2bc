// Typed arrays of tensors and their bytes.
import { arrayTypes } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";
import type { TensorArray, TensorData } from "./tensor.js";

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
