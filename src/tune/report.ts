// What a tuning is asked for, and what it says.
import type { LoadOptions } from "../runtime/api.js";
import type { CpuTarget, Rates } from "../load/measure/roofs.js";
import type { TunedStep } from "./tune-step.js";

/** For `tuneKernel`, `tuneKernels` and `tuneModel`. */
export interface TuneOptions
  extends Pick<LoadOptions, "threads" | "engineFlags" | "signal" | "dims" | "operators" | "readExternal"> {
  /** "wasm" (default), "native", the best of both that is there: "cpu"; or the GPU: "webgpu" */
  readonly target?: "wasm" | "native" | "cpu" | "webgpu";
  /** milliseconds for all kernels together; default: 180,000 */
  readonly budgetMs?: number;
  /** times every schedule of the space; the budget is none unless it is given */
  readonly exhaustive?: boolean;
  /** the sizes of spaces alone; nothing is timed */
  readonly list?: boolean;
  /** also kernels that the base knows already */
  readonly again?: boolean;
  /** the base that is read and written; default: the user's own */
  readonly knowledge?: string;
  readonly onProgress?: (progress: TuneProgress) => void;
  /** as soon as a kernel is done */
  readonly onTuned?: (kernel: TunedKernel) => void;
}
/** How far a tuning is. */
export interface TuneProgress {
  /** 0..1 */
  readonly fraction: number;
  readonly kernel: string;
  readonly remainingMs: number;
}
/** What was found for one kernel with one set of sizes. Times are milliseconds. */
export interface TunedKernel {
  readonly kernel: string;
  /** by name for a kernel of the user's, of what it writes first for one of a model */
  readonly dims: Readonly<Record<string, number>>;
  /** how often the model runs it */
  readonly count: number;
  readonly space: number;
  readonly tried: number;
  readonly derivedMs: number;
  readonly foundMs: number;
  /** time of the derived schedule over that of the found one; 1: nothing better was found */
  readonly gain: number;
  /** 0: none is known, as on GPUs */
  readonly rooflineMs: number;
  /** what differs, and why it pays */
  readonly reasons: readonly string[];
  readonly ended: TunedStep["ended"] | "known" | "listed";
}
/** What a tuning did. */
export interface TuneReport {
  readonly target: CpuTarget | "webgpu";
  readonly threads: number;
  readonly processor: string;
  readonly rates: Rates;
  readonly kernels: readonly TunedKernel[];
  /** kernels whose sizes only the data of a run tell, and such that take too little of the run to matter */
  readonly open: number;
  readonly small: number;
  /** kernels for which the budget was over */
  readonly unreached: number;
  /** the base that was written */
  readonly knowledge: string;
  readonly timeMs: number;
}
