// Block sizes as words of a call: kernels that differ only in how much a block holds share code. Not where the size shapes the
// code: points (size 1), folds, and values placed in scratch, whose strides are better constants.
import type { Kernel } from "../ir/tile.js";
import { type AxisName, lanesOf, type Schedule } from "./schedule.js";

/**
 * By name of a grid axis: the number that the block size is a multiple of in every call of the code. A block of the lane axis keeps
 * whole vectors, so that panels of blocked layouts are entered at their start.
 */
export function runTimeBlocks(kernel: Kernel, schedule: Schedule): ReadonlyMap<AxisName, number> {
  const out = new Map<AxisName, number>();
  if (kernel.folds.length || Object.keys(schedule.place).length) return out;
  const extents = new Map(kernel.grid.map(a => [a.name, a.extent.isConst]));
  for (const [outer, inner, as] of schedule.fuse)
    extents.set(as, (extents.get(outer) ?? true) && (extents.get(inner) ?? true));
  for (const [axis, size] of Object.entries(schedule.block)) {
    if (size === 1 || extents.get(axis) !== false) continue;
    const unit = unitOf(axis, schedule);
    if (size % unit === 0) out.set(axis, unit);
  }
  return out;
}

function unitOf(axis: AxisName, schedule: Schedule): number {
  const vectors = Object.values(schedule.stage)
    .filter(s => s.lane === axis)
    .map(s => lanesOf(schedule) * (s.vectors ?? 1));
  const panels = Object.values(schedule.layouts).flatMap(l => (l.block && vectors.length ? [l.block.size] : []));
  return Math.max(1, ...vectors, ...panels);
}

/** What code depends on: the schedule without the sizes that are words of a call. */
export function scheduleKey(kernel: Kernel, schedule: Schedule): string {
  const block: Record<string, number | string> = { ...schedule.block };
  for (const [axis, unit] of runTimeBlocks(kernel, schedule)) block[axis] = `×${unit}`;
  return JSON.stringify({ ...schedule, block });
}
