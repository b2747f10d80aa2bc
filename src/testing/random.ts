// Random numbers that a seed decides, for tests and checks. Not here: those of the operators (Philox, src/tile/random.ts).

/** Mulberry32 of Tommy Ettinger: 32 random bits a call, as a whole number from 0 to 2³² − 1. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}
