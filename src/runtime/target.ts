// What a target is to the runtime: it makes an executable of a program. Concrete targets are named only at the composition root.
import { type KernelProgram } from "../graph/program.js";
import { type SymbolValues } from "../graph/program-dims.js";
import { type TensorData } from "./tensor.js";

export interface CompileOptions {
  readonly threads: number;
  /** may the target turn on engine flags while compiling? ("auto": yes where it helps, restored after, shown in the report) */
  readonly engineFlags: "auto" | "never";
  readonly onProgress?: (p: Progress) => void;
  readonly signal?: AbortSignal;
  /** pinned schedules by kernel name */
  readonly schedules?: Readonly<Record<string, unknown>>;
}
export interface Progress {
  readonly phase: "read" | "graph" | "compile" | "weights" | "warmup";
  /** 0..1 within the phase */
  readonly fraction: number;
}
export interface KernelReport {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly function: string;
  readonly schedule: string;
}
export interface TargetReport {
  readonly target: string;
  readonly threads: number;
  readonly codeBytes: number;
  readonly functions: number;
  readonly kernels: readonly KernelReport[];
  readonly constantBytes: number;
  /** for the dims of the last run */
  readonly arenaBytes: number;
  /** largest sum of live buffers: what no plan can go below */
  readonly arenaLowerBoundBytes: number;
  readonly flags: readonly string[];
  readonly notes: readonly string[];
  readonly timesMs: Readonly<Record<string, number>>;
}
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** values of symbols that the dims of inputs don't tell: those of the graph around a segment */
  readonly symbols?: SymbolValues | undefined;
}
export interface Executable {
  /** Inputs by name, already checked for name, dtype and rank; resolves with the outputs. Concurrent runs queue. */
  run(inputs: ReadonlyMap<string, TensorData>, options?: RunOptions): Promise<Map<string, TensorData>>;
  runSync?(inputs: ReadonlyMap<string, TensorData>): Map<string, TensorData>;
  report(): TargetReport;
  dispose(): void;
}
export interface Target {
  readonly name: string;
  /** Starts what the next compile() will need, while its caller still reads the model. */
  begin?(options: CompileOptions): void;
  /** Ends what begin() started, if nothing has been compiled since. */
  abandon?(): void;
  compile(program: KernelProgram, options: CompileOptions): Promise<Executable>;
}
