// Conversions between dtypes in registers: floats to integers truncate and saturate, integers wrap, anything but zero is true.
import type { Dtype } from "../../ir/dtypes.js";
import type { Tools } from "./convert.js";
import {
  brainToFloat,
  floatToBrain,
  floatToHalf,
  halfToFloat,
  isUnsigned,
  narrowed,
  registerType,
  Words,
  zeroOf,
} from "./convert.js";
import type { Expr } from "./loop.js";
import { op, zeroVector } from "./loop.js";
import type { OpName } from "./loop-ops.js";

const range: Partial<Readonly<Record<Dtype, readonly [low: number, high: number]>>> = {
  i8: [-128, 127],
  i16: [-32768, 32767],
  u8: [0, 255],
  u16: [0, 65535],
};
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
  const limits = range[to];
  if (!limits) return e;
  const [low, high] = limits;
  if (low === 0) return w.int("min_u", e, w.word(high));
  return w.int("min_s", w.int("max_s", e, w.word(low)), w.word(high));
}

/** The same bits as another dtype of the same size. */
export function bitcast(e: Expr, from: Dtype, to: Dtype, lanes: boolean, tools: Tools): Expr {
  const w = new Words(lanes, tools);
  const bits = toBits(w, e, from, lanes);
  switch (to) {
    case "f16":
      return halfToFloat(w, w.and(bits, w.word(0xffff)));
    case "bf16":
      return brainToFloat(w, bits);
    case "f32":
      return w.fromBits(bits);
    case "f64":
      return op("f64.reinterpret_i64", bits);
    default:
      return narrowed(w, to, bits);
  }
}
function toBits(w: Words, e: Expr, from: Dtype, lanes: boolean): Expr {
  switch (from) {
    case "f16":
      return floatToHalf(w, e);
    case "bf16":
      return floatToBrain(w, e);
    case "f32":
      return lanes ? e : op("i32.reinterpret_f32", e);
    case "f64":
      return op("i64.reinterpret_f64", e);
    default:
      return e;
  }
}
