// f16 and bf16 as JavaScript numbers and as bits. Exact: round to nearest even straight from float64, subnormals included.

interface Format {
  /** bits of the fraction */
  readonly fraction: number;
  /** exponent of the smallest normal number */
  readonly minExponent: number;
  /** smallest magnitude that rounds to infinity */
  readonly overflow: number;
}
const f16Format: Format = { fraction: 10, minExponent: -14, overflow: 65520 };
const bf16Format: Format = { fraction: 7, minExponent: -126, overflow: (2 - 2 ** -8) * 2 ** 127 };

const scratch = new DataView(new ArrayBuffer(8));
/** ⌊log2 |x|⌋ of a normal float64; anything small enough for what is below it */
function exponentOf(x: number): number {
  scratch.setFloat64(0, x);
  return ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023;
}
/** 1.5·2^52: adding and subtracting it rounds |y| < 2^51 to an integer, halves to even */
const ROUND = 6755399441055744;

function roundTo(x: number, f: Format): number {
  if (x === 0 || Number.isNaN(x)) return x;
  if (Math.abs(x) >= f.overflow) return x > 0 ? Infinity : -Infinity;
  const unit = 2 ** (Math.max(exponentOf(x), f.minExponent) - f.fraction);
  const rounded = (x / unit + ROUND - ROUND) * unit;
  return rounded === 0 && x < 0 ? -0 : rounded;
}
export const roundF16 = (x: number): number => roundTo(x, f16Format);
export const roundBf16 = (x: number): number => roundTo(x, bf16Format);

function encode(x: number, f: Format, exponentBits: number): number {
  const infinity = ((1 << exponentBits) - 1) << f.fraction;
  if (Number.isNaN(x)) return infinity | (1 << (f.fraction - 1));
  const r = roundTo(x, f);
  const sign = r < 0 || Object.is(r, -0) ? 0x8000 : 0;
  const size = Math.abs(r);
  if (size === Infinity) return sign | infinity;
  const e = Math.max(size === 0 ? f.minExponent : exponentOf(size), f.minExponent);
  const units = size / 2 ** (e - f.fraction);
  // a normal number has its leading one at bit `fraction`; adding the exponent field on top of the bits below does the rest
  return sign | (units + (e - f.minExponent) * (1 << f.fraction));
}
function decode(bits: number, f: Format, exponentBits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> f.fraction) & ((1 << exponentBits) - 1);
  const fraction = bits & ((1 << f.fraction) - 1);
  if (exponent === (1 << exponentBits) - 1) return fraction ? NaN : sign * Infinity;
  const leading = exponent ? 1 << f.fraction : 0;
  return sign * (leading + fraction) * 2 ** (Math.max(exponent, 1) - 1 + f.minExponent - f.fraction);
}
/** the 16 bits of the nearest f16; NaN is 0x7e00 */
export const f16Bits = (x: number): number => encode(x, f16Format, 5);
export const f16Value = (bits: number): number => decode(bits, f16Format, 5);
/** the 16 bits of the nearest bf16; NaN is 0x7fc0 */
export const bf16Bits = (x: number): number => encode(x, bf16Format, 8);
export const bf16Value = (bits: number): number => decode(bits, bf16Format, 8);
