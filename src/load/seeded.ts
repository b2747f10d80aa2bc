// Inputs of a run with its seed, for models that draw random numbers without one of their own.
import { runSeedName, seedWords } from "../graph/run-seed.js";
import type { TensorData } from "../runtime/tensor.js";
import type { ModelInfo } from "./model-store.js";

/** `seed`: absent, every run draws anew */
export const seeded = (
  inputs: ReadonlyMap<string, TensorData>,
  { draws }: ModelInfo,
  seed: number | undefined,
): ReadonlyMap<string, TensorData> =>
  draws ? new Map(inputs).set(runSeedName, { dtype: "u32", dims: [2], data: seedWords(seed) }) : inputs;
