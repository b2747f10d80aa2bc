// Elements of every dtype between memory and registers. In registers narrow floats are f32, narrow integers are 32 bits wide and
// in range, bool is 0 or 1 in scalars and a mask in lanes. Lanes are 32 bits: 64-bit values are scalars only.
import type { Dtype } from "../../ir/dtypes.js";
import { bytesOf, dtypes } from "../../ir/dtypes.js";
import { isNarrowFloat } from "../../ir/float-bits.js";
import type { Address, Expr, ScalarType, Stmt } from "./loop.js";
import { int, laneOp, op, scalar, zeroVector } from "./loop.js";
import { floatToNarrow, narrowToFloat } from "./narrow-floats.js";
import type { Tools } from "./words.js";
import { Words } from "./words.js";

/** the register that holds a value of the dtype */
export const registerType: Readonly<Record<Dtype, ScalarType>> = /* @__PURE__ */ byDtype(d => {
  if (dtypes[d].kind === "float") return d === "f64" ? "f64" : "f32";
  return bytesOf(d) === 8 ? "i64" : "i32";
});
/** what scratch memory holds of a value: its register, unless that is a mask */
export const scratchDtype: Readonly<Record<Dtype, Dtype>> = /* @__PURE__ */ byDtype(d => {
  if (d === "bool") return d;
  const type = registerType[d];
  if (dtypes[d].kind !== "unsigned") return type;
  return type === "i64" ? "u64" : "u32";
});
function byDtype<T>(f: (d: Dtype) => T): Record<Dtype, T> {
  return Object.fromEntries((Object.keys(dtypes) as Dtype[]).map(d => [d, f(d)])) as Record<Dtype, T>;
}
export const fitsLane = (d: Dtype): boolean => d !== "f64" && d !== "i64" && d !== "u64";
export const isUnsigned = (d: Dtype): boolean => dtypes[d].kind === "unsigned";

/** the value as it comes back from memory of this dtype: rounding of narrow floats, wrapping of narrow integers */
export function narrowed(w: Words, d: Dtype, value: Expr): Expr {
  if (isNarrowFloat(d)) return narrowToFloat(w, d, floatToNarrow(w, d, value));
  const { kind, bits } = dtypes[d];
  if (kind === "float" || kind === "bool" || bits >= 32) return value;
  if (kind === "unsigned") return w.and(value, w.word(2 ** bits - 1));
  if (!w.lanes && bits >= 8) return op(bits === 8 ? "i32.extend8_s" : "i32.extend16_s", value);
  return w.shift("shr_s", w.shift("shl", value, 32 - bits), 32 - bits);
}

type LoadOp = Extract<Expr, { kind: "load" }>["op"];
/** In memory, integers of fewer than 8 bits take a byte each and are in range; so do the bits of narrow floats. */
const isSigned = (d: Dtype): boolean => dtypes[d].kind === "signed";

export function loadScalar(d: Dtype, at: Address, tools: Tools): Expr {
  const load = (name: LoadOp): Expr => ({ kind: "load", op: name, at });
  const bytes = bytesOf(d);
  if (isNarrowFloat(d)) return narrowToFloat(new Words(false, tools), d, load(bytes === 2 ? "i32.16u" : "i32.8u"));
  if (bytes >= 4) return load(registerType[d]);
  return load(`i32.${bytes === 2 ? 16 : 8}${isSigned(d) ? "s" : "u"}`);
}
/** As many elements that lie side by side as there are lanes. */
export function loadLanes(d: Dtype, at: Address, tools: Tools): Expr {
  const load = (name: LoadOp): Expr => ({ kind: "load", op: name, at });
  const bytes = bytesOf(d);
  if (bytes >= 4) return load("v128");
  const sign = isSigned(d) ? "s" : "u";
  const words = load(`v128.${bytes === 2 ? 16 : 8}x4${sign}`);
  if (isNarrowFloat(d)) return narrowToFloat(new Words(true, tools), d, words);
  return d === "bool" ? op("i32x4.ne", words, zeroVector) : words;
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
/** Scalar registers as lanes, one each. */
export function lanesOf(d: Dtype, parts: readonly Expr[]): Expr {
  const float = registerType[d] === "f32";
  let out = op(float ? "f32x4.splat" : "i32x4.splat", parts[0]!);
  for (let i = 1; i < parts.length; i++)
    out = laneOp(float ? "f32x4.replace_lane" : "i32x4.replace_lane", i, out, parts[i]!);
  return d === "bool" ? op("i32x4.neg", out) : out;
}

export function storeScalar(d: Dtype, at: Address, value: Expr, tools: Tools): Stmt {
  const bytes = bytesOf(d);
  if (bytes >= 4) return { kind: "store", op: registerType[d], at, value };
  const bits = isNarrowFloat(d) ? floatToNarrow(new Words(false, tools), d, value) : value;
  return { kind: "store", op: bytes === 2 ? "i32.16" : "i32.8", at, value: bits };
}

/** The bits that memory takes of each lane, in range of as many bytes. */
function wordsOf(d: Dtype, value: Expr, tools: Tools): Expr {
  const w = new Words(true, tools);
  return isNarrowFloat(d) ? floatToNarrow(w, d, value) : d === "bool" ? w.and(value, w.word(1)) : value;
}
/** All lanes, side by side in memory. */
export function storeWhole(d: Dtype, at: Address, value: Expr, tools: Tools): Stmt {
  const bytes = bytesOf(d);
  if (bytes >= 4) return { kind: "store", op: "v128", at, value };
  const name = `v128.${bytes === 2 ? 16 : 8}x4${isSigned(d) ? "s" : "u"}` as const;
  return { kind: "store", op: name, at, value: wordsOf(d, value, tools) };
}
/** Lanes in the form in which memory takes them: 4, 2 or 1 bytes each, at the vector's start. */
export function packLanes(d: Dtype, value: Expr, tools: Tools): { vector: Expr; elementBytes: 1 | 2 | 4 } {
  const elementBytes = bytesOf(d);
  if (elementBytes >= 4) return { vector: value, elementBytes: 4 };
  const sign = isSigned(d) ? "s" : "u";
  const words = wordsOf(d, value, tools);
  const halves = (s: "s" | "u"): Expr => {
    const k = tools.keep(words);
    return op(`i16x8.narrow_i32x4_${s}`, k, k);
  };
  if (elementBytes === 2) return { vector: halves(sign), elementBytes: 2 };
  const k = tools.keep(halves("s"));
  return { vector: op(`i8x16.narrow_i16x8_${sign}`, k, k), elementBytes: 1 };
}
/** Zero of a register type. */
export const zeroOf = (d: Dtype): Expr => scalar(registerType[d], registerType[d] === "i64" ? 0n : 0);
