// What a tuner may choose from of a kernel on a GPU: all that give other shaders. The first is what is derived.
import type { Kernel } from "../../ir/tile.js";
import type { GpuChoice } from "../../schedule/choices.js";
import type { GpuLimits } from "./lower.js";
import { lowerForGpu, separateMemories } from "./lower.js";

const tiles: readonly GpuChoice[] = [
  {},
  { tile: 32 },
  { tile: 64 },
  { keys: 32 },
  { keys: 96 },
  { rowWorkgroup: 64 },
  { rowWorkgroup: 256 },
];

/** beside matrices of subgroups, where a device has them */
const withoutMatrices: readonly GpuChoice[] = [
  { registers: true },
  { tile: 32, registers: true },
  { tile: 64, registers: true },
];

/** @throws AzulejoError target: as lowering does */
export function gpuSpace(kernel: Kernel, limits: GpuLimits): readonly GpuChoice[] {
  const found = new Map<string, GpuChoice>();
  for (const tile of limits.matrices ? [...tiles, ...withoutMatrices] : tiles)
    for (const choice of [tile, { ...tile, whole: true } as const]) {
      const { dispatches, summary } = lowerForGpu(kernel, separateMemories(kernel), limits, choice);
      // the order of terms in sums hangs on when symbols were made, so that equal shaders may differ there; their lengths do not
      const key = `${summary} ${dispatches.map(d => `${d.workgroupSize} ${d.code.length}`).join()}`;
      if (!found.has(key)) found.set(key, choice);
    }
  return [...found.values()];
}
