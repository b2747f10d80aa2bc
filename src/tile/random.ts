// Random numbers as a function of a seed and a place: Philox 4×32 with ten rounds (Salmon, Moraes, Dror, Shaw: "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011). There is no state, so numbers are the same whoever computes them, in whatever order.
import type { AnyTile, Tile } from "./tile.js";
import { literal } from "./tile.js";

/** A seed of 64 bits, low word first: numbers, or words of u32 that a run tells. */
export type Seed = readonly [low: number | AnyTile, high: number | AnyTile];

/** multipliers of the two products of a round, and what is added to the key's words after each */
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;
const ROUNDS = 10;

/** The upper word of a · m, from products of halves: lanes have no 64-bit product. */
function upperProduct(a: AnyTile, m: number): AnyTile {
  const [low, high] = [m & 0xffff, m >>> 16];
  const [al, ah] = [a.and(0xffff), a.shr(16)];
  const middle = ah.mul(low).add(al.mul(low).shr(16));
  const other = al.mul(high).add(middle.and(0xffff));
  return ah.mul(high).add(middle.shr(16)).add(other.shr(16));
}

const word = (k: number | AnyTile): number | AnyTile => (typeof k === "number" ? k >>> 0 : k);
const stepped = (k: number | AnyTile, by: number): number | AnyTile =>
  typeof k === "number" ? (k + by) >>> 0 : k.add(by);

/** Four independent words of 32 random bits for each value of the counter, which is up to four integer tiles. */
export function randomBits(seed: Seed, ...counter: readonly AnyTile[]): readonly Tile<string, "u32">[] {
  let words: AnyTile[] = Array.from({ length: 4 }, (_, i) => counter[i]?.cast("u32") ?? literal("u32", 0));
  let [k0, k1] = seed;
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b, c, d] = words as [AnyTile, AnyTile, AnyTile, AnyTile];
    words = [
      upperProduct(c, MULTIPLIERS[1]).xor(b).xor(word(k0)),
      c.mul(MULTIPLIERS[1]),
      upperProduct(a, MULTIPLIERS[0]).xor(d).xor(word(k1)),
      a.mul(MULTIPLIERS[0]),
    ];
    [k0, k1] = [stepped(k0, WEYL[0]), stepped(k1, WEYL[1])];
  }
  return words;
}

/** Bits as numbers in [0, 1): 24 bits of the first word in f32, 53 bits of both in f64. */
export function uniform(dtype: "f32" | "f64", first: AnyTile, second: AnyTile): AnyTile {
  if (dtype === "f32")
    return first
      .shr(8)
      .cast("f32")
      .mul(2 ** -24);
  const high = first
    .shr(5)
    .cast("f64")
    .mul(2 ** 26);
  return high.add(second.shr(6).cast("f64")).mul(2 ** -53);
}

/** Four words of bits as a number of the standard normal distribution (Box and Muller). */
export function normal(dtype: "f32" | "f64", bits: readonly AnyTile[]): AnyTile {
  const [a, b, c, d] = bits as readonly [AnyTile, AnyTile, AnyTile, AnyTile];
  // in (0, 1]: its logarithm is finite
  const first = literal(dtype, 1).sub(uniform(dtype, a, b));
  const second = dtype === "f32" ? uniform(dtype, b, b) : uniform(dtype, c, d);
  return first
    .log()
    .mul(-2)
    .sqrt()
    .mul(second.mul(2 * Math.PI).cos());
}
