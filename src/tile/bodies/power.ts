// pow in the language: log2 of the base in two numbers, after FreeBSD's e_pow.c and e_powf.c (Sun Microsystems' method), without their tables.
// f32 computes in f64, whose 53 bits are enough for the product, and in two numbers of f32 where a target has no f64.
import type { AnyTile } from "../tile.js";
import { literal, where } from "../tile.js";
import { exp2, exp2OfParts } from "./exponential.js";
import { formatOf, horner } from "./format.js";
import { exponentAndFraction, log2 } from "./logarithm.js";

interface Precision {
  /** 3·(atanh(s)/s − 1 − s²/3) / s⁴ in s² */
  readonly terms: readonly number[];
  /** 2/(3·ln 2) in two parts, the first as short as upper() makes it */
  readonly scale: readonly [number, number];
  /** of the upper bits: products of two such numbers are exact */
  readonly mask: number | bigint;
  /** exponents beyond which results are 0 or infinite */
  readonly range: readonly [number, number];
}
const precisions: Readonly<Record<"f32" | "f64", Precision>> = {
  // 7e-9
  f32: {
    terms: [5, 7, 9, 11, 13].map(n => 3 / n),
    scale: [0.9619140625, -1.1736857402e-4],
    mask: -0x1000,
    range: [-152, 130],
  },
  // 2e-24
  f64: {
    terms: [
      0.2, 0.14285714285714265, 0.11111111111122564, 0.09090909088044434, 0.07692308082726666, 0.06666635275913503,
      0.058838820330266155, 0.05218930596355026, 0.05455034581152411,
    ].map(c => 3 * c),
    scale: [0.961796700954437255859, -7.02846165095275826516e-9],
    mask: -0x100000000n,
    range: [-1080, 1030],
  },
};
/** 2/(3·ln 2) */
const SCALE = 0.961796693925975554329;
/** beyond it every power is 0, 1 or infinite; products with it stay finite */
const LARGEST_EXPONENT = 2 ** 70;

const precisionOf = (x: AnyTile): Precision => precisions[formatOf(x).float];
function upper(x: AnyTile): AnyTile {
  const { integer, float } = formatOf(x);
  return x.bitcast(integer).and(precisionOf(x).mask).bitcast(float);
}

/** log2(x) as high + low, for x above 0 */
function preciseLog2(x: AnyTile): { readonly high: AnyTile; readonly low: AnyTile } {
  const { terms, scale } = precisionOf(x);
  const { e, m } = exponentAndFraction(x);
  const f = m.sub(1);
  const v = m.add(1).reciprocal();
  const s = f.mul(v);
  const sh = upper(s);
  const dh = upper(m.add(1));
  const dl = m.sub(dh.sub(1));
  const sl = v.mul(f.sub(sh.mul(dh)).sub(sh.mul(dl)));
  const z = s.mul(s);
  const r = z
    .mul(z)
    .mul(horner(z, terms))
    .add(sl.mul(sh.add(s)));
  const sh2 = sh.mul(sh);
  const th = upper(sh2.add(3).add(r));
  const tl = r.sub(th.sub(3).sub(sh2));
  const u = sh.mul(th);
  const w = sl.mul(th).add(tl.mul(s));
  const ph = upper(u.add(w));
  const pl = w.sub(ph.sub(u));
  const zh = ph.mul(scale[0]);
  const zl = ph.mul(scale[1]).add(pl.mul(SCALE));
  const high = upper(zh.add(zl).add(e));
  return { high, low: zl.sub(high.sub(e).sub(zh)) };
}
/** x^y for finite x above 0 */
function precisePower(x: AnyTile, y: AnyTile): AnyTile {
  const [lowest, highest] = precisionOf(x).range;
  const { high, low } = preciseLog2(x);
  const yh = upper(y);
  const low2 = y.sub(yh).mul(high).add(y.mul(low));
  const high2 = yh.mul(high);
  const sum = high2.add(low2);
  const n = sum.maximum(lowest).minimum(highest).round();
  const outside = sum.le(lowest).or(sum.ge(highest));
  return exp2OfParts(n, where(outside, 0, high2.sub(n).add(low2)));
}

/** C's pow (ISO C F.10.4.4): x^0 and 1^y are 1 even beside NaN; a negative base needs an integer exponent */
function withSpecials(x: AnyTile, y: AnyTile, power: (base: AnyTile, exponent: AnyTile) => AnyTile): AnyTile {
  const { float, integer } = formatOf(x);
  const base = x.abs();
  const finite = base.gt(0).and(base.lt(Number.POSITIVE_INFINITY));
  const exponent = y.maximum(-LARGEST_EXPONENT).minimum(LARGEST_EXPONENT);
  const usual = power(where(finite, base, 1), exponent);
  const whole = y.floor().eq(y);
  const odd = whole.and(y.mul(0.5).floor().ne(y.mul(0.5)));
  // 0 and ∞ to a power are 0 or ∞ again; a NaN base stays NaN
  const extreme = where(base.eq(0).eq(y.lt(0)), literal(float, Number.POSITIVE_INFINITY), 0);
  const size = where(finite, usual, where(base.eq(base).and(y.eq(y)), extreme, Number.NaN));
  const negative = x.bitcast(integer).lt(0);
  const signed = where(negative.and(odd), size.neg(), size);
  const real = where(x.lt(0).and(finite).and(whole.not()), Number.NaN, signed);
  return where(y.eq(0).or(x.eq(1)), 1, real);
}
export function pow(x: AnyTile, y: AnyTile): AnyTile {
  if (x.dtype === "f64") return powInParts(x, y);
  const wide = withSpecials(x.cast("f64"), y.cast("f64"), (base, e) => exp2(log2(base, {}).mul(e), {}));
  return wide.cast("f32");
}
/** In the dtype of its arguments alone. */
export const powInParts = (x: AnyTile, y: AnyTile): AnyTile => withSpecials(x, y, precisePower);
