// Typed arrays of tensors and their bytes.
import { arrayTypes } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";
import { copyOf } from "../support/bytes.js";
import type { TensorArray, TensorData } from "./tensor.js";

/** The bytes as an array of the dtype; copied only where they are not aligned. */
export function arrayOf(dtype: Dtype, bytes: Uint8Array): TensorArray {
  const type = arrayTypes[dtype];
  const size = type.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : copyOf(bytes);
  return new type(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}
export const bytesOfTensor = (t: TensorData): Uint8Array =>
  new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);
