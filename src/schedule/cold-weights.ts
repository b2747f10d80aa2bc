// Weights that are waited for, and among them those that a fold walks step by step, as a row of activations goes by weights of 4 bits in groups: what a step has of them lies in as many stretches as it has
// rows. In panels that are as wide as a turn they are one stretch from the first step to the last, which processors foresee (4096 × 4096 of 4 bits natively, on Zen 4:
// 0.67 ms in rows of 2048 columns, 0.40 in panels, 0.33 with the next step asked for; WebAssembly 1.10, 0.53).
import { bytesOf } from "../ir/dtypes.js";
import type { Axis, NodeOf, Tensor } from "../ir/tile.js";
import { isTensor } from "../ir/tile.js";
import type { StageSchedule } from "./schedule.js";
import type { KernelView, SinkView } from "./view.js";

/** bytes of weights from which they are waited for: fewer may still be in the cache from the run before */
const COLD_BYTES = 256 * 1024;
/** So many weights that they are not in the cache any more when a run comes back to them. */
export const isCold = (view: KernelView, { dims, dtype }: Tensor): boolean =>
  dims.reduce((p, d) => p * view.size(d), bytesOf(dtype)) >= COLD_BYTES;

/** of a panel's row: two lines, which are read at once */
const PANEL_BYTES = 128;
/** of a block's row: each step begins anew */
const [BLOCK_BYTES, BLOCK_VECTORS] = [256, 8];

/** Columns of a panel, those of a turn as a rule, and of a block of panels. */
export function steppedPanels(
  { vectors = 1 }: StageSchedule,
  lanes: number,
): { readonly panel: number; readonly block: number } {
  const turn = vectors * lanes;
  const panel = turn * Math.ceil(PANEL_BYTES / (4 * turn));
  return { panel, block: panel * Math.ceil(Math.max(BLOCK_BYTES / 4, BLOCK_VECTORS * lanes) / panel) };
}

/** Reads in the body of a fold that are long enough to be waited for, with the axis of its steps. */
export function steppedWeights(
  view: KernelView,
  s: SinkView,
  lane: Axis,
): readonly { readonly load: NodeOf<"load">; readonly step: Axis }[] {
  const steps = view.names.folds.flatMap(f => (f.steps ? [f.axis] : []));
  if (steps.length === 0) return [];
  return view.inline(s.value).flatMap(load => {
    if (load.kind !== "load" || !isTensor(load.tensor) || !load.tensor.constant) return [];
    const axes = view.axes(load.axes);
    const step = steps.find(a => axes.includes(a));
    return step && axes.includes(lane) && isCold(view, load.tensor) ? [{ load, step }] : [];
  });
}
