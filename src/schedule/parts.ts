// Folds in parts: a long fold with a merge in a kernel of few blocks is cut, so that there is work for several threads. Into how many
// parts follows from sizes alone, never from the number of threads, so that results are the same bits everywhere.
import { ceilDiv, opaque, Poly } from "../ir/poly.js";
import type { Fold, Kernel } from "../ir/tile.js";
import { reach } from "../ir/tile.js";
import { nodesOf } from "../ir/walk.js";
import type { AxisName, Schedule } from "./schedule.js";

/** indices per block of a fold over tiles, unless the schedule says otherwise */
export const FOLD_BLOCK = 64;

/** Why the fold of a kernel is not cut into parts; undefined: it can be. */
export function whyWhole(kernel: Kernel, f: Fold): string | undefined {
  if (!f.merge) return "has no merge";
  if (!kernel.folds.includes(f)) return "stands inside of another fold";
  if (f.init.some(n => kernel.segments && n.axes.includes(kernel.segments.at)))
    return "starts with values that hang on the number of a segment";
  const all = [...nodesOf({ folds: [f], stores: [] }), ...reach(f.merge)];
  const needs = all.some(n => n.kind === "result" && n.fold !== f && !n.fold.cells && kernel.folds.includes(n.fold));
  return needs ? "needs the result of another fold" : undefined;
}

/** Of a fold in parts: how many there are beside the first, and the indices of each but the last. */
export interface PartSizes {
  readonly more: Poly;
  readonly length: Poly;
}
/** `blocks`: those of the grid, in each of which the fold runs. A part holds whole blocks of the fold. */
export function partSizes(
  f: Fold,
  axis: AxisName,
  schedule: Pick<Schedule, "parts" | "block">,
  blocks: Poly,
): PartSizes {
  const wanted = schedule.parts?.[axis] ?? 1;
  const unit = f.steps ? 1 : (schedule.block[axis] ?? FOLD_BLOCK);
  const grid = opaque("max", blocks, Poly.one);
  const count = ceilDiv(Poly.int(wanted), grid);
  const length = opaque("max", ceilDiv(f.axis.extent, count.mul(unit)), Poly.one).mul(unit);
  const last = opaque("max", f.axis.extent, Poly.one).sub(1);
  return { more: opaque("div", last, length), length };
}
