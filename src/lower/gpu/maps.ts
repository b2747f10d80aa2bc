// Elementwise operations as WGSL expressions over register values. Arguments are names or literals: they may be repeated.
import type { Dtype } from "../../ir/dtypes.js";
import { bitsOf, dtypes, integerRange, isFloat } from "../../ir/dtypes.js";
import { isNarrowFloat } from "../../ir/float-bits.js";
import {
  type BinaryOp,
  type CompareOp,
  isWordProduct,
  joinOf,
  type MapOp,
  type NodeOf,
  type ReduceOp,
  type UnaryOp,
} from "../../ir/tile.js";
import { AzulejoError } from "../../support/errors.js";
import { floatToNarrow, narrowToFloat } from "./library.js";
import { registerOf } from "./registers.js";

/** The name of a library function, noted as used. */
export type Use = (name: string) => string;

const isSigned = (d: Dtype): boolean => dtypes[d].kind === "signed";
/** f64 can be moved, compared with nothing and computed with nowhere. */
export function refuseF64(what: string): never {
  throw new AzulejoError(
    "target",
    `target: "webgpu" has no f64, which ${what} needs; use { target: "wasm" }, or { onUnsupported: "host" } to compute this kernel on the host`,
  );
}

export function literal(use: Use, d: Dtype, value: number | bigint): string {
  switch (registerOf(d)) {
    case "bool":
      return Number(value) ? "true" : "false";
    case "i32": {
      const x = Number(value) | 0;
      return x === -2147483648 ? "i32(-2147483648)" : `${x}i`;
    }
    case "u32":
      return `${Number(value) >>> 0}u`;
    case "wide": {
      const bits = d === "f64" ? f64Bits(Number(value)) : BigInt.asUintN(64, BigInt(value));
      return `vec2<u32>(${bits & 0xffffffffn}u, ${bits >> 32n}u)`;
    }
    case "f32":
      return floatLiteral(use, Number(value));
  }
}
function f64Bits(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return view.getBigUint64(0);
}
function floatLiteral(use: Use, value: number): string {
  const x = Math.fround(value);
  if (Number.isNaN(x)) return `bitcast<f32>(${use("notANumber")})`;
  if (!Number.isFinite(x)) return `${x < 0 ? "-" : ""}bitcast<f32>(${use("infinity")})`;
  if (Object.is(x, -0)) return "bitcast<f32>(0x80000000u)";
  const text = `${x}f`;
  return x < 0 ? `(${text})` : text;
}

/** A result that left the range of a narrow dtype, wrapped; floats of fewer bits are not rounded between operations. */
function wrapped(d: Dtype, x: string): string {
  const bits = bitsOf(d);
  if (isFloat(d) || d === "bool" || bits >= 32) return x;
  return isSigned(d) ? `((${x} << ${32 - bits}u) >> ${32 - bits}u)` : `(${x} & ${2 ** bits - 1}u)`;
}

export function mapText(use: Use, op: MapOp, from: Dtype, to: Dtype, args: readonly string[]): string {
  const [a, b, c] = args as readonly [string, string, string];
  if (op === "select") return `select(${c}, ${b}, ${a})`;
  if (op === "cast") return cast(use, from, to, a);
  if (op === "bitcast") return bitcast(use, from, to, a);
  if (op in comparisons) return compare(use, op as CompareOp, from, a, b);
  if (from === "f64") refuseF64(op);
  if (args.length === 1) return wrapped(to, unary(use, op as UnaryOp, to, a));
  return wrapped(to, binary(use, op as BinaryOp, to, a, b));
}

const comparisons: Readonly<Record<CompareOp, string>> = { eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=" };
function compare(use: Use, op: CompareOp, d: Dtype, a: string, b: string): string {
  if (d === "f64") refuseF64("a comparison");
  switch (registerOf(d)) {
    case "f32":
      // x ≠ x asks for NaN, which a compiler that assumes there is none answers by itself
      if (a === b && op === "ne") return `${use("isNan")}(${a})`;
      if (a === b && op === "eq") return `!${use("isNan")}(${a})`;
      // != of WGSL may be false for NaN, as it is where it becomes an ordered comparison of SPIR-V
      return op === "ne" ? `!(${a} == ${b})` : `(${a} ${comparisons[op]} ${b})`;
    case "bool":
      if (op === "eq" || op === "ne") return `(${a} ${comparisons[op]} ${b})`;
      return `(select(0u, 1u, ${a}) ${comparisons[op]} select(0u, 1u, ${b}))`;
    case "wide": {
      const less = use(isSigned(d) ? "wideLessI" : "wideLessU");
      if (op === "eq") return `all(${a} == ${b})`;
      if (op === "ne") return `any(${a} != ${b})`;
      if (op === "lt") return `${less}(${a}, ${b})`;
      if (op === "gt") return `${less}(${b}, ${a})`;
      return op === "le" ? `!${less}(${b}, ${a})` : `!${less}(${a}, ${b})`;
    }
    default:
      return `(${a} ${comparisons[op]} ${b})`;
  }
}

function unary(use: Use, op: UnaryOp, d: Dtype, x: string): string {
  const r = registerOf(d);
  if (op === "not") return r === "bool" ? `!${x}` : `(~${x})`;
  if (r === "wide")
    return op === "neg" ? `${use("wideNeg")}(${x})` : op === "abs" && isSigned(d) ? `${use("wideAbs")}(${x})` : x;
  if (op === "neg") return r === "u32" ? `(0u - ${x})` : `(-${x})`;
  if (op === "abs") return r === "u32" ? x : `abs(${x})`;
  // integers are whole already
  return r === "f32" ? `${op}(${x})` : x;
}

const symbols: Partial<Record<BinaryOp, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  and: "&",
  or: "|",
  xor: "^",
};
/** Also what reductions and joining writes combine with. */
export function binary(use: Use, op: BinaryOp, d: Dtype, a: string, b: string): string {
  if (d === "f64") refuseF64(op);
  switch (registerOf(d)) {
    case "f32":
      if (op === "min" || op === "max") return `${use(op === "max" ? "larger" : "smaller")}(${a}, ${b})`;
      if (op === "mod") return `${use("floorMod")}(${a}, ${b})`;
      if (op === "rem") return `${use("remainder")}(${a}, ${b})`;
      return `(${a} ${symbols[op]} ${b})`;
    case "bool":
      if (op === "xor") return `(${a} != ${b})`;
      return `(${a} ${op === "and" || op === "min" || op === "mul" ? "&" : "|"} ${b})`;
    case "wide":
      return wideBinary(use, op, isSigned(d), a, b);
    default:
      return wordBinary(use, op, d, a, b);
  }
}
function wordBinary(use: Use, op: BinaryOp, d: Dtype, a: string, b: string): string {
  const type = registerOf(d) === "i32" ? "I32" : "U32";
  if (op === "min" || op === "max") return `${op}(${a}, ${b})`;
  if (op === "div" || op === "rem") return `${use(`${op}${type}`)}(${a}, ${b})`;
  if (op === "mod") return `${use(type === "I32" ? "modI32" : "remU32")}(${a}, ${b})`;
  if (op === "shl" || op === "shr") return `(${a} ${op === "shl" ? "<<" : ">>"} (u32(${b}) & ${bitsOf(d) - 1}u))`;
  return `(${a} ${symbols[op]} ${b})`;
}
function wideBinary(use: Use, op: BinaryOp, signed: boolean, a: string, b: string): string {
  const sign = signed ? "I" : "U";
  switch (op) {
    case "add":
      return `${use("wideAdd")}(${a}, ${b})`;
    case "sub":
      return `${use("wideSub")}(${a}, ${b})`;
    case "mul":
      return `${use("wideMul")}(${a}, ${b})`;
    case "div":
      return `${use(`wideDiv${sign}`)}(${a}, ${b})`;
    case "rem":
      return `${use(`wideRem${sign}`)}(${a}, ${b})`;
    case "mod":
      return `${use(signed ? "wideModI" : "wideRemU")}(${a}, ${b})`;
    case "min":
      return `select(${b}, ${a}, ${use(`wideLess${sign}`)}(${a}, ${b}))`;
    case "max":
      return `select(${a}, ${b}, ${use(`wideLess${sign}`)}(${a}, ${b}))`;
    case "shl":
      return `${use("wideShl")}(${a}, ${b}.x)`;
    case "shr":
      return `${use(`wideShr${sign}`)}(${a}, ${b}.x)`;
    default:
      return `(${a} ${symbols[op]} ${b})`;
  }
}

/** Floats to integers truncate and saturate, integers wrap, anything but zero is true. */
export function cast(use: Use, from: Dtype, to: Dtype, x: string): string {
  if (from === to) return x;
  if (from === "f64" || to === "f64") refuseF64(`a cast from ${from} to ${to}`);
  const [r, t] = [registerOf(from), registerOf(to)];
  // by compare(): NaN is true
  if (t === "bool") return r === "bool" ? x : compare(use, "ne", from, x, r === "wide" ? "vec2<u32>()" : `${r}(0)`);
  if (t === "f32") return rounded(use, to, toFloat(use, from, x));
  if (r === "f32") return saturated(use, to, x);
  if (t === "wide") {
    if (r === "wide") return x;
    if (r === "bool") return `vec2<u32>(select(0u, 1u, ${x}), 0u)`;
    return r === "i32" ? `${use("wideFromI32")}(${x})` : `vec2<u32>(${x}, 0u)`;
  }
  const word = r === "wide" ? `${x}.x` : x;
  const source = r === "wide" ? "u32" : r;
  return wrapped(
    to,
    source === "bool" ? `select(${t}(0), ${t}(1), ${word})` : source === t ? word : `bitcast<${t}>(${word})`,
  );
}
function toFloat(use: Use, from: Dtype, x: string): string {
  switch (registerOf(from)) {
    case "f32":
      return x;
    case "bool":
      return `select(0.0f, 1.0f, ${x})`;
    case "wide":
      return `${use(isSigned(from) ? "wideToFloatI" : "wideToFloatU")}(${x})`;
    default:
      return `f32(${x})`;
  }
}
function saturated(use: Use, to: Dtype, x: string): string {
  const r = registerOf(to);
  if (r === "wide") return `${use(isSigned(to) ? "floatToWideI" : "floatToWideU")}(${x})`;
  const word = `${use(r === "i32" ? "floatToI32" : "floatToU32")}(${x})`;
  if (bitsOf(to) >= 32) return word;
  const [low, high] = integerRange(to);
  return r === "i32" ? `clamp(${word}, ${low}i, ${high}i)` : `min(${word}, ${high}u)`;
}
/** The nearest number of a float dtype. */
export function rounded(use: Use, d: Dtype, x: string): string {
  return isNarrowFloat(d) ? `${use(narrowToFloat(d))}(${use(floatToNarrow(d))}(${x}))` : x;
}

function bitcast(use: Use, from: Dtype, to: Dtype, x: string): string {
  const [r, t] = [registerOf(from), registerOf(to)];
  if (t === "wide") return x;
  const bits = isNarrowFloat(from)
    ? `${use(floatToNarrow(from))}(${x})`
    : r === "bool"
      ? `select(0u, 1u, ${x})`
      : r === "u32"
        ? x
        : `bitcast<u32>(${x})`;
  if (isNarrowFloat(to)) return `${use(narrowToFloat(to))}(${bits} & ${2 ** bitsOf(to) - 1}u)`;
  if (t === "bool") return `((${bits} & 1u) != 0u)`;
  return wrapped(to, t === "u32" ? bits : `bitcast<${t}>(${bits})`);
}

/** What a reduction starts from. */
export function identity(use: Use, op: ReduceOp, d: Dtype): string {
  if (d === "f64") refuseF64(`a ${op}`);
  if (op === "sum" || isWordProduct(op)) return literal(use, d, 0);
  if (op === "prod") return literal(use, d, 1);
  if (isFloat(d)) return literal(use, d, op === "max" ? -Infinity : Infinity);
  if (d === "bool") return op === "max" ? "false" : "true";
  const [low, high] = integerRange(d);
  return literal(use, d, op === "max" ? low : high);
}
export const combined = (use: Use, op: ReduceOp, d: Dtype, a: string, b: string): string =>
  wrapped(d, binary(use, joinOf[op], d, a, b));
function packedDot(of: Dtype, by: Dtype, a: string, b: string): string {
  const [x, y] = [`bitcast<u32>(${a})`, `bitcast<u32>(${b})`];
  if (of === by) return of === "u32" ? `bitcast<i32>(dot4U8Packed(${x}, ${y}))` : `dot4I8Packed(${x}, ${y})`;
  const [unsigned, signed] = of === "u32" ? [x, y] : [y, x];
  // u · w = (u − 128) · w + 128 · w, and a byte less 128 is its bits with the first one turned
  return `(dot4I8Packed(${unsigned} ^ 0x80808080u, ${signed}) + (dot4I8Packed(0x01010101u, ${signed}) << 7u))`;
}
/** What a reduction of two arguments adds up. `packedDots`: WGSL here has products of four bytes. */
export function product(use: Use, n: NodeOf<"reduce">, a: string, b: string, packedDots: boolean): string {
  if (n.op === "dotQuads" && packedDots) return packedDot(n.args[0]!.dtype, n.args[1]!.dtype, a, b);
  if (n.op === "dotPairs") return `((${a} << 16u) >> 16u) * ((${b} << 16u) >> 16u) + (${a} >> 16u) * (${b} >> 16u)`;
  if (n.op !== "dotQuads") return combined(use, "prod", n.dtype, a, b);
  const byte = (x: string, d: Dtype | undefined, i: number): string =>
    d === "u32" ? `((${x} >> ${8 * i}u) & 255)` : `((${x} << ${24 - 8 * i}u) >> 24u)`;
  const [of, by] = n.args.map(x => x.dtype);
  return [0, 1, 2, 3].map(i => `${byte(a, of, i)} * ${byte(b, by, i)}`).join(" + ");
}
