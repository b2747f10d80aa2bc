// Conversions between dtypes in registers: floats to integers truncate and saturate, integers wrap, anything but zero is true.
import type { Dtype } from "../../ir/dtypes.js";
import { bitsOf, integerRange } from "../../ir/dtypes.js";
import { isNarrowFloat } from "../../ir/float-bits.js";
import { isUnsigned, narrowed, registerType, zeroOf } from "./convert.js";
import type { Expr } from "./loop.js";
import { int, op, select, zeroVector } from "./loop.js";
import type { OpName } from "./loop-ops.js";
import { floatToNarrow, narrowToFloat } from "./narrow-floats.js";
import type { Tools } from "./words.js";
import { Words } from "./words.js";

const isFloatRegister = (d: Dtype): boolean => registerType[d] === "f32" || registerType[d] === "f64";

/** `lanes`: both dtypes fit into 32-bit lanes. */
export function cast(e: Expr, from: Dtype, to: Dtype, lanes: boolean, tools: Tools): Expr {
  if (from === to) return e;
  const w = new Words(lanes, tools);
  if (to === "bool")
    return lanes
      ? op(isFloatRegister(from) ? "f32x4.ne" : "i32x4.ne", e, zeroVector)
      : op(`${registerType[from]}.ne` as OpName, e, zeroOf(from));
  if (from === "bool" && lanes) return w.and(e, w.word(isFloatRegister(to) ? 0x3f800000 : 1));
  if (from === "f64" && isNarrowFloat(to)) return narrowed(w, to, roundedToOdd(e, tools));
  if (isFloatRegister(from) && isFloatRegister(to)) return narrowed(w, to, resized(e, from, to));
  if (isFloatRegister(from)) return clamped(w, to, truncated(e, from, to, lanes));
  if (isFloatRegister(to)) return narrowed(w, to, floated(e, from, to, lanes));
  return narrowed(w, to, widened(e, from, to));
}

/** between float registers */
function resized(e: Expr, from: Dtype, to: Dtype): Expr {
  const [a, b] = [registerType[from], registerType[to]];
  if (a === b) return e;
  return op(b === "f64" ? "f64.promote_f32" : "f32.demote_f64", e);
}
/**
 * f32 next to an f64, with an odd last bit where it is inexact: rounding that once more gives what rounding the f64 would (Boldo and
 * Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
 */
function roundedToOdd(e: Expr, tools: Tools): Expr {
  const x = tools.keep(e);
  const near = tools.keep(op("f32.demote_f64", x));
  const back = tools.keep(op("f64.promote_f32", near));
  const bits = tools.keep(op("i32.reinterpret_f32", near));
  const away = op("f64.gt", op("f64.abs", back), op("f64.abs", x));
  const other = op("i32.add", bits, select("i32", away, int(-1), int(1)));
  // NaN stays, and so does what is exact or odd already
  const inexact = op("i32.or", op("f64.lt", back, x), op("f64.gt", back, x));
  const moves = op("i32.and", inexact, op("i32.eqz", op("i32.and", bits, int(1))));
  return op("f32.reinterpret_i32", select("i32", moves, other, bits));
}
/** between integer registers */
function widened(e: Expr, from: Dtype, to: Dtype): Expr {
  const [a, b] = [registerType[from], registerType[to]];
  if (a === b) return e;
  if (b === "i32") return op("i32.wrap_i64", e);
  return op(isUnsigned(from) || from === "bool" ? "i64.extend_i32_u" : "i64.extend_i32_s", e);
}
function truncated(e: Expr, from: Dtype, to: Dtype, lanes: boolean): Expr {
  const s = isUnsigned(to) ? "u" : "s";
  if (lanes) return op(`i32x4.trunc_sat_f32x4_${s}`, e);
  return op(`${registerType[to]}.trunc_sat_${registerType[from]}_${s}` as OpName, e);
}
function floated(e: Expr, from: Dtype, to: Dtype, lanes: boolean): Expr {
  const s = isUnsigned(from) || from === "bool" ? "u" : "s";
  if (lanes) return op(`f32x4.convert_i32x4_${s}`, e);
  return op(`${registerType[to]}.convert_${registerType[from]}_${s}` as OpName, e);
}
/** saturation to fewer than 32 bits */
function clamped(w: Words, to: Dtype, e: Expr): Expr {
  if (bitsOf(to) >= 32) return e;
  const [low, high] = integerRange(to).map(Number) as [number, number];
  if (low === 0) return w.int("min_u", e, w.word(high));
  return w.int("min_s", w.int("max_s", e, w.word(low)), w.word(high));
}

/** The same bits as another dtype of the same size. */
export function bitcast(e: Expr, from: Dtype, to: Dtype, lanes: boolean, tools: Tools): Expr {
  const w = new Words(lanes, tools);
  const bits = toBits(w, e, from, lanes);
  if (isNarrowFloat(to)) return narrowToFloat(w, to, w.and(bits, w.word(2 ** bitsOf(to) - 1)));
  if (to === "f32") return w.fromBits(bits);
  return to === "f64" ? op("f64.reinterpret_i64", bits) : narrowed(w, to, bits);
}
function toBits(w: Words, e: Expr, from: Dtype, lanes: boolean): Expr {
  if (isNarrowFloat(from)) return floatToNarrow(w, from, e);
  if (from === "f32") return lanes ? e : op("i32.reinterpret_f32", e);
  return from === "f64" ? op("i64.reinterpret_f64", e) : e;
}
