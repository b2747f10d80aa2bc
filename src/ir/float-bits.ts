// 16-bit floats by dtype: for readers and constants that have the dtype as a value. The arithmetic is in half.ts.
import { bf16Bits, bf16Value, f16Bits, f16Value } from "./half.js";

export const floatFromBits = (dtype: "f16" | "bf16", bits: number): number =>
  dtype === "f16" ? f16Value(bits) : bf16Value(bits);
export const floatToBits = (dtype: "f16" | "bf16", x: number): number => (dtype === "f16" ? f16Bits(x) : bf16Bits(x));
