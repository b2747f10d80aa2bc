// Philox in integers of any size, for references of random operators: written from the paper, apart from the tile code.
import type { Dtype } from "../ir/dtypes.js";

const word = (x: bigint): bigint => x & 0xffffffffn;

/** Ten rounds of Philox 4×32. */
export function philox(seed: readonly [low: number, high: number], counter: readonly number[]): readonly number[] {
  let [a, b, c, d] = [0, 1, 2, 3].map(i => BigInt((counter[i] ?? 0) >>> 0)) as [bigint, bigint, bigint, bigint];
  let [k, l] = [BigInt(seed[0] >>> 0), BigInt(seed[1] >>> 0)];
  for (let round = 0; round < 10; round++) {
    const [p, q] = [0xd2511f53n * a, 0xcd9e8d57n * c];
    [a, b, c, d] = [(q >> 32n) ^ b ^ k, word(q), (p >> 32n) ^ d ^ l, word(p)];
    [k, l] = [word(k + 0x9e3779b9n), word(l + 0xbb67ae85n)];
  }
  return [a, b, c, d].map(Number);
}

/** In [0, 1): the upper 24 bits, or 53 of two words where the dtype is f64. */
export const uniformNumber = (dtype: Dtype, [a, b]: readonly number[]): number =>
  dtype === "f64" ? ((a! >>> 5) * 2 ** 26 + (b! >>> 6)) / 2 ** 53 : (a! >>> 8) / 2 ** 24;

export function normalNumber(dtype: Dtype, [a, b, c, d]: readonly number[]): number {
  const first = 1 - uniformNumber(dtype, [a!, b!]);
  const second = dtype === "f64" ? uniformNumber(dtype, [c!, d!]) : uniformNumber(dtype, [b!]);
  return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
}
