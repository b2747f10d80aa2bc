// Remainders of floats with both signs, of random bits: all exponents, so quotients that no float holds, subnormal numbers, infinities and NaN.
import assert from "node:assert/strict";
import { mulberry32 } from "../../src/testing/random.js";
import { f32, f64, grid } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

export const remainders32 = () =>
  kernel({ A: f32("N"), B: f32("N"), Mod: f32("N"), Rem: f32("N") }, ({ A, B, Mod, Rem, N }) =>
    grid(N.tile(), n => {
      Mod.at(n).set(A.at(n).mod(B.at(n)));
      Rem.at(n).set(A.at(n).rem(B.at(n)));
    }),
  ).ir;
export const remainders64 = () =>
  kernel({ A: f64("N"), B: f64("N"), Mod: f64("N"), Rem: f64("N") }, ({ A, B, Mod, Rem, N }) =>
    grid(N.tile(), n => {
      Mod.at(n).set(A.at(n).mod(B.at(n)));
      Rem.at(n).set(A.at(n).rem(B.at(n)));
    }),
  ).ir;

export interface Remainders<T> {
  readonly A: T;
  readonly B: T;
  readonly Mod: T;
  readonly Rem: T;
}

/** Pairs and what JavaScript makes of them, whose `%` is exact. A third of the divisors are near the dividend. */
export function remaindersOf<T extends Float32Array | Float64Array>(make: (length: number) => T): Remainders<T> {
  const length = 4000;
  const random = mulberry32(5);
  const bits = (): T => {
    const x = make(length);
    const words = new Uint32Array(x.buffer);
    words.forEach((_, i) => {
      words[i] = random();
    });
    return x;
  };
  const [A, B, Mod, Rem] = [bits(), bits(), make(length), make(length)];
  for (let i = 0; i < length; i++) {
    if (i % 3 === 0) B[i] = (A[i]! * random()) / 2 ** 32;
    if (i % 7 === 0) B[i] = random() % 20;
    if (i % 11 === 0) A[i] = B[i]! * (random() % 100_000);
    Rem[i] = A[i]! % B[i]!;
    const [r, b] = [A[i]! % B[i]!, B[i]!];
    Mod[i] = r === 0 ? (b < 0 ? -0 : 0) : r < 0 === b < 0 ? r : r + b;
  }
  return { A, B, Mod, Rem };
}

/** @throws AssertionError with the pair; NaN is NaN, whatever its bits */
export function assertRemainders(
  { A, B, Mod, Rem }: Remainders<ArrayLike<number>>,
  got: Readonly<Record<string, ArrayLike<unknown> | undefined>>,
): void {
  for (const [name, want] of Object.entries({ Mod, Rem })) {
    const wrong = Array.from(want).findIndex((x, i) => !Object.is(x, got[name]?.[i]));
    assert.equal(wrong, -1, `${name} of ${A[wrong]} by ${B[wrong]} is ${got[name]?.[wrong]}, not ${want[wrong]}`);
  }
}
