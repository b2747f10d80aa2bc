// Scalar meaning of map and reduce operations per dtype, on numbers, and on bigints for 64-bit integers.
import type { Dtype } from "../dtypes.js";
import { bitsOf, dtypes, integerRange, is64BitInteger, isFloat } from "../dtypes.js";
import type { NarrowFloat } from "../float-bits.js";
import { floatFromBits, floatToBits, isNarrowFloat, roundToFloat } from "../float-bits.js";
import { isWordProduct, type MapOp, type ReduceOp } from "../tile.js";

/** Numbers for all dtypes but i64 and u64, which are bigints. One signature for both, since loops over arrays are the same. */
export type Scalar = number | bigint;
// biome-ignore lint/suspicious/noExplicitAny: a function of numbers or of bigints, as its dtype says
export type ScalarFunction = (...x: any[]) => any;

type Numbers = Partial<Record<MapOp, (a: number, b: number) => number>>;
type Bigs = Partial<Record<MapOp, (a: bigint, b: bigint) => bigint | number>>;

/** Nearest value of a float dtype; identity for the others. */
export function rounding(dtype: Dtype): (x: number) => number {
  if (dtype === "f32") return Math.fround;
  return isNarrowFloat(dtype) ? x => roundToFloat(dtype, x) : x => x;
}

const wrapped: Partial<Record<Dtype, (x: number) => number>> = {
  i32: x => x | 0,
  u32: x => x >>> 0,
  i16: x => (x << 16) >> 16,
  u16: x => x & 0xffff,
  i8: x => (x << 24) >> 24,
  u8: x => x & 0xff,
  i4: x => (x << 28) >> 28,
  u4: x => x & 15,
  i2: x => (x << 30) >> 30,
  u2: x => x & 3,
  bool: x => x & 1,
};
/** An integer number that left its dtype's range, wrapped around. */
export const wrap = (dtype: Dtype): ((x: number) => number) => wrapped[dtype] ?? (x => x);
const wrapBig = (dtype: Dtype): ((x: bigint) => bigint) =>
  dtype === "u64" ? x => BigInt.asUintN(64, x) : x => BigInt.asIntN(64, x);

const roundHalfEven = (x: number): number => {
  if (!(Math.abs(x) < 2 ** 52)) return x;
  const r = Math.round(x);
  const even = Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
  return even === 0 && (x < 0 || Object.is(x, -0)) ? -0 : even;
};
const floorMod = (a: number, b: number): number => {
  const r = a % b;
  if (r !== 0 && r < 0 !== b < 0) return r + b;
  return r === 0 ? (b < 0 ? -0 : 0) : r;
};

const floats: Numbers = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  mod: floorMod,
  rem: (a, b) => a % b,
  min: Math.min,
  max: Math.max,
  neg: a => -a,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  trunc: Math.trunc,
};
/** Integers of up to 32 bits, before wrapping. Division by zero gives 0: every operation is total, so nothing traps. */
function integers(dtype: Dtype): Numbers {
  const bits = bitsOf(dtype);
  const count = (b: number): number => b & (bits - 1);
  return {
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: Math.imul,
    div: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
    mod: (a, b) => (b === 0 ? 0 : floorMod(a, b) + 0),
    rem: (a, b) => (b === 0 ? 0 : (a % b) + 0),
    min: Math.min,
    max: Math.max,
    neg: a => -a,
    abs: Math.abs,
    not: a => ~a,
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    shl: (a, b) => a << count(b),
    shr: dtypes[dtype].kind === "signed" ? (a, b) => a >> count(b) : (a, b) => a >>> count(b),
  };
}
const bigs: Bigs = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? 0n : a / b),
  mod: (a, b) => {
    if (b === 0n) return 0n;
    const r = a % b;
    return r !== 0n && r < 0n !== b < 0n ? r + b : r;
  },
  rem: (a, b) => (b === 0n ? 0n : a % b),
  // biome-ignore lint/complexity/useMathMinMax: Math.min takes no bigint
  min: (a, b) => (a < b ? a : b),
  // biome-ignore lint/complexity/useMathMinMax: Math.max takes no bigint
  max: (a, b) => (a > b ? a : b),
  neg: a => -a,
  abs: a => (a < 0n ? -a : a),
  not: a => ~a,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 63n),
  shr: (a, b) => a >> (b & 63n),
};
const bools: Numbers = { and: (a, b) => a & b, or: (a, b) => a | b, xor: (a, b) => a ^ b, not: a => a ^ 1 };
const comparisons: Record<string, ScalarFunction> = {
  eq: (a: Scalar, b: Scalar) => +(a === b),
  ne: (a: Scalar, b: Scalar) => +(a !== b),
  lt: (a: Scalar, b: Scalar) => +(a < b),
  le: (a: Scalar, b: Scalar) => +(a <= b),
  gt: (a: Scalar, b: Scalar) => +(a > b),
  ge: (a: Scalar, b: Scalar) => +(a >= b),
};

/** Results that an operation cannot push outside of the dtype need no wrapping. */
const staysInRange = new Set<MapOp>(["min", "max", "mod", "rem"]);

function plain(op: MapOp, dtype: Dtype): ScalarFunction | undefined {
  if (dtype === "bool") return bools[op];
  if (is64BitInteger(dtype)) {
    const f = bigs[op];
    const w = wrapBig(dtype);
    return f && ((a: bigint, b: bigint) => w(f(a, b) as bigint));
  }
  if (isFloat(dtype)) return floats[op];
  const f = integers(dtype)[op];
  if (!f || staysInRange.has(op)) return f;
  const w = wrap(dtype);
  return (a: number, b: number) => w(f(a, b));
}

/**
 * The function of a map node whose arguments have dtype `from` and whose result has dtype `to`. `stepwise` rounds floats after
 * every operation; otherwise only casts round.
 */
export function mapFunction(
  op: MapOp,
  from: Dtype,
  to: Dtype,
  mode: { stepwise: boolean; rounds: boolean },
): ScalarFunction {
  if (op === "select") return (c: number, a: Scalar, b: Scalar) => (c ? a : b);
  if (op === "cast") return castFunction(from, to, mode.rounds);
  if (op === "bitcast") return bitcastFunction(from, to);
  const compared = comparisons[op];
  if (compared) return compared;
  const f = plain(op, from);
  if (!f) throw new RangeError(`${op} is not defined for ${from}`);
  if (!mode.stepwise || !isFloat(from) || from === "f64") return f;
  const round = rounding(from);
  return (a: number, b: number) => round(f(a, b));
}

function castFunction(from: Dtype, to: Dtype, rounds: boolean): ScalarFunction {
  if (to === "bool") return is64BitInteger(from) ? (x: bigint) => +(x !== 0n) : (x: number) => +(x !== 0);
  if (isFloat(to)) {
    const round = rounds ? rounding(to) : (x: number) => x;
    return is64BitInteger(from) ? (x: bigint) => round(Number(x)) : round;
  }
  if (isFloat(from)) return saturating(to);
  if (is64BitInteger(to)) {
    const w = wrapBig(to);
    return (x: Scalar) => w(BigInt(x));
  }
  const w = wrap(to);
  return is64BitInteger(from) ? (x: bigint) => w(Number(BigInt.asIntN(32, x))) : w;
}
/** float to integer: towards zero, clamped to the range, NaN is 0 */
function saturating(to: Dtype): ScalarFunction {
  const [lo, hi] = integerRange(to);
  if (is64BitInteger(to)) {
    return (x: number) => {
      if (Number.isNaN(x)) return 0n;
      if (x === Infinity) return hi;
      if (x === -Infinity) return lo;
      const n = BigInt(Math.trunc(x));
      return n < lo ? lo : n > hi ? hi : n;
    };
  }
  const [low, high] = [Number(lo), Number(hi)];
  return (x: number) => (Number.isNaN(x) ? 0 : Math.min(high, Math.max(low, Math.trunc(x))) + 0);
}

const scratch = new DataView(new ArrayBuffer(8));
type Access = { readonly get: () => Scalar; readonly set: (x: never) => void };
const byte = (dtype: NarrowFloat): Access => ({
  get: () => floatFromBits(dtype, scratch.getUint8(0)),
  set: (x: number) => scratch.setUint8(0, floatToBits(dtype, x)),
});
const half = (dtype: NarrowFloat): Access => ({
  get: () => floatFromBits(dtype, scratch.getUint16(0, true)),
  set: (x: number) => scratch.setUint16(0, floatToBits(dtype, x), true),
});
/** integers of fewer than 8 bits, the upper bits ignored */
const part = (dtype: Dtype): Access => ({
  get: () => wrap(dtype)(scratch.getUint8(0)),
  set: (x: number) => scratch.setUint8(0, x),
});
const access: Record<Dtype, Access> = {
  f64: { get: () => scratch.getFloat64(0, true), set: (x: number) => scratch.setFloat64(0, x, true) },
  f32: { get: () => scratch.getFloat32(0, true), set: (x: number) => scratch.setFloat32(0, x, true) },
  f16: half("f16"),
  bf16: half("bf16"),
  f8e4m3fn: byte("f8e4m3fn"),
  f8e4m3fnuz: byte("f8e4m3fnuz"),
  f8e5m2: byte("f8e5m2"),
  f8e5m2fnuz: byte("f8e5m2fnuz"),
  f8e8m0: byte("f8e8m0"),
  f4e2m1: byte("f4e2m1"),
  i4: part("i4"),
  i2: part("i2"),
  u4: part("u4"),
  u2: part("u2"),
  i64: { get: () => scratch.getBigInt64(0, true), set: (x: bigint) => scratch.setBigInt64(0, x, true) },
  u64: { get: () => scratch.getBigUint64(0, true), set: (x: bigint) => scratch.setBigUint64(0, x, true) },
  i32: { get: () => scratch.getInt32(0, true), set: (x: number) => scratch.setInt32(0, x, true) },
  u32: { get: () => scratch.getUint32(0, true), set: (x: number) => scratch.setUint32(0, x, true) },
  i16: { get: () => scratch.getInt16(0, true), set: (x: number) => scratch.setInt16(0, x, true) },
  u16: { get: () => scratch.getUint16(0, true), set: (x: number) => scratch.setUint16(0, x, true) },
  i8: { get: () => scratch.getInt8(0), set: (x: number) => scratch.setInt8(0, x) },
  u8: { get: () => scratch.getUint8(0), set: (x: number) => scratch.setUint8(0, x) },
  bool: { get: () => scratch.getUint8(0) & 1, set: (x: number) => scratch.setUint8(0, x) },
};
const bitcastFunction =
  (from: Dtype, to: Dtype): ScalarFunction =>
  (x: Scalar) => {
    access[from].set(x as never);
    return access[to].get();
  };

/** What a reduction of two arguments adds up; `of`: the dtypes that they had before they entered in the accumulator's. */
export function productFunction(
  op: ReduceOp,
  dtype: Dtype,
  of: readonly Dtype[],
  mode: { stepwise: boolean; rounds: boolean },
): ScalarFunction {
  if (op === "dotPairs") return dotOfHalves;
  return op === "dotQuads" ? dotOfBytes(of) : mapFunction("mul", dtype, dtype, mode);
}
function dotOfBytes(of: readonly Dtype[]): ScalarFunction {
  const [readA, readB] = of.map(d => (d === "u32" ? (x: number) => x & 255 : (x: number) => (x << 24) >> 24));
  return (a: Scalar, b: Scalar) => {
    const [x, y] = [Number(a), Number(b)];
    let sum = 0;
    for (const shift of [0, 8, 16, 24]) sum += readA!(x >> shift) * readB!(y >> shift);
    return sum;
  };
}
const dotOfHalves: ScalarFunction = (a: Scalar, b: Scalar) => {
  const [x, y] = [Number(a), Number(b)];
  return (Math.imul((x << 16) >> 16, (y << 16) >> 16) + Math.imul(x >> 16, y >> 16)) | 0;
};

/** How a reduction combines two accumulators, and what an empty one gives. */
export function reduceFunction(
  op: ReduceOp,
  dtype: Dtype,
  mode: { stepwise: boolean; rounds: boolean },
): { combine: ScalarFunction; identity: Scalar } {
  const big = is64BitInteger(dtype);
  if (op === "sum" || isWordProduct(op))
    return { combine: mapFunction("add", dtype, dtype, mode), identity: big ? 0n : 0 };
  if (op === "prod") return { combine: mapFunction("mul", dtype, dtype, mode), identity: big ? 1n : 1 };
  const [lo, hi] = extremes(dtype);
  return { combine: mapFunction(op, dtype, dtype, mode), identity: op === "max" ? lo : hi };
}
function extremes(dtype: Dtype): readonly [Scalar, Scalar] {
  if (isFloat(dtype)) return [-Infinity, Infinity];
  const [lo, hi] = dtype === "bool" ? [0n, 1n] : integerRange(dtype);
  return is64BitInteger(dtype) ? [lo, hi] : [Number(lo), Number(hi)];
}
