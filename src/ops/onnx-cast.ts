// What ONNX's Cast means by a conversion, for all operators that convert as it does: https://onnx.ai/onnx/operators/onnx__Cast.html.
// The conversions of the language differ in two places: floats become integers of 4 and 2 bits by rounding and wrapping, and floats of
// 8 bits saturate unless told otherwise.
import type { Dtype } from "../ir/dtypes.js";
import { bitsOf, isFloat } from "../ir/dtypes.js";
import type { NarrowFloat } from "../ir/float-bits.js";
import { floatFromBits, isNarrowFloat, largestOf, roundToFloat } from "../ir/float-bits.js";
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { requireOneOf } from "./checks.js";
import { wrap } from "./elementwise-references.js";
import type { AttributeSpec, NodeInfo } from "./operator.js";
import type { Element } from "./reference-tensors.js";

export interface CastRules {
  readonly saturate?: number;
  readonly round_mode?: string;
}
export const castAttributes = {
  saturate: { type: "int", default: 1 },
  round_mode: { type: "string", default: "up" },
} as const satisfies Record<string, AttributeSpec>;
export const checkRoundMode = (op: string, node: NodeInfo): void =>
  requireOneOf(op, node, "round_mode", ["up", "down", "nearest"]);

const isByteFloat = (d: Dtype): boolean => isFloat(d) && bitsOf(d) === 8;
/** f64 stays what it is, all else fits f32 well enough to be rounded to 8 bits */
const asFloat = (x: AnyTile): AnyTile => (x.dtype === "f64" ? x : x.cast("f32"));

export function castTile(x: AnyTile, to: Dtype, { saturate = 1, round_mode = "up" }: CastRules = {}): AnyTile {
  if (x.dtype === to) return x;
  if (to === "f8e8m0") return powerOfTwo(x.cast("f32"), saturate !== 0, round_mode).cast(to);
  if (isByteFloat(to) && saturate) {
    const largest = largestOf(to as NarrowFloat);
    return asFloat(x).maximum(-largest).minimum(largest).cast(to);
  }
  if (isFloat(to) || bitsOf(to) >= 8 || !isFloat(x.dtype)) return x.cast(to);
  return asFloat(x).round().cast("i32").cast(to);
}

const SMALLEST_POWER = 2 ** -127;
const LARGEST_POWER = 2 ** 127;
/** The power of two that f8e8m0 stores for an f32. 2^-127 is 0x400000 as bits: f32 has it below its normal numbers. */
function powerOfTwo(x: AnyTile, saturate: boolean, mode: string): AnyTile {
  const y = saturate ? x.maximum(SMALLEST_POWER).minimum(LARGEST_POWER) : x;
  const bits = y.bitcast("i32");
  const up = (): AnyTile => where(bits.gt(0x400000), bits.add(0x7fffff).and(-0x800000), bits).bitcast("f32");
  const down = (): AnyTile => where(bits.lt(0x800000), 0x400000, bits.and(-0x800000)).bitcast("f32");
  const power = mode === "up" ? up() : mode === "down" ? down() : y;
  const valid = saturate ? y.eq(y) : y.ge(SMALLEST_POWER).and(y.le(LARGEST_POWER));
  return where(valid, power, literal("f32", Number.NaN));
}

/** The same on one element, from the tables of the specification. */
export function castReference(
  x: Element,
  from: Dtype,
  to: Dtype,
  { saturate = 1, round_mode = "up" }: CastRules = {},
): Element {
  if (from === to) return x;
  if (to === "bool") return Number(x) === 0 ? 0 : 1;
  if (to === "f8e8m0") return powerReference(Number(x), saturate !== 0, round_mode);
  if (isFloat(to) && bitsOf(to) <= 8) return nearest(to as NarrowFloat, Number(x), saturate !== 0);
  if (isFloat(to)) return isNarrowFloat(to) ? roundToFloat(to, Number(x)) : Number(x);
  if (typeof x === "bigint" || !isFloat(from)) return wrap(to, BigInt(x));
  if (!Number.isFinite(x)) return wrap(to, x);
  return wrap(to, BigInt(bitsOf(to) < 8 ? halfToEven(x) : Math.trunc(x)));
}
const halfToEven = (x: number): number => {
  const low = Math.floor(x);
  return x - low < 0.5 || (x - low === 0.5 && low % 2 === 0) ? low : low + 1;
};

/** The nearest of all numbers that the format has; of two as near, the one whose bits are even. */
function nearest(to: NarrowFloat, x: number, saturate: boolean): number {
  if (Number.isNaN(x)) return to === "f4e2m1" ? -0 : x;
  const half = 1 << (bitsOf(to) - 1);
  const numbers = Array.from({ length: half }, (_, bits) => floatFromBits(to, bits)).filter(Number.isFinite);
  const largest = numbers.at(-1)!;
  // where the next larger number would be, did the format go on
  const next = 2 * largest - numbers.at(-2)!;
  const middle = (largest + next) / 2;
  const size = Math.min(Math.abs(x), next);
  const isBeyond = size > middle || (size === middle && numbers.length % 2 === 0);
  const outside = to === "f8e5m2" ? Infinity : Number.NaN;
  let best = 0;
  for (let bits = 1; bits < numbers.length; bits++) {
    const [d, e] = [Math.abs(numbers[bits]! - size), Math.abs(numbers[best]! - size)];
    if (d < e || (d === e && bits % 2 === 0)) best = bits;
  }
  const value = isBeyond && !saturate && to !== "f4e2m1" ? outside : numbers[best]!;
  return x < 0 ? -value : value;
}

function powerReference(x: number, saturate: boolean, mode: string): number {
  if (Number.isNaN(x)) return x;
  if (x < SMALLEST_POWER || x > LARGEST_POWER) return saturate ? (x < 1 ? SMALLEST_POWER : LARGEST_POWER) : Number.NaN;
  let low = LARGEST_POWER;
  while (low > x) low /= 2;
  if (low === x) return low;
  if (mode === "nearest") return x >= 1.5 * low ? 2 * low : low;
  return mode === "up" ? 2 * low : low;
}
