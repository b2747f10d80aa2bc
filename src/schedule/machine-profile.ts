// What the cost model knows of the machine and of the engine that compiles for it. Figures are per core and per vector of four f32.

export interface MachineProfile {
  readonly name: string;
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
  vectorRegisters: 16,
  fmasPerCycle: 2,
  loadsPerCycle: 2,
  fmaLatency: 4,
  l1Bytes: 32 * 1024,
  l2Bytes: 512 * 1024,
  gigahertz: 3,
};

/**
 * How far the engine's register allocator can be trusted. Node 20's V8 spills on 6 × 8 tiles and on unrolled contractions (14–28
 * GFLOP/s instead of 44–49 on the same machine); newer ones do not.
 */
export type TileProfile = "node20" | "v8-modern";
export const tileLimits: Readonly<Record<TileProfile, { readonly accumulators: number; readonly unroll: number }>> = {
  node20: { accumulators: 8, unroll: 1 },
  "v8-modern": { accumulators: 12, unroll: 4 },
};

export interface ScheduleFeatures {
  readonly relaxedSimd: boolean;
  readonly tileProfile: TileProfile;
}
