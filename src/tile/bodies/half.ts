// Conversions between f32 and the bits of f16 and bf16 as integer and float operations in the language: what lowering inlines at
// loads, stores and casts on machines without such instructions. Round to nearest even; subnormal numbers, ∞ and NaN included.
import type { AnyTile } from "../tile.js";
import { where } from "../tile.js";

/** f32 from an i32 tile that holds the bits of an f16 (upper half ignored) */
export function f32FromF16Bits(bits: AnyTile): AnyTile {
  const size = bits
    .and(0x7fff)
    .shl(13)
    .bitcast("f32")
    .mul(2 ** 112);
  // the largest exponent means ∞ or NaN in both formats; it arrives here as 2^16 and more
  const special = where(size.ge(65536), size.bitcast("i32").or(0x7f800000), size.bitcast("i32"));
  return bits.and(0x8000).shl(16).or(special).bitcast("f32");
}
/**
 * Bits of the nearest f16, as i32. The addition of a power of two cuts the fraction to 10 bits, or fewer for subnormal results, with
 * the machine's own rounding; the method is that of Marat Dukhan's FP16 library.
 */
export function f16BitsFromF32(x: AnyTile): AnyTile {
  const bits = x.bitcast("i32");
  const size = bits.and(0x7fffffff);
  // overflows to ∞ where f16 does
  const value = x
    .abs()
    .mul(2 ** 112)
    .mul(2 ** -110);
  const unit = bits.and(0x7f800000).maximum(0x38800000).add(0x07800000).bitcast("f32");
  const rounded = unit.add(value).bitcast("i32");
  const finite = rounded.shr(13).and(0x7c00).add(rounded.and(0xfff));
  return bits
    .shr(16)
    .and(0x8000)
    .or(where(size.gt(0x7f800000), 0x7e00, finite));
}
/** f32 from an i32 tile that holds the bits of a bf16: its upper half */
export const f32FromBf16Bits = (bits: AnyTile): AnyTile => bits.shl(16).bitcast("f32");
/** Bits of the nearest bf16, as i32: half a unit less one if the last kept bit is even, then cut */
export function bf16BitsFromF32(x: AnyTile): AnyTile {
  const bits = x.bitcast("i32");
  const odd = bits.shr(16).and(1);
  const rounded = bits.add(odd.add(0x7fff)).shr(16).and(0xffff);
  return where(bits.and(0x7fffffff).gt(0x7f800000), 0x7fc0, rounded);
}
/**
 * f32 next to an f64, with an odd last bit where it is inexact: rounding that once more to f16 or bf16 gives the same as rounding the
 * f64 would (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
 */
export function f32RoundedToOdd(x: AnyTile): AnyTile {
  const near = x.cast("f32");
  const bits = near.bitcast("i32");
  const back = near.cast("f64");
  const keep = back.eq(x).or(bits.and(1).ne(0)).or(x.ne(x));
  return where(keep, bits, where(back.abs().gt(x.abs()), bits.sub(1), bits.add(1))).bitcast("f32");
}
