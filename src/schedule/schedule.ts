// A schedule says how a kernel is computed, never what. Plain data: a model derives it, a tuner edits it, a user pins fields.
import type { Layout } from "../ir/tile.js";

/** Name of an axis; ids below are names of stages (a store's tensor, a placed value), stable across compilations. */
export type AxisName = string;

export interface StageSchedule {
  /** order of the loops around the register tile */
  readonly order?: readonly AxisName[];
  /** register-tile sizes per axis, largest first: as many steps of the first as fit, then of the next; the last is 1 */
  readonly rows?: Readonly<Record<AxisName, readonly number[]>>;
  /** the axis in the vector lanes; "none": one element at a time; absent: lowering finds one */
  readonly lane?: AxisName | "none";
  /** vectors of the register tile along the lane axis */
  readonly vectors?: number;
  readonly tail?: "mask" | "peel";
  /** cache panels of the lane axis, in elements */
  readonly panel?: Readonly<Record<AxisName, number>>;
}
export interface Place {
  /** where a value is kept: computed once before everything, per grid block, per region, per row, or at an axis of the grid */
  readonly at: "root" | "region" | "row" | "inline" | { readonly axis: AxisName };
  readonly block?: readonly [axis: AxisName, size: number];
  /** of a tensor at the root: the layout of the copy that is made of it for this call */
  readonly layout?: Layout;
}
/** 32-bit elements in a vector of the machine: 128, 256 or 512 bits */
export type Lanes = 4 | 8 | 16;

export interface Schedule {
  /** absent: 4 */
  readonly lanes?: Lanes;
  /** axes walked as one: outer, inner, name */
  readonly fuse: readonly (readonly [outer: AxisName, inner: AxisName, as: AxisName])[];
  /** indices per block of grid and fold axes; absent: the whole axis */
  readonly block: Readonly<Record<AxisName, number>>;
  /** blocked axes of the grid whose blocks come one after the other last, slowest first; those not named come before, in the grid's order */
  readonly order?: readonly AxisName[];
  /** layouts of constant tensors: the planner packs them once, at load */
  readonly layouts: Readonly<Record<string, Layout>>;
  /** loads that go through a table of row pointers, made once a call */
  readonly pointers: readonly string[];
  /** axes cut into border, interior, border */
  readonly split: readonly AxisName[];
  /** by axis of folds with a merge: they are cut into parts where that makes the blocks of a call as many as this; absent: none is cut */
  readonly parts?: Readonly<Record<AxisName, number>>;
  /**
   * By reduction: the axis along which the next row is asked for from memory while the reduction walks one; what will be written to this row's place is asked for
   * as well. Absent: none is
   */
  readonly ahead?: Readonly<Record<string, AxisName>>;
  /** By contraction: bytes of the next block's panel of weights that each row asks for from memory, for each step of the depth. Absent: none */
  readonly panelsAhead?: Readonly<Record<string, number>>;
  /** By tensor: the axis of a fold that walks it, whose next step's part is asked for from memory while one is computed. Absent: none is */
  readonly stepsAhead?: Readonly<Record<string, AxisName>>;
  readonly place: Readonly<Record<string, Place>>;
  readonly stage: Readonly<Record<string, StageSchedule>>;
  /** copies of the innermost reduction body; independent partial sums of a row reduction, and at most of each register of a small tile of a contraction */
  readonly unroll: number;
  readonly partials: number;
  /** address registers of a loop before bases plus one offset are used */
  readonly maxPointers: number;
  /** fused multiply-add and reassociation forbidden */
  readonly exact?: boolean;
}

export const lanesOf = (schedule: Schedule): Lanes => schedule.lanes ?? 4;
