// Elements of fewer than 8 bits as files pack them: the first lies in the lowest bits of the first byte, the last byte is filled up with
// zeros (https://onnx.ai/onnx/technical/int4.html). In memory each takes a byte.
import type { Dtype } from "./dtypes.js";
import { bitsOf, dtypes } from "./dtypes.js";

/** Bytes that so many elements take in a file. */
export const packedBytes = (dtype: Dtype, elements: number): number => Math.ceil((elements * bitsOf(dtype)) / 8);

export const isPacked = (dtype: Dtype): boolean => bitsOf(dtype) < 8;

/** One byte an element; integers with a sign are extended. */
export function unpacked(dtype: Dtype, bytes: Uint8Array, elements: number): Uint8Array {
  const bits = bitsOf(dtype);
  const out = new Uint8Array(elements);
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const signBit = dtypes[dtype].kind === "signed" ? 1 << (bits - 1) : 0;
  for (let i = 0; i < elements; i++) {
    const x = (bytes[Math.floor(i / perByte)]! >> ((i % perByte) * bits)) & mask;
    // flipping the sign bit and taking it away extends it
    out[i] = (x ^ signBit) - signBit;
  }
  return out;
}

export function packed(dtype: Dtype, bytes: Uint8Array): Uint8Array {
  const bits = bitsOf(dtype);
  const out = new Uint8Array(packedBytes(dtype, bytes.length));
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  for (let i = 0; i < bytes.length; i++) out[Math.floor(i / perByte)]! |= (bytes[i]! & mask) << ((i % perByte) * bits);
  return out;
}
