// What a target is to the runtime: it makes an executable of a program. Concrete targets are named only at the composition root.
import { type KernelProgram, type ProgramInterface } from "../graph/program.js";
import { type SymbolValues } from "../graph/program-dims.js";
import type { Tuning } from "../schedule/knowledge.js";
import { type TensorData } from "./tensor.js";

/** of a model */
export const MOST_THREADS = 64;

export interface CompileOptions {
  readonly threads: number;
  /** may the target turn on engine flags while compiling? ("auto": yes where it helps, restored after, shown in the report) */
  readonly engineFlags: "auto" | "never";
  readonly onProgress?: (p: Progress) => void;
  readonly signal?: AbortSignal;
  /** false: nothing that is compiled stays on disk */
  readonly cache?: boolean;
  /** longest run, in milliseconds, that the calling thread may do; 0: none. Default: the target's own */
  readonly shortRunMs?: number;
  /** pinned schedules by kernel name */
  readonly schedules?: Readonly<Record<string, unknown>>;
  /** tuned schedules for kernels that are not pinned */
  readonly tuning?: Tuning;
}
/** How far loading is. "read": the file; "graph": passes; "compile": to WebAssembly; "weights": packing them into memory */
export interface Progress {
  readonly phase: "read" | "graph" | "compile" | "weights" | "warmup";
  /** 0..1 within the phase */
  readonly fraction: number;
}
export interface KernelReport {
  readonly name: string;
  /** of the graph: what was fused into it */
  readonly nodes: readonly string[];
  /** name in the code; kernels of one structure share it */
  readonly function: string;
  /** in short; explain() prints it in full */
  readonly schedule: string;
  /** its schedule comes from a knowledge base: azulejo tune found it */
  readonly tuned?: true;
}
/** Bytes that went to a device, or came from it. */
export interface Transfer {
  readonly direction: "up" | "down";
  /** `input "image"`, `output "logits"`, `condition "more"`, `kernel "f" on the host` */
  readonly what: string;
  readonly bytes: number;
}
export interface TargetReport {
  readonly target: string;
  readonly threads: number;
  /** of the WebAssembly module, without weights */
  readonly codeBytes: number;
  readonly functions: number;
  /** in the order in which they run */
  readonly kernels: readonly KernelReport[];
  /** weights as they are packed */
  readonly constantBytes: number;
  /** for the dims of the last run */
  readonly arenaBytes: number;
  /** largest sum of live buffers: what no plan can go below */
  readonly arenaLowerBoundBytes: number;
  /** of the engine: set while compiling, restored after */
  readonly flags: readonly string[];
  /** what is worth knowing, in sentences */
  readonly notes: readonly string[];
  /** milliseconds of loading by phase: lower, emit, engine, weights; weights are read while the engine compiles */
  readonly timesMs: Readonly<Record<string, number>>;
  /** of the last run, in its order; absent: the target computes in the memory of the host */
  readonly transfers?: readonly Transfer[];
}
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** of random numbers for which the model gives none */
  readonly seed?: number | undefined;
  /** values of symbols that the dims of inputs don't tell: those of the graph around a segment */
  readonly symbols?: SymbolValues | undefined;
  /** outputs, by name, that stay in the memory of the device; targets without one don't look at it */
  readonly onGpu?: ReadonlySet<string> | undefined;
  /** told how long each step took; such a run is slower than others */
  readonly onStep?: ((step: StepTime) => void) | undefined;
  /** with onStep: only the steps at these positions run, over what the run before left in memory, inputs too, and there are no outputs; CPU targets alone look at it */
  readonly onlySteps?: ReadonlySet<number> | undefined;
}
/** An executable as data, from which its target makes it again without compiling. */
export interface SavedExecutable {
  /** goes through JSON */
  readonly head: unknown;
  readonly parts: readonly SavedPart[];
}
export interface SavedPart {
  readonly byteLength: number;
  /** Fills `target` from `offset` on; valid while the executable is held, or the file is open. */
  readInto(offset: number, target: Uint8Array): Promise<void>;
}
/** How long one step of a run took. */
export interface StepTime {
  /** "if" and "loop": with all that they run */
  readonly kernel: string;
  readonly nodes: readonly string[];
  /**
   * "gpu": by timestamps of the GPU; "submission": a submission of its own, hand-over included; "cpu": on the calling thread and the workers;
   * "host": by JavaScript
   */
  readonly where: "gpu" | "submission" | "cpu" | "host";
  /** since the run began */
  readonly startMs: number;
  readonly timeMs: number;
}
export interface Executable {
  readonly program: ProgramInterface;
  /** Inputs by name, already checked for name, dtype and rank; resolves with the outputs. Concurrent runs queue. */
  run(inputs: ReadonlyMap<string, TensorData>, options?: RunOptions): Promise<Map<string, TensorData>>;
  runSync?(inputs: ReadonlyMap<string, TensorData>): Map<string, TensorData>;
  report(): TargetReport;
  /** Absent where a program can't be kept. */
  save?(): SavedExecutable;
  /** What save() gives can be read until the release is called, also after dispose(); absent where it always can. */
  hold?(): () => void;
  dispose(): void;
}
export interface Target {
  readonly name: string;
  compile(program: KernelProgram, options: CompileOptions): Promise<Executable>;
  /** Puts a tensor of the host into the memory of the device; absent: the target has none of its own. */
  place?(tensor: TensorData): Promise<TensorData>;
}
