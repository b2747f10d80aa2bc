// Random numbers that a text decides: every draw has a stream of its own, so that one can be drawn again without those before it.
import { mulberry32 } from "../../../src/testing/random.js";

/** 32 bits of state: enough for draws of a few hundred numbers. */
export class Random {
  readonly #next: () => number;
  constructor(seed: string) {
    // FNV-1a
    let hash = 0x811c9dc5;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    this.#next = mulberry32(hash);
    this.unit();
  }
  /** from 0 to below 1 */
  unit(): number {
    return this.#next() / 2 ** 32;
  }
  /** a whole number, both ends included */
  int(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }
  /** true once in so many times as 1 / `share` */
  chance(share: number): boolean {
    return this.unit() < share;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }
  list<T>(count: number, make: (i: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => make(i));
  }
  shuffled<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}

/** Sizes where kernels change their ways: none, one, below and above a vector of 4, a tile and its neighbours. */
export function size(random: Random): number {
  const kind = random.unit();
  if (kind < 0.05) return 0;
  if (kind < 0.25) return 1;
  if (kind < 0.85) return random.int(2, 8);
  return kind < 0.98 ? random.int(9, 19) : random.pick([31, 32, 33, 64, 65]);
}

/** A list of sizes, few enough elements that a reference on plain arrays is done at once. */
export function sizes(random: Random, rank: number, most = 1500): number[] {
  const dims = random.list(rank, () => size(random));
  while (dims.reduce((a, b) => a * b, 1) > most) {
    const largest = dims.indexOf(Math.max(...dims));
    dims[largest] = Math.ceil(dims[largest]! / 3);
  }
  return dims;
}
