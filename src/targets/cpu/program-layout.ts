// Where prepared programs lie in program memory, and the words of their instructions, as every driver of a CPU target reads them.
// What is below PROGRAMS_BASE is the driver's own. Byte addresses.

/** Every word that several threads write has a cache line of its own. */
export const LINE = 64;
export const MAX_THREADS = 64;
/** one line a thread, the last lines of the driver's own */
export const THREAD_BYTES = LINE;
export const THREADS_BASE = 16 * LINE;

/** Prepared programs live between these addresses; untouched pages cost nothing. */
export const PROGRAMS_BASE = THREADS_BASE + MAX_THREADS * THREAD_BYTES;
export const HEAP_BASE = 16 << 20;

/** A program is a header line and then steps, one line each, so that neighbouring counters never share a line. */
export const STEP_BYTES = LINE;
export const HEADER = { scratch: 0, scratchBytesPerThread: 4 } as const;
/** alone: what follows, up to its end, is run by one thread, which uses no counters; all go on at the target when it is done */
export const OP = { end: 0, call: 1, series: 2, if: 3, jump: 4, alone: 5 } as const;
export const STEP = {
  op: 0,
  /** call, series: blocks claimed; series and alone count as one block */
  next: 4,
  /** call, series: blocks completed */
  done: 8,
  /** if: 0 not yet decided, 1 then, 2 else */
  decision: 12,
  /** call: table index */
  func: 16,
  /** call: address of the parameter block; series: address of (table index, parameter block) pairs */
  params: 20,
  /** call: number of blocks; series: number of pairs */
  count: 24,
  /** if: address of the condition byte */
  condition: 28,
  /** if: first step of the else branch; jump, alone: next step */
  target: 32,
} as const;
export const PAIR_BYTES = 8;
