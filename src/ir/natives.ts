// The functions of `call` nodes in float64: what interpreters use. Their bodies in the language are in tile/functions.ts.

const SQRT_PI = Math.sqrt(Math.PI);

/** erf(x) = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!! (Abramowitz and Stegun 7.1.6): all terms have one sign, nothing cancels */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / SQRT_PI) * Math.exp(-x * x) * sum;
}
/** erfc for x > 2 by its continued fraction (Abramowitz and Stegun 7.1.14), from the inside out */
function erfcFraction(x: number): number {
  let f = x;
  for (let n = 60; n > 0; n--) f = x + n / 2 / f;
  return Math.exp(-x * x) / (f * SQRT_PI);
}
export function erf(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  if (Math.abs(x) < 2) return erfSeries(x);
  return Math.sign(x) * (1 - erfcFraction(Math.abs(x)));
}

export const natives: Readonly<Record<string, (...x: number[]) => number>> = {
  exp: x => Math.exp(x!),
  exp2: x => 2 ** x!,
  log: x => Math.log(x!),
  log2: x => Math.log2(x!),
  tanh: x => Math.tanh(x!),
  erf: x => erf(x!),
  sin: x => Math.sin(x!),
  cos: x => Math.cos(x!),
  sigmoid: x => 1 / (1 + Math.exp(-x!)),
  // C's pow, not JavaScript's: 1 to any power is 1, and so is anything to the power 0
  pow: (x, y) => (x === 1 || (x === -1 && Math.abs(y!) === Infinity) ? 1 : x! ** y!),
};
