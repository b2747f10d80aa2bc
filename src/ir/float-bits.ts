// Floats of 16 bits and fewer as JavaScript numbers and as bits. Exact: round to nearest even straight from float64, subnormals
// included. f8e8m0 holds powers of two only and rounds to the nearer one, halves up.
// Formats: IEEE 754 (f16), https://onnx.ai/onnx/technical/float8.html, https://onnx.ai/onnx/technical/float4.html.
import type { Dtype } from "./dtypes.js";

/** What lies beyond the numbers: ∞ and NaN as IEEE 754 has them; one NaN with all bits set; NaN in the place of −0; nothing. */
type Specials = "ieee" | "all-ones" | "negative-zero" | "none";

/** A format of sign, exponent and fraction. */
export interface FloatFormat {
  readonly bits: number;
  /** bits of the fraction */
  readonly fraction: number;
  readonly bias: number;
  readonly specials: Specials;
}
export type SignedNarrowFloat = "f16" | "bf16" | "f8e4m3fn" | "f8e4m3fnuz" | "f8e5m2" | "f8e5m2fnuz" | "f4e2m1";
export type NarrowFloat = SignedNarrowFloat | "f8e8m0";

export const floatFormats: Readonly<Record<SignedNarrowFloat, FloatFormat>> = {
  f16: { bits: 16, fraction: 10, bias: 15, specials: "ieee" },
  bf16: { bits: 16, fraction: 7, bias: 127, specials: "ieee" },
  f8e4m3fn: { bits: 8, fraction: 3, bias: 7, specials: "all-ones" },
  f8e4m3fnuz: { bits: 8, fraction: 3, bias: 8, specials: "negative-zero" },
  f8e5m2: { bits: 8, fraction: 2, bias: 15, specials: "ieee" },
  f8e5m2fnuz: { bits: 8, fraction: 2, bias: 16, specials: "negative-zero" },
  f4e2m1: { bits: 4, fraction: 1, bias: 1, specials: "none" },
};
export type HalfFloat = "f16" | "bf16";
export const isHalfFloat = (d: Dtype | undefined): d is HalfFloat => d === "f16" || d === "bf16";
export const isNarrowFloat = (d: Dtype): d is NarrowFloat => d in floatFormats || d === "f8e8m0";

const signBit = ({ bits }: FloatFormat): number => 1 << (bits - 1);
/** Bits of the largest finite number; the next ones, if any, are special. */
export function largestBits(f: FloatFormat): number {
  const all = signBit(f) - 1;
  return f.specials === "ieee" ? all - (1 << f.fraction) : f.specials === "all-ones" ? all - 1 : all;
}
/** Bits that stand for NaN; f4e2m1 has none and makes it −0, as the data types of NumPy that ONNX relies on do. */
export function nanBits(f: FloatFormat): number {
  if (f.specials === "ieee") return largestBits(f) + 1 + (1 << (f.fraction - 1));
  return f.specials === "all-ones" ? signBit(f) - 1 : signBit(f);
}
/** The largest finite number. */
export const largestOf = (d: NarrowFloat): number =>
  d === "f8e8m0" ? 2 ** 127 : magnitude(largestBits(floatFormats[d]), floatFormats[d]);

const scratch = new DataView(new ArrayBuffer(8));
/** ⌊log2 |x|⌋ of a normal float64; anything small enough for what is below it */
function exponentOf(x: number): number {
  scratch.setFloat64(0, x);
  return ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023;
}
/** 1.5·2^52: adding and subtracting it rounds |y| < 2^51 to an integer, halves to even */
const ROUND = 6755399441055744;

/** Bits of |x|, not NaN, and without the sign: rounded, and beyond the largest number what the format has there. */
function magnitudeBits(x: number, f: FloatFormat): number {
  const largest = largestBits(f);
  const beyond = f.specials === "ieee" ? largest + 1 : f.specials === "none" ? largest : nanBits(f);
  if (x === Infinity) return beyond;
  const e = Math.max(x === 0 ? 1 - f.bias : exponentOf(x), 1 - f.bias);
  const units = x / 2 ** (e - f.fraction) + ROUND - ROUND;
  // a normal number has its leading one at bit `fraction`; adding the exponent field on top of the bits below does the rest
  const bits = units + (e - 1 + f.bias) * 2 ** f.fraction;
  return bits > largest ? beyond : bits;
}
function magnitude(bits: number, f: FloatFormat): number {
  const exponent = bits >> f.fraction;
  const fraction = bits & ((1 << f.fraction) - 1);
  const leading = exponent ? 1 << f.fraction : 0;
  return (leading + fraction) * 2 ** (Math.max(exponent, 1) - f.bias - f.fraction);
}

function encode(x: number, f: FloatFormat): number {
  if (Number.isNaN(x)) return nanBits(f);
  const bits = magnitudeBits(Math.abs(x), f);
  // "negative-zero" formats have one zero, and their NaN carries the sign bit already
  if (f.specials === "negative-zero" && (bits === 0 || bits === signBit(f))) return bits;
  return x < 0 || Object.is(x, -0) ? bits | signBit(f) : bits;
}
function decode(bits: number, f: FloatFormat): number {
  const sign = signBit(f);
  const size = bits & (sign - 1);
  if (f.specials === "negative-zero" && (bits & (2 * sign - 1)) === sign) return Number.NaN;
  const largest = largestBits(f);
  const isInfinite = f.specials === "ieee" && size === largest + 1;
  if (size > largest && !isInfinite) return Number.NaN;
  const value = isInfinite ? Infinity : magnitude(size, f);
  return bits & sign ? -value : value;
}

/** Powers of two from 2^-127 to 2^127; what is smaller is the smallest, what is larger or negative is NaN. */
function encodePower(x: number): number {
  if (!(x >= 0)) return 255;
  const e = x === Infinity ? 128 : Math.max(x === 0 ? -127 : exponentOf(x), -127);
  return Math.min(255, e + 127 + (x >= 1.5 * 2 ** e ? 1 : 0));
}

/** The bits of the nearest number of the dtype. */
export const floatToBits = (dtype: NarrowFloat, x: number): number =>
  dtype === "f8e8m0" ? encodePower(x) : encode(x, floatFormats[dtype]);
export function floatFromBits(dtype: NarrowFloat, bits: number): number {
  if (dtype !== "f8e8m0") return decode(bits, floatFormats[dtype]);
  return (bits & 255) === 255 ? Number.NaN : 2 ** ((bits & 255) - 127);
}
/** The nearest number of the dtype. */
export const roundToFloat = (dtype: NarrowFloat, x: number): number => floatFromBits(dtype, floatToBits(dtype, x));
/** To what the dtype holds, if it is a float. */
export const roundTo = (dtype: Dtype, x: number): number =>
  dtype === "f32" ? Math.fround(x) : isNarrowFloat(dtype) ? roundToFloat(dtype, x) : x;
