// The contract between the planner of a WASM program and the machine that runs it: instructions with absolute addresses.
// The machine owns module, memory, workers and the driver inside the module; it knows nothing of kernels, dims or tensors.
import { canShareMemory, canStartWorkers } from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";
import { CallerMachine } from "./machine-caller.js";
import type { EngineFlags } from "./machine-engine.js";
import { MAX_THREADS } from "./machine-layout.js";
import { SharedMachine } from "./machine-shared.js";
import { WorkerMachine } from "./machine-worker.js";
import type { AssembledModule } from "./module.js";

/** One call of a kernel phase, or a branch on a byte of program memory; conditions are read inside the program. */
export type Instruction =
  | {
      readonly op: "call";
      /** index into the module's function table; signature (params: i32, block: i32, scratch: i32) → () */
      readonly func: number;
      /** i32 words that the function finds at `params` */
      readonly params: readonly number[];
      /** the function is called once for every block in 0 … blocks-1, in any order, on any thread */
      readonly blocks: number;
    }
  | {
      readonly op: "if";
      readonly conditionAddress: number;
      readonly then: readonly Instruction[];
      readonly else: readonly Instruction[];
    };

export interface Prepared {
  readonly id: number;
}
export interface Transfer {
  readonly address: number;
  readonly bytes: Uint8Array;
}
export interface Range {
  readonly address: number;
  readonly byteLength: number;
}

export interface Machine {
  readonly threads: number;
  /** memory is shared with this thread: transfers cost a copy and no message */
  readonly shared: boolean;
  /** first address that the planner may use; everything below belongs to the machine */
  readonly heapBase: number;
  /** engine flags that were set while compiling, restored since */
  readonly flags: readonly string[];
  readonly compileTimeMs: number;
  /** Encodes instructions into program memory once; run() then only starts them. `scratchBytes` is per thread, at `scratchAddress`. */
  prepare(
    instructions: readonly Instruction[],
    scratch: { readonly address: number; readonly bytesPerThread: number },
  ): Prepared;
  /** Frees the program's place, after the runs that were asked for before. */
  release(prepared: Prepared): void;
  write(transfers: readonly Transfer[]): void | Promise<void>;
  /** Program memory itself, where this thread sees it: files are read straight into place. Valid until dispose(). */
  view?(range: Range): Uint8Array;
  /**
   * Copies inputs in, runs, copies outputs out; the event loop stays free. Concurrent runs queue; inputs are read when the turn comes.
   * Rejects with "aborted" (the machine works afterwards), "disposed", "bounds" or "internal" (a kernel trapped; the machine works afterwards).
   */
  run(
    prepared: Prepared,
    inputs: readonly Transfer[],
    outputs: readonly Range[],
    signal?: AbortSignal,
  ): Promise<Uint8Array[]>;
  /** The same on the calling thread and its workers, where that thread may block; throws while other runs are pending. */
  runSync?(prepared: Prepared, inputs: readonly Transfer[], outputs: readonly Range[]): Uint8Array[];
  /** Makes sure that addresses below `bytes` exist; fails with AzulejoError("memory") with both numbers when they can't. */
  reserve(bytes: number): void | Promise<void>;
  /** Ends workers, rejects pending runs with "disposed". */
  dispose(): void;
}

export interface MachineOptions {
  /** workers start while the module is still being made */
  readonly module: AssembledModule | PromiseLike<AssembledModule>;
  /** must be what the module was assembled for; canShareMemory() says what is possible */
  readonly shared: boolean;
  /** taken as 1 without shared memory */
  readonly threads: number;
  readonly engineFlags: EngineFlags;
  /** "caller": no worker, runs block the calling thread; the default only where there are no workers */
  readonly place?: "worker" | "caller";
  /** a file with the text of WORKER_SOURCE, for strict Content-Security-Policies */
  readonly workerUrl?: string | URL;
  readonly signal?: AbortSignal;
}

export async function createMachine(options: MachineOptions): Promise<Machine> {
  const { threads, shared } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS)
    throw new AzulejoError("option", `threads: ${threads} is not possible; use 1..${MAX_THREADS}`);
  const place = options.place ?? (canStartWorkers() ? "worker" : "caller");
  if (place === "caller") return CallerMachine.create(options);
  if (!shared) return WorkerMachine.create(options);
  if (!canShareMemory())
    throw new AzulejoError(
      "target",
      "Memory can't be shared here: the page is not cross-origin isolated; use { shared: false }",
    );
  return SharedMachine.create(options);
}
