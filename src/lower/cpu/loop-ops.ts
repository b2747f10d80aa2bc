// The operations of loop IR with their types. Names and meaning are WebAssembly's, so that every emitter has an exact
// specification; the exceptions are `f32x4.madd` and `nmadd`, a·b + c and c - a·b with one rounding or two, whichever the machine does faster,
// `f64.rem`, the exact remainder with the sign of the dividend (fmod of C), and the products of halves and of bytes
// (`i32x4.dot_…`), which are one instruction on some machines and several on others.
import type { Type } from "./loop.js";

export interface OpType {
  readonly args: readonly Type[];
  readonly result: Type;
}

const typed = (result: Type, ...args: readonly Type[]): OpType => ({ args, result });
const binary = (type: Type): OpType => ({ args: [type, type], result: type });
const unary = (type: Type): OpType => ({ args: [type], result: type });
const compare = (type: Type): OpType => ({ args: [type, type], result: "i32" });
const convert = (from: Type, to: Type): OpType => ({ args: [from], result: to });

const table = <N extends string>(names: readonly N[], type: OpType): Record<N, OpType> =>
  Object.fromEntries(names.map(n => [n, type])) as Record<N, OpType>;

export const ops = {
  ...table(
    [
      "i32.add",
      "i32.sub",
      "i32.mul",
      "i32.div_s",
      "i32.div_u",
      "i32.rem_s",
      "i32.rem_u",
      "i32.and",
      "i32.or",
      "i32.xor",
      "i32.shl",
      "i32.shr_s",
      "i32.shr_u",
    ],
    binary("i32"),
  ),
  ...table(
    [
      "i32.eq",
      "i32.ne",
      "i32.lt_s",
      "i32.lt_u",
      "i32.gt_s",
      "i32.gt_u",
      "i32.le_s",
      "i32.le_u",
      "i32.ge_s",
      "i32.ge_u",
    ],
    compare("i32"),
  ),
  ...table(["i32.eqz", "i32.clz", "i32.extend8_s", "i32.extend16_s"], unary("i32")),
  ...table(
    [
      "i64.add",
      "i64.sub",
      "i64.mul",
      "i64.div_s",
      "i64.div_u",
      "i64.rem_s",
      "i64.rem_u",
      "i64.and",
      "i64.or",
      "i64.xor",
      "i64.shl",
      "i64.shr_s",
      "i64.shr_u",
    ],
    binary("i64"),
  ),
  ...table(
    [
      "i64.eq",
      "i64.ne",
      "i64.lt_s",
      "i64.lt_u",
      "i64.gt_s",
      "i64.gt_u",
      "i64.le_s",
      "i64.le_u",
      "i64.ge_s",
      "i64.ge_u",
    ],
    compare("i64"),
  ),
  "i64.eqz": convert("i64", "i32"),
  ...table(["f32.add", "f32.sub", "f32.mul", "f32.div", "f32.min", "f32.max"], binary("f32")),
  ...table(["f32.eq", "f32.ne", "f32.lt", "f32.gt", "f32.le", "f32.ge"], compare("f32")),
  ...table(["f32.abs", "f32.neg", "f32.sqrt", "f32.ceil", "f32.floor", "f32.trunc", "f32.nearest"], unary("f32")),
  ...table(["f64.add", "f64.sub", "f64.mul", "f64.div", "f64.rem", "f64.min", "f64.max"], binary("f64")),
  ...table(["f64.eq", "f64.ne", "f64.lt", "f64.gt", "f64.le", "f64.ge"], compare("f64")),
  ...table(["f64.abs", "f64.neg", "f64.sqrt", "f64.ceil", "f64.floor", "f64.trunc", "f64.nearest"], unary("f64")),

  "i32.wrap_i64": convert("i64", "i32"),
  ...table(["i64.extend_i32_s", "i64.extend_i32_u"], convert("i32", "i64")),
  ...table(["f32.convert_i32_s", "f32.convert_i32_u", "f32.reinterpret_i32"], convert("i32", "f32")),
  ...table(["f32.convert_i64_s", "f32.convert_i64_u"], convert("i64", "f32")),
  "f32.demote_f64": convert("f64", "f32"),
  ...table(["f64.convert_i32_s", "f64.convert_i32_u"], convert("i32", "f64")),
  ...table(["f64.convert_i64_s", "f64.convert_i64_u", "f64.reinterpret_i64"], convert("i64", "f64")),
  "f64.promote_f32": convert("f32", "f64"),
  ...table(["i32.reinterpret_f32", "i32.trunc_sat_f32_s", "i32.trunc_sat_f32_u"], convert("f32", "i32")),
  ...table(["i32.trunc_sat_f64_s", "i32.trunc_sat_f64_u"], convert("f64", "i32")),
  ...table(["i64.trunc_sat_f32_s", "i64.trunc_sat_f32_u"], convert("f32", "i64")),
  ...table(["i64.reinterpret_f64", "i64.trunc_sat_f64_s", "i64.trunc_sat_f64_u"], convert("f64", "i64")),

  ...table(["v128.and", "v128.or", "v128.xor", "v128.andnot"], binary("v128")),
  "v128.not": unary("v128"),
  /** (yes, no, mask): each bit of the mask chooses */
  "v128.bitselect": typed("v128", "v128", "v128", "v128"),
  "v128.any_true": convert("v128", "i32"),
  "i32x4.splat": convert("i32", "v128"),
  "f32x4.splat": convert("f32", "v128"),
  "i32x4.extract_lane": convert("v128", "i32"),
  "f32x4.extract_lane": convert("v128", "f32"),
  "i32x4.replace_lane": typed("v128", "v128", "i32"),
  "f32x4.replace_lane": typed("v128", "v128", "f32"),
  ...table(
    [
      "i32x4.eq",
      "i32x4.ne",
      "i32x4.lt_s",
      "i32x4.lt_u",
      "i32x4.gt_s",
      "i32x4.gt_u",
      "i32x4.le_s",
      "i32x4.le_u",
      "i32x4.ge_s",
      "i32x4.ge_u",
    ],
    binary("v128"),
  ),
  ...table(
    ["i32x4.add", "i32x4.sub", "i32x4.mul", "i32x4.min_s", "i32x4.min_u", "i32x4.max_s", "i32x4.max_u"],
    binary("v128"),
  ),
  ...table(["i32x4.abs", "i32x4.neg"], unary("v128")),
  ...table(["i32x4.shl", "i32x4.shr_s", "i32x4.shr_u"], typed("v128", "v128", "i32")),
  ...table(["f32x4.eq", "f32x4.ne", "f32x4.lt", "f32x4.gt", "f32x4.le", "f32x4.ge"], binary("v128")),
  ...table(
    ["f32x4.add", "f32x4.sub", "f32x4.mul", "f32x4.div", "f32x4.min", "f32x4.max", "f32x4.pmin", "f32x4.pmax"],
    binary("v128"),
  ),
  ...table(
    ["f32x4.abs", "f32x4.neg", "f32x4.sqrt", "f32x4.ceil", "f32x4.floor", "f32x4.trunc", "f32x4.nearest"],
    unary("v128"),
  ),
  /** (c, a, b): c, plus the products of the low and of the high halves of each lane of a and b */
  "i32x4.dot_i16x8_add_s": typed("v128", "v128", "v128", "v128"),
  /** (c, a, b): c, plus the products of the four bytes of each lane, which are unsigned in a and signed in b */
  "i32x4.dot_u8x16_i8x16_add": typed("v128", "v128", "v128", "v128"),
  /** The same, with signed bytes in a and those of b below 128, so that sums of two products fit 16 bits. */
  "i32x4.dot_i8x16_i7x16_add": typed("v128", "v128", "v128", "v128"),
  /** The same, where c has sums that fit 16 bits too, in a form that each target chooses; zero is zero in all of them. */
  "sums.dot_i8x16_i7x16_add": typed("v128", "v128", "v128", "v128"),
  /** such sums as 32 bits, one for each word */
  "i32x4.of_sums": unary("v128"),
  /** the whole numbers that are nearest, even ones of two that are as near, to floats that 32 bits hold; 0 for NaN */
  "i32x4.nearest_f32x4_s": unary("v128"),
  "f32x4.madd": typed("v128", "v128", "v128", "v128"),
  "f32x4.nmadd": typed("v128", "v128", "v128", "v128"),
  ...table(
    ["i32x4.trunc_sat_f32x4_s", "i32x4.trunc_sat_f32x4_u", "f32x4.convert_i32x4_s", "f32x4.convert_i32x4_u"],
    unary("v128"),
  ),
  ...table(
    ["i8x16.narrow_i16x8_s", "i8x16.narrow_i16x8_u", "i16x8.narrow_i32x4_s", "i16x8.narrow_i32x4_u"],
    binary("v128"),
  ),
};

export type OpName = keyof typeof ops;
