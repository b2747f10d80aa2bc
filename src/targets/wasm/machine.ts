// The contract between the planner of a WASM program and the machine that runs it: instructions with absolute addresses.
// The machine owns module, memory, workers and the driver inside the module; it knows nothing of kernels, dims or tensors.

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
  | { readonly op: "if"; readonly conditionAddress: number; readonly then: readonly Instruction[]; readonly else: readonly Instruction[] };

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
  /** Encodes instructions into program memory once; run() then only starts them. `scratchBytes` is per thread, at `scratchAddress`. */
  prepare(instructions: readonly Instruction[], scratch: { readonly address: number; readonly bytesPerThread: number }): Prepared;
  release(prepared: Prepared): void;
  write(transfers: readonly Transfer[]): void | Promise<void>;
  /** Copies inputs in, runs, copies outputs out; the event loop stays free. */
  run(prepared: Prepared, inputs: readonly Transfer[], outputs: readonly Range[], signal?: AbortSignal): Promise<Uint8Array[]>;
  runSync?(prepared: Prepared, inputs: readonly Transfer[], outputs: readonly Range[]): Uint8Array[];
  /** Makes sure that addresses below `bytes` exist; throws AzulejoError("memory") with both numbers when they can't. */
  reserve(bytes: number): void;
  dispose(): void;
}
