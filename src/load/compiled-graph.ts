// A graph of tensors that runs: compiled once for its symbols, and again for dims and contents that this does not fit. Compiling is
// asked of others, so that a model that was kept runs without a compiler.

import type { RunOptions, TargetReport } from "../runtime/target.js";
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
    const symbols = general && symbolsOf(general, inputs, options.symbols);
    return symbols ? general.executable.run(inputs, { ...options, symbols }) : this.perRun.run(inputs, options);
  }
  report(): TargetReport {
    return this.general && !this.perRun.used ? this.general.executable.report() : this.perRun.report();
  }
  dispose(): void {
    this.general?.executable.dispose();
    this.perRun.dispose();
  }
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
