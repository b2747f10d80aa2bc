// log and log2 in the language: exponent plus an odd series in s = (m − 1) / (m + 1), m in [√½, √2). The way of adding up without
// cancellation is that of FreeBSD's e_log.c; coefficients are minimax fits (Remez).
import type { AnyTile } from "../tile.js";
import { literal, where } from "../tile.js";
import type { Body } from "./format.js";
import { formatOf, horner } from "./format.js";

/** (log(m) − 2s) / s³ as a polynomial in s²: 1.4e-9 for f32, 2.3e-18 for f64 */
const terms = {
  f32: [0.6666677594184875, 0.3997608423233032, 0.29925453662872314],
  f64: [
    0.666666666666671, 0.39999999999520114, 0.2857142872920423, 0.2222219910037862, 0.18183570998444593,
    0.15313179277392916, 0.14810362639819422,
  ],
};
const ln2Parts = {
  f32: [0.693145751953125, 1.42860677e-6],
  f64: [6.93147180369123816e-1, 1.9082149292705877e-10],
} as const;
/** bits of √½, rounded down */
const sqrtHalf = { f32: 0x3f3504f3, f64: 0x3fe6a09e667f3bcdn } as const;

/** x = 2^e · m with m in [√½, √2), for x above 0; subnormal numbers are scaled up first */
export function exponentAndFraction(x: AnyTile): { readonly e: AnyTile; readonly m: AnyTile } {
  const { integer, float, fraction, smallest } = formatOf(x);
  const tiny = x.lt(smallest);
  const bits = where(tiny, x.mul(2 ** fraction), x).bitcast(integer);
  const e = bits.sub(sqrtHalf[float]).shr(fraction);
  const m = bits.sub(e.shl(fraction)).bitcast(float);
  const exponent = e.cast(float);
  return { e: where(tiny, exponent.sub(fraction), exponent), m };
}

/** log(m) = f − (f²/2 − s·(f²/2 + R)) */
function parts(x: AnyTile) {
  const { float } = formatOf(x);
  const { e, m } = exponentAndFraction(x);
  const f = m.sub(1);
  const s = f.div(f.add(2));
  const z = s.mul(s);
  const half = f.mul(f).mul(0.5);
  return { e, f, half, tail: s.mul(half.add(z.mul(horner(z, terms[float])))) };
}
/** what lies outside of the positive numbers: 0 is −∞, negative numbers and NaN are NaN, ∞ is itself */
const withSpecials = (x: AnyTile, y: AnyTile): AnyTile =>
  where(
    x.gt(0),
    where(x.lt(Number.POSITIVE_INFINITY), y, x),
    where(x.eq(0), literal(x.dtype, Number.NEGATIVE_INFINITY), Number.NaN),
  );

export const log: Body = x => {
  const [hi, lo] = ln2Parts[formatOf(x).float];
  const { e, f, half, tail } = parts(x);
  return withSpecials(x, e.mul(hi).sub(half.sub(tail.add(e.mul(lo))).sub(f)));
};
export const log2: Body = x => {
  const { e, f, half, tail } = parts(x);
  return withSpecials(x, e.add(f.sub(half.sub(tail)).mul(Math.LOG2E)));
};
