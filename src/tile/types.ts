// Type-level side of the tile language: axes and dtypes as types. Nothing here exists at run time.
import type { Dtype } from "../ir/dtypes.js";

/** A plain JavaScript value beside a tile; it adopts the tile's dtype. */
export type Literal = number | bigint | boolean;

/** dtype in which `sum` and `dot` accumulate unless they name another; agrees with the table of `ir/dtypes.ts` (tested). */
export interface AccumulatorTable {
  f64: "f64";
  f32: "f32";
  f16: "f32";
  bf16: "f32";
  f8e4m3fn: "f32";
  f8e4m3fnuz: "f32";
  f8e5m2: "f32";
  f8e5m2fnuz: "f32";
  f8e8m0: "f32";
  f4e2m1: "f32";
  i64: "i64";
  i32: "i32";
  i16: "i32";
  i8: "i32";
  i4: "i32";
  i2: "i32";
  u64: "u64";
  u32: "u32";
  u16: "u32";
  u8: "i32";
  u4: "i32";
  u2: "i32";
  bool: "i32";
}
/** The dtype in which `sum` and `dot` accumulate elements of D. */
export type AccumulatorOf<D extends Dtype> = AccumulatorTable[D];

/** Dtypes of floats. */
export type FloatDtype =
  | "f64"
  | "f32"
  | "f16"
  | "bf16"
  | "f8e4m3fn"
  | "f8e4m3fnuz"
  | "f8e5m2"
  | "f8e5m2fnuz"
  | "f8e8m0"
  | "f4e2m1";
/** Dtypes of integers. */
export type IntegerDtype = Exclude<Dtype, FloatDtype | "bool">;

/** "M K" → ["M", "K"]; numbers stay as text ("4 N" → ["4", "N"]) */
export type Words<S extends string> = string extends S
  ? readonly string[]
  : S extends ""
    ? readonly []
    : S extends `${infer Head} ${infer Tail}`
      ? readonly [Head, ...Words<Tail>]
      : readonly [S];

/** the named dims among the words: those that do not start with a digit */
export type DimNames<W extends readonly string[]> = W[number] extends infer N
  ? N extends `${number}`
    ? never
    : N
  : never;
