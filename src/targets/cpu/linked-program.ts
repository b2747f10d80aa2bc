// A compiled program as runs need it: code by number, sizes as polynomials over the program's symbols, no tile IR. Everything
// in it is data, so it can be kept in a file (saved-program.ts) and run in another process.
import type { Lifetimes } from "../../graph/memory-plan.js";
import type { Buffer, ProgramInterface } from "../../graph/program.js";
import type { Dtype } from "../../ir/dtypes.js";
import type { Poly } from "../../ir/poly.js";
import type { KernelReport } from "../../runtime/target.js";
import { alignUp } from "./alignment.js";

/** One i32 word of a call's parameters. */
export type Word =
  | { readonly kind: "buffer"; readonly buffer: Buffer }
  /** an address: vector constants, a fill row, a constant; bytes from the start of the heap */
  | { readonly kind: "heap"; readonly offset: number }
  | { readonly kind: "size"; readonly size: Poly }
  /** memory of the call, shared by all threads */
  | { readonly kind: "shared" };

export interface LinkedPhase {
  /** index into the code's table of functions */
  readonly func: number;
  readonly blocks: Poly;
  /** what it writes depends on addresses and dims alone */
  readonly once?: true;
}
export interface LinkedCall {
  readonly kind: "call";
  readonly kernel: string;
  readonly nodes: readonly string[];
  readonly words: readonly Word[];
  readonly phases: readonly LinkedPhase[];
  /** per thread */
  readonly scratchBytes: Poly;
  /** per call */
  readonly sharedBytes: Poly;
  /** readable bytes behind the fill rows that it reads */
  readonly fillBytes: Poly;
}
export type LinkedStep =
  | LinkedCall
  | {
      readonly kind: "if";
      readonly condition: Buffer;
      readonly then: readonly LinkedStep[];
      readonly else: readonly LinkedStep[];
    }
  | { readonly kind: "loop"; readonly condition: Buffer; readonly body: readonly LinkedStep[] };

/** A row of one value that borders read instead of a tensor. */
export interface FillRow {
  readonly offset: number;
  readonly dtype: Dtype;
  readonly value: number;
}
export interface LinkedProgram extends ProgramInterface {
  readonly steps: readonly LinkedStep[];
  readonly lifetimes: Lifetimes;
  /** what lies in the heap from its start on: vector constants, fill rows, constants; then the arena */
  readonly pools: Uint8Array;
  readonly fills: readonly FillRow[];
  readonly constantsOffset: number;
  readonly constantBytes: number;
  /** where outputs and conditions that are constants lie */
  readonly constants: ReadonlyMap<Buffer, number>;
  readonly kernels: readonly KernelReport[];
  /** every run is over sooner than another thread would take it */
  readonly short: boolean;
}

export const arenaOffset = ({ constantsOffset, constantBytes }: LinkedProgram): number =>
  alignUp(constantsOffset + constantBytes);
