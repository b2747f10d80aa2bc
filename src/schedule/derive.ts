// The schedule that a kernel gets by itself.
import type { Sym } from "../ir/poly.js";
import type { Kernel } from "../ir/tile.js";
import type { Schedule } from "./schedule.js";

export interface DeriveOptions {
  /** sizes to expect of dims that are known at run time only */
  readonly dimHints?: (s: Sym) => number | undefined;
  /** fields that a user or a tuner decided */
  readonly pins?: Partial<Schedule>;
}

export function deriveSchedule(_kernel: Kernel, options: DeriveOptions = {}): Schedule {
  return {
    fuse: [],
    block: {},
    layouts: {},
    pointers: [],
    split: [],
    place: {},
    stage: {},
    unroll: 4,
    partials: 4,
    maxPointers: 10,
    ...options.pins,
  };
}
