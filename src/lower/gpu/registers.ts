// How values of each dtype lie in registers and in memory of a GPU. WGSL has f32, i32, u32 and bool: narrow integers are computed in 32
// bits and wrapped, floats of 16 bits and fewer in f32 and rounded, 64 bits are pairs of words, the low one first.
import type { Dtype } from "../../ir/dtypes.js";
import { bitsOf, bytesOf, dtypes } from "../../ir/dtypes.js";

/** "wide": i64, u64, and the bits of f64, with which nothing is computed */
export type Register = "f32" | "i32" | "u32" | "bool" | "wide";

export function registerOf(d: Dtype): Register {
  if (bitsOf(d) === 64) return "wide";
  const { kind } = dtypes[d];
  if (kind === "bool") return "bool";
  return kind === "float" ? "f32" : kind === "signed" ? "i32" : "u32";
}
export const wgslType: Readonly<Record<Register, string>> = {
  f32: "f32",
  i32: "i32",
  u32: "u32",
  bool: "bool",
  wide: "vec2<u32>",
};
/** What a storage buffer is an array of. Elements of 8 and 16 bits lie packed in words, as in files. */
export type Element = "f32" | "i32" | "u32" | "vec2<u32>" | "packed";
export function elementOf(d: Dtype): Element {
  const bytes = bytesOf(d);
  if (bytes === 8) return "vec2<u32>";
  return bytes === 4 ? (registerOf(d) as "f32" | "i32" | "u32") : "packed";
}
/** Words that a register takes in scratch memory. */
export const wordsOf = (d: Dtype): number => (registerOf(d) === "wide" ? 2 : 1);

/** A register as words of scratch memory, and back. */
export function toWord(r: Register, x: string): string {
  if (r === "bool") return `select(0u, 1u, ${x})`;
  return r === "u32" ? x : `bitcast<u32>(${x})`;
}
export function fromWord(r: Register, word: string): string {
  if (r === "bool") return `(${word} != 0u)`;
  return r === "u32" ? word : `bitcast<${wgslType[r]}>(${word})`;
}
