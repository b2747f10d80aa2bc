// Bit-level facts of f32 and f64 that the bodies of functions share, and polynomials.
import type { AnyTile } from "../tile.js";

/** What is known about the argument; a body may leave out what that makes dead. */
export interface Facts {
  readonly nonPositive?: boolean;
}
/** A function of one argument, f32 or f64, in the language. */
export type Body = (x: AnyTile, facts: Facts) => AnyTile;

interface Format {
  readonly float: "f32" | "f64";
  readonly integer: "i32" | "i64";
  /** bits of the fraction */
  readonly fraction: number;
  readonly bias: number;
  /** 1.5·2^fraction: adding and subtracting it rounds to an integer */
  readonly magic: number;
  readonly magicBits: number | bigint;
  readonly signBit: number | bigint;
  /** smallest normal number */
  readonly smallest: number;
  /** 2^-shift: room for the smallest results above the smallest normal power */
  readonly shift: number;
}
const f32: Format = {
  float: "f32",
  integer: "i32",
  fraction: 23,
  bias: 127,
  magic: 12582912,
  magicBits: 0x4b400000,
  signBit: -0x80000000,
  smallest: 2 ** -126,
  shift: 30,
};
const f64: Format = {
  float: "f64",
  integer: "i64",
  fraction: 52,
  bias: 1023,
  magic: 6755399441055744,
  magicBits: 0x4338000000000000n,
  signBit: -0x8000000000000000n,
  smallest: 2 ** -1022,
  shift: 200,
};
export const formatOf = (x: AnyTile): Format => (x.dtype === "f64" ? f64 : f32);

/** c₀ + x·(c₁ + x·(c₂ + …)) */
export function horner(x: AnyTile, coefficients: readonly number[]): AnyTile {
  let p = x.mul(coefficients.at(-1)!).add(coefficients.at(-2)!);
  for (let k = coefficients.length - 3; k >= 0; k--) p = p.mul(x).add(coefficients[k]!);
  return p;
}
/** |y| with the sign of x */
export function withSignOf(x: AnyTile, y: AnyTile): AnyTile {
  const { integer, float, signBit } = formatOf(x);
  return x.bitcast(integer).and(signBit).or(y.abs().bitcast(integer)).bitcast(float);
}
