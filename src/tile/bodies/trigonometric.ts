// sin and cos in the language: reduction by multiples of π/2 in parts whose products are exact, then minimax polynomials on ±π/4.
import type { AnyTile } from "../tile.js";
import { where } from "../tile.js";
import type { Body } from "./format.js";
import { formatOf, horner } from "./format.js";

/** π/2 in parts of 8 (f32) and 33 (f64) bits: n times a part is exact for |n| < 2^16 and 2^20 */
const halfPi = {
  f32: [1.5703125, 0.0004825592041015625, 1.26659870147705078125e-6, 9.920936294705029e-10],
  f64: [1.57079632673412561417, 6.0771005063039659766e-11, 2.0222662487111664558e-21, 8.47842766036889956997e-32],
};
/** (sin(r)/r − 1) / r² and (cos(r) − 1 + r²/2) / r⁴ as polynomials in r² */
const sinTerms = {
  f32: [-0.16666655242443085, 0.008332100696861744, -0.0001950396253960207],
  f64: [
    -0.16666666666666666, 0.008333333333333325, -0.00019841269841256205, 2.7557319214415475e-6, -2.505210490218385e-8,
    1.6058359102785597e-10, -7.57809210160843e-13,
  ],
};
const cosTerms = {
  f32: [0.041666653007268906, -0.0013887654058635235, 2.446383768983651e-5],
  f64: [
    0.04166666666666665, -0.0013888888888882846, 2.480158729463356e-5, -2.7557315740699307e-7, 2.0875898081312824e-9,
    -1.1368002341468553e-11,
  ],
};

/** `quarter` 0 for sin, 1 for cos: a cosine is a sine a quarter turn later */
function turned(x: AnyTile, quarter: number): AnyTile {
  const { float } = formatOf(x);
  const n = x.mul(2 / Math.PI).round();
  let r = x;
  for (const part of halfPi[float]) r = r.sub(n.mul(part));
  // beyond the range of the reduction results are inexact, but they stay results of a sine
  r = r.maximum(-0.8).minimum(0.8);
  const z = r.mul(r);
  const sine = r.add(r.mul(z).mul(horner(z, sinTerms[float])));
  const cosine = z.mul(z).mul(horner(z, cosTerms[float])).add(z.mul(-0.5).add(1));
  const turns = n.cast("i32").add(quarter);
  const y = where(turns.and(1).ne(0), cosine, sine);
  return where(turns.and(2).ne(0), y.neg(), y);
}
// the sine of −0 is −0, which the reduction turns into 0
export const sin: Body = x => where(x.eq(0), x, turned(x, 0));
export const cos: Body = x => turned(x, 1);
