// Chance that is the same every time: random numbers and smooth random fields from a seed.

/** Numbers in 0..1 (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Approximately normal with mean 0 and deviation 1: the sum of four uniform numbers, scaled. */
export function normal(random: () => number): number {
  return (random() + random() + random() + random() - 2) * Math.sqrt(3);
}

/** A smooth field in 0..1 over the plane: random values at whole coordinates, eased between. */
export function smoothField(seed: number): (x: number, y: number) => number {
  const size = 256;
  const random = randomNumbers(seed);
  const lattice = Float32Array.from({ length: size * size }, random);
  const at = (x: number, y: number) => lattice[(y & (size - 1)) * size + (x & (size - 1))]!;
  const ease = (t: number) => t * t * (3 - 2 * t);
  return (x, y) => {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const fx = ease(x - left);
    const fy = ease(y - top);
    const above = at(left, top) * (1 - fx) + at(left + 1, top) * fx;
    const below = at(left, top + 1) * (1 - fx) + at(left + 1, top + 1) * fx;
    return above * (1 - fy) + below * fy;
  };
}
