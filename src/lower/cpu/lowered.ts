// What lowering gives to emitters and planners: functions in loop IR, and everything that a caller must provide.
import type { Dtype } from "../../ir/dtypes.js";
import type { Poly, Sym } from "../../ir/poly.js";
import type { Func } from "./loop.js";

/** One i32 word of a kernel's parameter block. Addresses are absolute. */
export type Param =
  | { readonly kind: "tensor"; readonly name: string }
  | { readonly kind: "symbol"; readonly sym: Sym }
  /** vector constants of the program (16-byte aligned): this kernel's `pool` */
  | { readonly kind: "pool" }
  /** a row of one fill value that borders read instead of the tensor, `fillBytes` long */
  | { readonly kind: "fill"; readonly dtype: Dtype; readonly value: number }
  /** memory of the call, shared by all threads: pointer tables, values placed at the root */
  | { readonly kind: "shared" };

/** Runs to its end before the next phase starts. The function computes block number `block`. */
export interface Phase {
  /** (params: i32, block: i32, scratch: i32) → () */
  readonly func: Func;
  readonly blocks: Poly;
  /** what it writes depends on addresses and dims alone (tables of pointers): once is enough for all runs of a plan */
  readonly once?: true;
}
/** A block size that every call brings along: `sym` (a parameter of kind "symbol") is schedule.block[axis] / unit. */
export interface BlockSize {
  readonly sym: Sym;
  readonly axis: string;
  readonly unit: number;
}
export interface Lowered {
  readonly name: string;
  readonly phases: readonly Phase[];
  readonly params: readonly Param[];
  readonly blockSizes: readonly BlockSize[];
  readonly pool: Uint8Array;
  /** per thread */
  readonly scratchBytes: Poly;
  /** per call */
  readonly sharedBytes: Poly;
  /** readable bytes behind "fill" */
  readonly fillBytes: Poly;
  /** one line a stage: loops, lane, register tile; for explain */
  readonly stages: readonly string[];
}

/** Readable bytes that every buffer has behind its end: vector loads of a tail may run over. */
export const SLACK_BYTES = 256;

/**
 * Buffers, pool and fill rows lie at or above this address: a pointer may be up to one page below the element that it reaches by
 * its constant offset, and must not wrap around zero.
 */
export const LOWEST_ADDRESS = 65536;
