// 16-bit floats as bits: IEEE binary16 and bfloat16, to and from numbers, rounding to nearest even in one step from float64.
// Only for interpreters, readers and constants; compiled code converts with its own instructions.

const scratch = new DataView(new ArrayBuffer(8));

interface Format {
  readonly exponentBits: number;
  readonly fractionBits: number;
}
const formats: Readonly<Record<"f16" | "bf16", Format>> = {
  f16: { exponentBits: 5, fractionBits: 10 },
  bf16: { exponentBits: 8, fractionBits: 7 },
};

export function floatFromBits(dtype: "f16" | "bf16", bits: number): number {
  const { exponentBits, fractionBits } = formats[dtype];
  const top = 2 ** exponentBits - 1;
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> fractionBits) & top;
  const fraction = bits & (2 ** fractionBits - 1);
  const bias = top >> 1;
  if (exponent === top) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
  return sign * (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias);
}

export function floatToBits(dtype: "f16" | "bf16", x: number): number {
  const { exponentBits, fractionBits } = formats[dtype];
  const top = 2 ** exponentBits - 1;
  const bias = top >> 1;
  scratch.setFloat64(0, x);
  const sign = (scratch.getUint8(0) & 0x80) << 8;
  if (Number.isNaN(x)) return sign | (top << fractionBits) | (1 << (fractionBits - 1));
  const magnitude = Math.abs(x);
  if (magnitude === 0) return sign;
  // the exponent of the leading bit, clamped to that of the subnormals; float64 subnormals are far below and round to 0
  const leading = ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023;
  const exponent = Math.max(leading, 1 - bias);
  const steps = roundHalfEven(magnitude / 2 ** (exponent - fractionBits));
  // a carry out of the fraction lands in the exponent, also from the largest subnormal and from the largest number to infinity
  const bits = steps + (exponent - (1 - bias)) * 2 ** fractionBits;
  return sign | Math.min(bits, top * 2 ** fractionBits);
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
