// What the cost model knows of the machine and of the engine that compiles for it. Figures are per core and per vector.
import type { Lanes } from "./schedule.js";

export interface MachineProfile {
  readonly name: string;
  /** 32-bit elements in a vector */
  readonly lanes: Lanes;
  readonly vectorRegisters: number;
  readonly fmasPerCycle: number;
  readonly loadsPerCycle: number;
  readonly fmaLatency: number;
  readonly l1Bytes: number;
  readonly l2Bytes: number;
  readonly gigahertz: number;
}
/** x86-64 with AVX2 as V8 uses it: 128-bit vectors, two FMAs and two loads a cycle */
export const genericProfile: MachineProfile = {
  name: "x86-64, 128-bit vectors",
  lanes: 4,
  vectorRegisters: 16,
  fmasPerCycle: 2,
  loadsPerCycle: 2,
  fmaLatency: 4,
  l1Bytes: 32 * 1024,
  l2Bytes: 512 * 1024,
  gigahertz: 3,
};

/** x86-64 with AVX2 and FMA, as C compilers use it */
export const avx2Profile: MachineProfile = { ...genericProfile, name: "x86-64, 256-bit vectors", lanes: 8 };
/** x86-64 with AVX-512: twice the registers, and a larger first-level cache on all such processors */
export const avx512Profile: MachineProfile = {
  ...genericProfile,
  name: "x86-64, 512-bit vectors",
  lanes: 16,
  vectorRegisters: 32,
  l1Bytes: 48 * 1024,
  l2Bytes: 1024 * 1024,
};

/**
 * How far the engine's register allocator can be trusted. Node 20's V8 moves all loads of a body before its multiply-adds, so that the
 * tile's operands live at once beside its accumulators: 5 × 8 and 6 × 8 tiles and unrolled bodies spill (14–28 GFLOP/s instead of
 * 44–49 on the same machine). Newer ones keep the order of the code.
 */
export type TileProfile = "node20" | "v8-modern";
export const tileLimits: Readonly<Record<TileProfile, { readonly loadsFirst: boolean; readonly unroll: number }>> = {
  node20: { loadsFirst: true, unroll: 1 },
  "v8-modern": { loadsFirst: false, unroll: 4 },
};
/** accumulators of a register tile */
export const MOST_ACCUMULATORS = 12;

export interface ScheduleFeatures {
  readonly relaxedSimd: boolean;
  readonly tileProfile: TileProfile;
}
