// exp2, exp, expm1, sigmoid and tanh in the language: 2^n times a polynomial. Coefficients are minimax fits (Remez) of relative error.
import type { AnyTile } from "../tile.js";
import { literal, where } from "../tile.js";
import type { Body } from "./format.js";
import { formatOf, horner, withSignOf } from "./format.js";

/** (2^f − 1 − f·ln 2) / f² on [−½, ½]: 1.5e-7 for f32, 7.7e-18 for f64; 2^0 is exactly 1 */
const exp2Terms = {
  f32: [0.24022167921066284, 0.05550362914800644, 0.009676037356257439, 0.0013390866806730628],
  f64: [
    0.2402265069591012, 0.055504108664821604, 0.009618129107595108, 0.0013333558146410656, 0.00015403530458701168,
    1.525273383887902e-5, 1.3215433539637458e-6, 1.0178057622863297e-7, 7.074194562613105e-9, 4.4558180309131894e-10,
  ],
};
/** (e^r − 1 − r) / r² on ±½·ln 2: 1.5e-7 for f32, 7.7e-18 for f64 */
const expTerms = {
  f32: [0.49998995661735535, 0.1666652262210846, 0.041917528957128525, 0.008369150571525097],
  f64: [
    0.500000000000001, 0.16666666666666674, 0.041666666666522106, 0.008333333333322215, 0.0013888888947785523,
    0.00019841269886563802, 2.4801487366025675e-5, 2.755724236744966e-6, 2.7632640675430235e-7, 2.5110038296727242e-8,
  ],
};
/** the same, weighted for e^r − 1: 1.2e-7 for f32, 2.7e-18 for f64 */
const expm1Terms = {
  f32: [0.49999821186065674, 0.16666577756404877, 0.041726309806108475, 0.0083631481975317, 0.0009941344615072012],
  f64: [
    0.5000000000000001, 0.1666666666666667, 0.0416666666666523, 0.00833333333332616, 0.0013888888895593106,
    0.0001984126987474495, 2.4801574543211277e-5, 2.755725548743022e-6, 2.7567925056102806e-7, 2.510518354520322e-8,
    1.7687723268769863e-9,
  ],
};
/** where results leave the dtype: below the first everything is 0, above the second infinite */
const exp2Range = { f32: [-151, 129], f64: [-1077, 1025] } as const;
const expRange = { f32: [-105, 89], f64: [-747, 710] } as const;
/** ln 2 in two parts; n times the first is exact */
const ln2Parts = {
  f32: [0.693145751953125, 1.42860677e-6],
  f64: [6.93147180369123816e-1, 1.9082149292705877e-10],
} as const;

interface Split {
  /** the integer nearest to t, as a float */
  readonly n: AnyTile;
  /** t + magic: the low bits of its pattern hold n + bias */
  readonly shifted: AnyTile;
}
/** Rounds t to an integer by adding 1.5·2^23 (2^52), which also leaves `n + bias` in the low bits. */
function split(t: AnyTile, bias: number): Split {
  const magic = formatOf(t).magic + bias;
  const shifted = t.add(magic);
  return { n: shifted.sub(magic), shifted };
}
/** 2^(the low bits of a shifted sum) */
function powerOfTwo(shifted: AnyTile): AnyTile {
  const { integer, fraction, float } = formatOf(shifted);
  return shifted.bitcast(integer).shl(fraction).bitcast(float);
}
/** p·2^n in two steps, so that n may be beyond the exponents of the dtype and subnormal results round once */
function scaled(p: AnyTile, { shifted }: Split): AnyTile {
  const { integer, fraction, float, bias, magicBits } = formatOf(p);
  const n = shifted.bitcast(integer).sub(magicBits);
  const half = n.shr(1);
  const power = (k: AnyTile): AnyTile => k.add(bias).shl(fraction).bitcast(float);
  return p.mul(power(half)).mul(power(n.sub(half)));
}

/** For x ≤ 0 one multiplication does: the polynomial is made smaller by 2^-shift, the power larger by as much. */
function small(
  x: AnyTile,
  lowest: number,
  reduce: (x: AnyTile, bias: number) => Split & { r: AnyTile },
  first: number,
  terms: readonly number[],
) {
  const { bias, shift } = formatOf(x);
  const unit = 2 ** -shift;
  const { shifted, r } = reduce(x.maximum(lowest), bias + shift);
  const p = horner(r, [unit, first * unit, ...terms.map(c => c * unit)]);
  return p.mul(powerOfTwo(shifted));
}
function general(
  x: AnyTile,
  [lo, hi]: readonly [number, number],
  reduce: (x: AnyTile, bias: number) => Split & { r: AnyTile },
  first: number,
  terms: readonly number[],
) {
  const reduced = reduce(x.maximum(lo).minimum(hi), 0);
  return scaled(horner(reduced.r, [1, first, ...terms]), reduced);
}

const reduceExp2 = (x: AnyTile, bias: number) => {
  const s = split(x, bias);
  return { ...s, r: x.sub(s.n) };
};
const reduceExp = (x: AnyTile, bias: number) => {
  const s = split(x.mul(Math.LOG2E), bias);
  const [hi, lo] = ln2Parts[formatOf(x).float];
  return { ...s, r: x.sub(s.n.mul(hi)).sub(s.n.mul(lo)) };
};

export const exp2: Body = (x, { nonPositive }) => {
  const { float } = formatOf(x);
  const range = exp2Range[float];
  if (nonPositive) return small(x, range[0], reduceExp2, Math.LN2, exp2Terms[float]);
  return general(x, range, reduceExp2, Math.LN2, exp2Terms[float]);
};
/** 2^n · 2^f for an integer n within the range of exp2 and |f| ≤ ½ */
export const exp2OfParts = (n: AnyTile, f: AnyTile): AnyTile =>
  scaled(horner(f, [1, Math.LN2, ...exp2Terms[formatOf(f).float]]), split(n, 0));

export const exp: Body = (x, { nonPositive }) => {
  const { float } = formatOf(x);
  const range = expRange[float];
  if (nonPositive) return small(x, range[0], reduceExp, 1, expTerms[float]);
  return general(x, range, reduceExp, 1, expTerms[float]);
};

/** e^x − 1 for x ≤ 0, without cancellation; beyond −60 it is −1 in every dtype */
function expm1(x: AnyTile): AnyTile {
  const { float, bias } = formatOf(x);
  const { shifted, r } = reduceExp(x.maximum(-60), bias);
  const q = r.add(r.mul(r).mul(horner(r, expm1Terms[float])));
  const power = powerOfTwo(shifted);
  return power.mul(q).add(power.sub(1));
}
/** with e = expm1(−2|x|): tanh |x| = −e / (2 + e) */
export const tanh: Body = x => {
  const e = expm1(x.abs().mul(-2));
  return withSignOf(x, e.neg().div(e.add(2)));
};
/** with e = exp(−|x|): 1 / (1 + e), or e / (1 + e) where x is negative: neither overflows */
export const sigmoid: Body = x => {
  const e = exp(x.abs().neg(), { nonPositive: true });
  const r = literal(x.dtype, 1).div(e.add(1));
  return where(x.ge(0), r, e.mul(r));
};
