// The seed of a run: an input of graphs that draw random numbers without a seed of their own. Beside what fills it in, apart from the
// pass that puts it in, so that a kept model needs no compiler.

/** two words of u32 */
export const runSeedName = "azulejo.run_seed";

/** the words of a whole number; without one, words that nobody knows */
export const seedWords = (seed: number | undefined): Uint32Array<ArrayBuffer> =>
  seed === undefined
    ? Uint32Array.from({ length: 2 }, () => Math.random() * 2 ** 32)
    : Uint32Array.of(seed, Math.floor(seed / 2 ** 32));
