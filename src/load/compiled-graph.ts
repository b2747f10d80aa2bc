// A graph of tensors that runs: compiled once for its symbols, and again for dims and contents that this does not fit. Compiling is
// asked of others, so that a model that was kept runs without a compiler.

import type { RunOptions, TargetReport } from "../runtime/target.js";
import { isGpuTensor } from "../runtime/gpu-tensor.js";
import type { TensorData } from "../runtime/tensor.js";
import { type General, type PerRun, type Runnable, symbolsOf } from "./per-run.js";

export class CompiledGraph implements Runnable {
  readonly general: General | undefined;
  readonly perRun: PerRun;
  /** why it is compiled on first use */
  readonly waits: string | undefined;

  constructor(general: General | undefined, perRun: PerRun, waits: string | undefined) {
    this.general = general;
    this.perRun = perRun;
    this.waits = waits;
  }
  async run(inputs: ReadonlyMap<string, TensorData>, options: RunOptions = {}): Promise<Map<string, TensorData>> {
    const { general } = this;
    // contents decide only of a program that was opened for one, or is to be
    const known = general && general.contents.size === 0 ? inputs : await withContents(inputs);
    const symbols = general && symbolsOf(general, known, options.symbols);
    if (symbols) return general.executable.run(known, { ...options, symbols });
    return this.perRun.run(await withContents(known), options);
  }
  report(): TargetReport {
    return this.general && !this.perRun.used ? this.general.executable.report() : this.perRun.report();
  }
  dispose(): void {
    this.general?.executable.dispose();
    this.perRun.dispose();
  }
}

/** more elements than sizes, axes or indices that decide dims */
const MOST_DECIDING = 64;
/** What may decide dims or a branch has to be read: small tensors. Larger ones stay where they are, and say so should they be asked. */
async function withContents(inputs: ReadonlyMap<string, TensorData>): Promise<ReadonlyMap<string, TensorData>> {
  const read = [...inputs].map(async ([name, t]): Promise<[string, TensorData]> => {
    const small = isGpuTensor(t) && t.dims.reduce((a, b) => a * b, 1) <= MOST_DECIDING;
    return [name, small ? await t.download() : t];
  });
  return new Map(await Promise.all(read));
}

export const emptyReport = (target: string, threads: number): TargetReport => ({
  target,
  threads,
  codeBytes: 0,
  functions: 0,
  kernels: [],
  constantBytes: 0,
  arenaBytes: 0,
  arenaLowerBoundBytes: 0,
  flags: [],
  notes: [],
  timesMs: {},
});
