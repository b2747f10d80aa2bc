// The contract between the planner of a CPU program and the machine that runs it: instructions with absolute addresses.
// A machine owns code, memory, threads and the driver that interprets instructions; it knows nothing of kernels, dims or tensors.

/** One call of a kernel phase, or a branch or loop on a byte of program memory; conditions are read inside the program. */
export type Instruction =
  | {
      readonly op: "call";
      /** index into the code's table of functions; signature (params: i32, block: i32, scratch: i32) → () */
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
    }
  | {
      /** again and again, as long as the byte is not 0; one thread runs all of it, the others wait */
      readonly op: "loop";
      readonly conditionAddress: number;
      readonly body: readonly Instruction[];
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
  /** Settles when the threads that runs need have started, where that is later than the machine; runs may be asked for before. */
  readonly ready?: Promise<void>;
  /** Starts threads that have not, and settles when all have joined; runs before that are done by those that are there. */
  gather?(): Promise<void>;
  /**
   * Encodes instructions into program memory once; run() then only starts them. `isShort`: it is over sooner than another thread would take
   * it, so that the calling thread begins with it.
   */
  prepare(
    instructions: readonly Instruction[],
    scratch: { readonly address: number; readonly bytesPerThread: number },
    isShort?: boolean,
  ): Prepared;
  /** Gives up the program's place, after the runs that were asked for before and when no thread reads it any more. */
  release(prepared: Prepared): void;
  write(transfers: readonly Transfer[]): void | Promise<void>;
  /** Program memory itself, where this thread sees it: files are read straight into place. Valid until dispose(), or while it is held. */
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
  /** Is the program so short that the calling thread runs it itself? Decided after some runs. */
  runsHere?(prepared: Prepared): boolean;
  /** The same on the calling thread and its workers, where that thread may block; throws while other runs are pending. */
  runSync?(prepared: Prepared, inputs: readonly Transfer[], outputs: readonly Range[]): Uint8Array[];
  /** Calls `work` when the runs that were asked for before are over: runSync() is for it alone. Wherever runSync() is. */
  inTurn?<T>(work: () => T, signal?: AbortSignal): Promise<T>;
  /** Makes sure that addresses below `bytes` exist; fails with AzulejoError("memory") with both numbers when they can't. */
  reserve(bytes: number): void | Promise<void>;
  /** What `view` gives stays valid until the release is called, whatever dispose() says; absent where it always does. */
  hold?(): () => void;
  /** Ends workers, rejects pending runs with "disposed". */
  dispose(): void;
}
