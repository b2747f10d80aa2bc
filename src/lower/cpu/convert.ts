// Elements of every dtype between memory and registers. In registers f16 and bf16 are f32, narrow integers are 32 bits wide and
// in range, bool is 0 or 1 in scalars and a mask in lanes. Lanes are 32 bits: 64-bit values are scalars only.
import type { Dtype } from "../../ir/dtypes.js";
import type { Address, Expr, ScalarType, Stmt } from "./loop.js";
import { int, laneOp, op, scalar, select, zeroVector } from "./loop.js";
import type { OpName } from "./loop-ops.js";

export const registerType: Readonly<Record<Dtype, ScalarType>> = {
  f64: "f64",
  f32: "f32",
  f16: "f32",
  bf16: "f32",
  i64: "i64",
  u64: "i64",
  i32: "i32",
  u32: "i32",
  i16: "i32",
  u16: "i32",
  i8: "i32",
  u8: "i32",
  bool: "i32",
};
/** what scratch memory holds of a value: its register, unless that is a mask */
export const scratchDtype: Readonly<Record<Dtype, Dtype>> = {
  f64: "f64",
  f32: "f32",
  f16: "f32",
  bf16: "f32",
  i64: "i64",
  u64: "u64",
  i32: "i32",
  u32: "u32",
  i16: "i32",
  u16: "u32",
  i8: "i32",
  u8: "u32",
  bool: "bool",
};
export const fitsLane = (d: Dtype): boolean => d !== "f64" && d !== "i64" && d !== "u64";
export const isUnsigned = (d: Dtype): boolean => d === "u64" || d === "u32" || d === "u16" || d === "u8";

/** What conversions need of their surroundings: constants in lanes, and registers for values that are used twice. */
export interface Tools {
  /** the same 32 bits in every lane */
  word(bits: number): Expr;
  keep(e: Expr): Expr;
}

/** 32-bit arithmetic on one value or on four lanes. */
export class Words {
  readonly lanes: boolean;
  private readonly tools: Tools;
  constructor(lanes: boolean, tools: Tools) {
    this.lanes = lanes;
    this.tools = tools;
  }
  word(bits: number): Expr {
    return this.lanes ? this.tools.word(bits) : int(bits | 0);
  }
  keep(e: Expr): Expr {
    return this.tools.keep(e);
  }
  int(
    name: "add" | "sub" | "mul" | "lt_s" | "gt_s" | "ge_s" | "ne" | "min_s" | "max_s" | "min_u",
    a: Expr,
    b: Expr,
  ): Expr {
    if (this.lanes) return op(`i32x4.${name}` as OpName, a, b);
    if (name === "min_s" || name === "max_s" || name === "min_u") {
      const x = this.keep(a);
      const y = this.keep(b);
      const less = op(name === "min_u" ? "i32.lt_u" : "i32.lt_s", x, y);
      return name === "max_s" ? select("i32", less, y, x) : select("i32", less, x, y);
    }
    return op(`i32.${name}` as OpName, a, b);
  }
  and(a: Expr, b: Expr): Expr {
    return op(this.lanes ? "v128.and" : "i32.and", a, b);
  }
  or(a: Expr, b: Expr): Expr {
    return op(this.lanes ? "v128.or" : "i32.or", a, b);
  }
  xor(a: Expr, b: Expr): Expr {
    return op(this.lanes ? "v128.xor" : "i32.xor", a, b);
  }
  shift(name: "shl" | "shr_s" | "shr_u", a: Expr, count: number): Expr {
    return op((this.lanes ? `i32x4.${name}` : `i32.${name}`) as OpName, a, int(count));
  }
  float(name: "add" | "mul", a: Expr, b: Expr): Expr {
    return this.lanes
      ? op(`f32x4.${name}`, a, b)
      : op("i32.reinterpret_f32", op(`f32.${name}`, asFloat(a), asFloat(b)));
  }
  /** `condition` is what a comparison gave */
  choose(condition: Expr, yes: Expr, no: Expr): Expr {
    return this.lanes ? op("v128.bitselect", yes, no, condition) : select("i32", condition, yes, no);
  }
  /** a float register as bits and back: nothing to do in lanes */
  bits(e: Expr): Expr {
    return this.lanes ? e : op("i32.reinterpret_f32", e);
  }
  fromBits(e: Expr): Expr {
    return this.lanes ? e : asFloat(e);
  }
}
const asFloat = (e: Expr): Expr => op("f32.reinterpret_i32", e);

/** Bits of a half (0…65535) → f32, infinities, NaNs and subnormals included. */
export function halfToFloat(w: Words, half: Expr): Expr {
  const h = w.keep(half);
  const magnitude = w.keep(w.and(h, w.word(0x7fff)));
  // as the bits of a float the half is 2^-112 of its value; the product also normalises subnormals
  const scaled = w.float("mul", w.shift("shl", magnitude, 13), w.word(0x77800000));
  const special = w.int("gt_s", magnitude, w.word(0x7bff));
  const exponent = w.choose(w.keep(special), w.word(0x7f800000), w.word(0));
  const sign = w.shift("shl", w.and(h, w.word(0x8000)), 16);
  return w.fromBits(w.or(w.or(scaled, exponent), sign));
}
/** f32 → bits of the nearest half, ties to even. */
export function floatToHalf(w: Words, value: Expr): Expr {
  const bits = w.keep(w.bits(value));
  const a = w.keep(w.and(bits, w.word(0x7fffffff)));
  const odd = w.and(w.shift("shr_u", a, 13), w.word(1));
  // rebias by 15 - 127 and round: half an ulp less one, and one more if the result would be odd
  const normal = w.shift("shr_u", w.int("add", w.int("add", a, w.word(0xc8000fff)), odd), 13);
  // adding 0.5 lets the float unit round to the spacing of subnormal halves
  const subnormal = w.int("sub", w.float("add", a, w.word(0x3f000000)), w.word(0x3f000000));
  const finite = w.choose(w.keep(w.int("lt_s", a, w.word(0x38800000))), subnormal, normal);
  const special = w.choose(w.keep(w.int("gt_s", a, w.word(0x7f800000))), w.word(0x7e00), w.word(0x7c00));
  const magnitude = w.choose(w.keep(w.int("ge_s", a, w.word(0x47800000))), special, finite);
  return w.or(magnitude, w.and(w.shift("shr_u", bits, 16), w.word(0x8000)));
}
/** f32 → bits of the nearest bf16, ties to even; NaNs stay NaNs. */
export function floatToBrain(w: Words, value: Expr): Expr {
  const bits = w.keep(w.bits(value));
  const top = w.keep(w.shift("shr_u", bits, 16));
  const rounded = w.shift("shr_u", w.int("add", w.int("add", bits, w.word(0x7fff)), w.and(top, w.word(1))), 16);
  const isNan = w.int("gt_s", w.and(bits, w.word(0x7fffffff)), w.word(0x7f800000));
  return w.choose(w.keep(isNan), w.or(top, w.word(0x40)), rounded);
}
export const brainToFloat = (w: Words, bits: Expr): Expr => w.fromBits(w.shift("shl", bits, 16));

/** the value as it comes back from memory of this dtype: rounding of f16 and bf16, wrapping of narrow integers */
export function narrowed(w: Words, d: Dtype, value: Expr): Expr {
  switch (d) {
    case "f16":
      return halfToFloat(w, floatToHalf(w, value));
    case "bf16":
      return brainToFloat(w, floatToBrain(w, value));
    case "i8":
      return w.lanes ? w.shift("shr_s", w.shift("shl", value, 24), 24) : op("i32.extend8_s", value);
    case "i16":
      return w.lanes ? w.shift("shr_s", w.shift("shl", value, 16), 16) : op("i32.extend16_s", value);
    case "u8":
      return w.and(value, w.word(0xff));
    case "u16":
      return w.and(value, w.word(0xffff));
    default:
      return value;
  }
}

export function loadScalar(d: Dtype, at: Address, tools: Tools): Expr {
  const w = new Words(false, tools);
  const load = (name: Extract<Expr, { kind: "load" }>["op"]): Expr => ({ kind: "load", op: name, at });
  switch (d) {
    case "f64":
    case "f32":
      return load(d);
    case "i64":
    case "u64":
      return load("i64");
    case "i32":
    case "u32":
      return load("i32");
    case "i16":
      return load("i32.16s");
    case "u16":
      return load("i32.16u");
    case "i8":
      return load("i32.8s");
    case "u8":
    case "bool":
      return load("i32.8u");
    case "f16":
      return halfToFloat(w, load("i32.16u"));
    case "bf16":
      return brainToFloat(w, load("i32.16u"));
  }
}
/** Four elements that lie side by side. */
export function loadLanes(d: Dtype, at: Address, tools: Tools): Expr {
  const w = new Words(true, tools);
  const load = (name: Extract<Expr, { kind: "load" }>["op"]): Expr => ({ kind: "load", op: name, at });
  const bytes = (signed: "s" | "u"): Expr =>
    op(`i32x4.extend_low_i16x8_${signed}`, op(`i16x8.extend_low_i8x16_${signed}`, load("v128.zero32")));
  switch (d) {
    case "i16":
      return load("v128.16x4s");
    case "u16":
      return load("v128.16x4u");
    case "i8":
      return bytes("s");
    case "u8":
      return bytes("u");
    case "bool":
      return op("i32x4.ne", bytes("u"), zeroVector);
    case "f16":
      return halfToFloat(w, load("v128.16x4u"));
    case "bf16":
      return brainToFloat(w, load("v128.16x4u"));
    default:
      return load("v128");
  }
}
/** One element in all lanes. */
export function loadSplat(d: Dtype, at: Address, tools: Tools): Expr {
  if (d === "f32" || d === "i32" || d === "u32") return { kind: "load", op: "v128.splat32", at };
  return splat(d, loadScalar(d, at, tools));
}
/** A scalar register in all lanes. */
export function splat(d: Dtype, e: Expr): Expr {
  if (d === "bool") return op("i32x4.splat", op("i32.sub", int(0), e));
  return op(registerType[d] === "f32" ? "f32x4.splat" : "i32x4.splat", e);
}
export function extractLane(d: Dtype, lane: number, e: Expr): Expr {
  if (registerType[d] === "f32") return laneOp("f32x4.extract_lane", lane, e);
  const word = laneOp("i32x4.extract_lane", lane, e);
  return d === "bool" ? op("i32.and", word, int(1)) : word;
}
/** Four scalar registers as lanes. */
export function lanesOf(d: Dtype, parts: readonly Expr[]): Expr {
  const float = registerType[d] === "f32";
  let out = op(float ? "f32x4.splat" : "i32x4.splat", parts[0]!);
  for (let i = 1; i < 4; i++) out = laneOp(float ? "f32x4.replace_lane" : "i32x4.replace_lane", i, out, parts[i]!);
  return d === "bool" ? op("i32x4.neg", out) : out;
}

export function storeScalar(d: Dtype, at: Address, value: Expr, tools: Tools): Stmt {
  const w = new Words(false, tools);
  switch (d) {
    case "f64":
    case "f32":
      return { kind: "store", op: d, at, value };
    case "i64":
    case "u64":
      return { kind: "store", op: "i64", at, value };
    case "i32":
    case "u32":
      return { kind: "store", op: "i32", at, value };
    case "i16":
    case "u16":
      return { kind: "store", op: "i32.16", at, value };
    case "i8":
    case "u8":
    case "bool":
      return { kind: "store", op: "i32.8", at, value };
    case "f16":
      return { kind: "store", op: "i32.16", at, value: floatToHalf(w, value) };
    case "bf16":
      return { kind: "store", op: "i32.16", at, value: floatToBrain(w, value) };
  }
}

/** Lanes in the form in which memory takes them: 4 × 4, 4 × 2 or 4 × 1 bytes at the vector's start. */
export function packLanes(d: Dtype, value: Expr, tools: Tools): { vector: Expr; elementBytes: 1 | 2 | 4 } {
  const w = new Words(true, tools);
  const halves = (v: Expr, s: "s" | "u"): Expr => {
    const k = tools.keep(v);
    return op(`i16x8.narrow_i32x4_${s}`, k, k);
  };
  const bytes = (v: Expr, s: "s" | "u"): Expr => {
    const k = tools.keep(halves(v, "s"));
    return op(`i8x16.narrow_i16x8_${s}`, k, k);
  };
  switch (d) {
    case "i16":
      return { vector: halves(value, "s"), elementBytes: 2 };
    case "u16":
      return { vector: halves(value, "u"), elementBytes: 2 };
    case "f16":
      return { vector: halves(floatToHalf(w, value), "u"), elementBytes: 2 };
    case "bf16":
      return { vector: halves(floatToBrain(w, value), "u"), elementBytes: 2 };
    case "i8":
      return { vector: bytes(value, "s"), elementBytes: 1 };
    case "u8":
      return { vector: bytes(value, "u"), elementBytes: 1 };
    case "bool":
      return { vector: bytes(w.and(value, w.word(1)), "u"), elementBytes: 1 };
    default:
      return { vector: value, elementBytes: 4 };
  }
}
/** Zero of a register type. */
export const zeroOf = (d: Dtype): Expr => scalar(registerType[d], registerType[d] === "i64" ? 0n : 0);
