// Intrinsics: elementwise functions with a meaning in the language, and code of targets that stands for it. Data, so that they print.
import type { Dtype } from "./dtypes.js";

/**
 * WebAssembly as a nested list: an instruction and its operands, `["f32x4.pmin", "x", ["f32x4.splat", 6]]`. Text is a parameter, a number a
 * constant of the type that the instruction wants. An instruction that the compiler has no word for is given as bytes with the type that it gives.
 */
export type WasmCode =
  | string
  | number
  | readonly WasmCode[]
  | { readonly bytes: readonly number[]; readonly of: readonly WasmCode[]; readonly gives: WasmType };
/** Types of values in WebAssembly. */
export type WasmType = "i32" | "i64" | "f32" | "f64" | "v128";

/** Code by target; where a target has none, the meaning is compiled. */
export interface IntrinsicCode {
  /** of one element, or of four f32, i32 or u32 side by side; one of them is enough */
  readonly wasm?: { readonly scalar?: WasmCode; readonly vector?: WasmCode };
  /** an expression of C, one element at a time: `"__builtin_fminf({x}, 6.0f)"` */
  readonly c?: string;
  /** an expression of WGSL: `"min({x}, 6.0)"` */
  readonly wgsl?: string;
}
/** An intrinsic as kernels hold it: its name, its parameters and its code. */
export interface Intrinsic extends IntrinsicCode {
  readonly name: string;
  /** by how many units of the last place code may differ from the meaning; absent: by none, the sign of zero included */
  readonly ulps?: number;
  readonly parameters: readonly string[];
  /** file:line where it was declared */
  readonly source?: string;
}

/** What a code computes with as it lies in registers: 32- and 64-bit numbers. */
export const intrinsicDtypes: ReadonlySet<Dtype> = new Set<Dtype>(["f32", "f64", "i32", "u32", "i64", "u64"]);
/** those of which a vector holds four, and WGSL has numbers */
export const isLaneDtype = (d: Dtype): boolean => d === "f32" || d === "i32" || d === "u32";

/** A text with `{parameter}` in pieces: between them numbers of parameters. Undefined: a name in braces is none of the parameters. */
export function templateParts(text: string, parameters: readonly string[]): readonly (string | number)[] | undefined {
  const parts = text.split(/\{(\w+)\}/).map((piece, i) => (i % 2 === 0 ? piece : parameters.indexOf(piece)));
  return parts.includes(-1) ? undefined : parts;
}

export type CodeTarget = "wasm" | "c" | "wgsl";
/** Has the target code for a call with these dtypes, the result's among them? */
export function hasCode(i: Intrinsic, target: CodeTarget, dtypes: readonly Dtype[]): boolean {
  if (target === "c") return i.c !== undefined;
  if (target === "wgsl") return i.wgsl !== undefined && dtypes.every(isLaneDtype);
  return i.wasm?.scalar !== undefined || (i.wasm?.vector !== undefined && dtypes.every(isLaneDtype));
}
