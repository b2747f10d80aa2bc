// Floats of 16 bits and fewer as bits ↔ f32 in registers, on scalars and lanes. Rounds to nearest even; the formats, what lies beyond
// their numbers included, are those of ir/float-bits.ts.
import type { FloatFormat, NarrowFloat } from "../../ir/float-bits.js";
import { floatFormats, largestBits, nanBits } from "../../ir/float-bits.js";
import type { Expr } from "./loop.js";
import type { Words } from "./words.js";

/** `bits` have nothing above the format's own. */
export function narrowToFloat(w: Words, d: NarrowFloat, bits: Expr): Expr {
  if (d === "bf16") return w.fromBits(w.shift("shl", bits, 16));
  return d === "f8e8m0" ? powerToFloat(w, bits) : signedToFloat(w, floatFormats[d], bits);
}
/** The bits of the nearest number of the dtype. */
export function floatToNarrow(w: Words, d: NarrowFloat, value: Expr): Expr {
  if (d === "bf16") return floatToBrain(w, value);
  return d === "f8e8m0" ? floatToPower(w, value) : floatToSigned(w, floatFormats[d], value);
}

/** bits of the power of two with this exponent, as f32 */
const power = (exponent: number): number => (127 + exponent) << 23;

function signedToFloat(w: Words, f: FloatFormat, bits: Expr): Expr {
  const signBit = 1 << (f.bits - 1);
  const h = w.keep(bits);
  const magnitude = w.keep(w.and(h, w.word(signBit - 1)));
  // as the bits of a float the number is 2^(bias - 127) of its value; the product also normalises subnormals
  const scaled = w.float("mul", w.shift("shl", magnitude, 23 - f.fraction), w.word(power(127 - f.bias)));
  const sign = w.shift("shl", w.and(h, w.word(signBit)), 32 - f.bits);
  const value = w.or(scaled, sign);
  if (f.specials === "none") return w.fromBits(value);
  const nan = w.int("ne", h, w.word(signBit));
  if (f.specials === "negative-zero") return w.fromBits(w.choose(w.keep(nan), value, w.word(0x7fc00000)));
  // ∞ has no fraction and NaN has one, here as there
  const special = w.int("gt_s", magnitude, w.word(largestBits(f)));
  return w.fromBits(w.or(value, w.choose(w.keep(special), w.word(0x7f800000), w.word(0))));
}

function floatToSigned(w: Words, f: FloatFormat, value: Expr): Expr {
  const cut = 23 - f.fraction;
  const signBit = 1 << (f.bits - 1);
  const [largest, nan] = [largestBits(f), nanBits(f)];
  const beyond = f.specials === "ieee" ? largest + 1 : f.specials === "none" ? largest : nan;
  const bits = w.keep(w.bits(value));
  const a = w.keep(w.and(bits, w.word(0x7fffffff)));
  const odd = w.and(w.shift("shr_u", a, cut), w.word(1));
  // rebias and round: half a unit less one, and one more if the result would be odd
  const rebias = ((f.bias - 127) << 23) + (1 << (cut - 1)) - 1;
  const normal = w.shift("shr_u", w.int("add", w.int("add", a, w.word(rebias)), odd), cut);
  // adding the power of two whose unit is the spacing of subnormals lets the float unit round to it
  const unit = w.word(power(24 - f.bias - f.fraction));
  const subnormal = w.int("sub", w.float("add", a, unit), unit);
  const isSmall = w.keep(w.int("lt_s", a, w.word(power(1 - f.bias))));
  const finite = w.keep(w.choose(isSmall, subnormal, normal));
  const special = w.choose(w.keep(w.int("gt_s", a, w.word(0x7f800000))), w.word(nan), w.word(beyond));
  const magnitude = w.choose(w.keep(w.int("gt_s", finite, w.word(largest))), special, finite);
  const sign = w.and(w.shift("shr_u", bits, 32 - f.bits), w.word(signBit));
  if (f.specials !== "negative-zero") return w.or(magnitude, sign);
  // neither the one zero nor NaN, which is the sign alone, has a sign
  const kept = w.keep(magnitude);
  const isSigned = w.int("ne", w.and(kept, w.word(signBit - 1)), w.word(0));
  return w.choose(w.keep(isSigned), w.or(kept, sign), kept);
}

/** f32 → bits of the nearest bf16, ties to even; NaNs stay NaNs. */
function floatToBrain(w: Words, value: Expr): Expr {
  const bits = w.keep(w.bits(value));
  const top = w.keep(w.shift("shr_u", bits, 16));
  const rounded = w.shift("shr_u", w.int("add", w.int("add", bits, w.word(0x7fff)), w.and(top, w.word(1))), 16);
  const isNan = w.int("gt_s", w.and(bits, w.word(0x7fffffff)), w.word(0x7f800000));
  return w.choose(w.keep(isNan), w.or(top, w.word(0x40)), rounded);
}

/** 0 is 2^-127, which f32 stores as a subnormal; 255 is NaN */
function powerToFloat(w: Words, bits: Expr): Expr {
  const e = w.keep(bits);
  const value = w.choose(w.keep(w.int("ne", e, w.word(0))), w.shift("shl", e, 23), w.word(0x00400000));
  return w.fromBits(w.choose(w.keep(w.int("ne", e, w.word(255))), value, w.word(0x7fc00000)));
}
/** The exponent, one more from 1.5 on; below the middle of 2^-127 and 2^-126 it is 0, and 255, NaN, for what is negative or too large. */
function floatToPower(w: Words, value: Expr): Expr {
  const bits = w.keep(w.bits(value));
  const rounded = w.int("min_u", w.shift("shr_u", w.int("add", bits, w.word(0x00400000)), 23), w.word(255));
  const isSmall = w.int("lt_s", w.and(bits, w.word(0x7fffffff)), w.word(0x00600000));
  const positive = w.choose(w.keep(isSmall), w.word(0), rounded);
  // all ones where the sign is set, except for -0
  const negative = w.and(w.shift("shr_s", w.int("sub", bits, w.word(1)), 31), w.shift("shr_s", bits, 31));
  return w.or(positive, w.and(negative, w.word(255)));
}
